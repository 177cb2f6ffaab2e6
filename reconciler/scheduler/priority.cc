#include "reconciler/scheduler/priority.h"

#include <algorithm>
#include <optional>

#include "schema/kept.h"

namespace reconcile {

Priorities::Priorities(const ClusterState& state)
    : by_class_{{"system-cluster-critical", 2'000'000'000},
                {"system-node-critical", 2'000'001'000}} {
  std::optional<int64_t> global;
  state.ForEach<PriorityClass>([&](const std::shared_ptr<const PriorityClass>& each) {
    const Value* value = each->others.Find("value");
    const int64_t priority = value != nullptr && value->IsInt() ? value->AsInt() : 0;
    by_class_[each->metadata.name] = priority;
    const Value* is_global = each->others.Find("globalDefault");
    if (is_global == nullptr || *is_global != Value::Bool(true)) return;
    // Of several the lowest. Source: admission plugin Priority.
    global = std::min(global.value_or(priority), priority);
  });
  otherwise_ = global.value_or(0);
}

int64_t Priorities::Of(const PodSpec& spec) const {
  const Value* name = spec.others.Find("priorityClassName");
  if (name != nullptr && name->IsString() && !name->AsString().empty()) {
    const auto found = by_class_.find(name->AsString());
    return found == by_class_.end() ? 0 : found->second;
  }
  const Value* number = spec.others.Find("priority");
  return number != nullptr && number->IsInt() ? number->AsInt() : otherwise_;
}

}  // namespace reconcile
