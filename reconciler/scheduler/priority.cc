#include "reconciler/scheduler/priority.h"

#include <algorithm>
#include <optional>

#include "schema/kept.h"

namespace reconcile {
namespace {

std::string TextIn(const OtherFields& fields, std::string_view name) {
  const Value* value = fields.Find(name);
  return value != nullptr && value->IsString() ? value->AsString() : "";
}

bool NeverPreempts(const OtherFields& fields) {
  return TextIn(fields, "preemptionPolicy") == "Never";
}

}  // namespace

Priorities::Priorities(const ClusterState& state)
    : by_class_{{"system-cluster-critical", 2'000'000'000},
                {"system-node-critical", 2'000'001'000}} {
  std::optional<int64_t> global;
  state.ForEach<PriorityClass>([&](const std::shared_ptr<const PriorityClass>& each) {
    const Value* value = each->others.Find("value");
    const int64_t priority = value != nullptr && value->IsInt() ? value->AsInt() : 0;
    by_class_[each->metadata.name] = priority;
    if (NeverPreempts(each->others)) peaceful_.insert(each->metadata.name);
    const Value* is_global = each->others.Find("globalDefault");
    if (is_global == nullptr || *is_global != Value::Bool(true)) return;
    // Of several the lowest. Source: admission plugin Priority.
    global = std::min(global.value_or(priority), priority);
  });
  otherwise_ = global.value_or(0);
}

int64_t Priorities::Of(const PodSpec& spec) const {
  if (const std::string name = TextIn(spec.others, "priorityClassName"); !name.empty()) {
    const auto found = by_class_.find(name);
    return found == by_class_.end() ? 0 : found->second;
  }
  const Value* number = spec.others.Find("priority");
  return number != nullptr && number->IsInt() ? number->AsInt() : otherwise_;
}

bool Priorities::MayPreempt(const PodSpec& spec) const {
  if (NeverPreempts(spec.others)) return false;
  return !peaceful_.contains(TextIn(spec.others, "priorityClassName"));
}

}  // namespace reconcile
