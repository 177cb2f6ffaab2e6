#include "reconciler/scheduler/scheduler.h"

#include <algorithm>

#include "reconciler/scheduler/placer.h"
#include "reconciler/scheduler/priority.h"

namespace reconcile {
namespace {

bool OlderPodFirst(const std::shared_ptr<const Pod>& a, const std::shared_ptr<const Pod>& b) {
  const auto created = [](const Pod& pod) {
    return pod.metadata.creation_timestamp.value_or(WallTime());
  };
  if (created(*a) != created(*b)) return created(*a) < created(*b);
  return a->metadata.uid < b->metadata.uid;
}

}  // namespace

std::vector<Binding> Place(const std::vector<std::shared_ptr<const Pod>>& pending,
                           const ClusterState& state, UsageCache* usage) {
  std::vector<Binding> bindings;
  if (pending.empty()) return bindings;
  std::vector<std::shared_ptr<const Pod>> ordered = pending;
  const Priorities priorities(state);
  std::sort(ordered.begin(), ordered.end(), [&](const auto& a, const auto& b) {
    const int64_t first = priorities.Of(a->spec);
    const int64_t second = priorities.Of(b->spec);
    return first != second ? first > second : OlderPodFirst(a, b);
  });
  usage->Update(state);
  Placer placer(usage);
  bindings.reserve(ordered.size());
  for (const auto& pod : ordered) bindings.push_back(placer.Place(pod));
  for (Binding& binding : bindings) {
    if (binding.node.empty()) placer.Explain(&binding);
  }
  return bindings;
}

std::vector<Binding> Place(const std::vector<std::shared_ptr<const Pod>>& pending,
                           const ClusterState& state) {
  UsageCache usage;
  return Place(pending, state, &usage);
}

}  // namespace reconcile
