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

// Whose turn it is: by priority, the older ones first among equals, and before them those whose
// manifests name a node. These have but one place and are not in the scheduler's queue, upstream;
// but they do not get ahead of a pod that others were pushed out for, or they would come back and
// be pushed out for ever.
std::vector<std::shared_ptr<const Pod>> ByPriority(
    const std::vector<std::shared_ptr<const Pod>>& pods, const ClusterState& state) {
  const Priorities priorities(state);
  std::vector<std::pair<int64_t, std::shared_ptr<const Pod>>> keyed;
  keyed.reserve(pods.size());
  for (const auto& pod : pods) keyed.emplace_back(priorities.Of(pod->spec), pod);
  std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : OlderPodFirst(a.second, b.second);
  });
  std::vector<std::shared_ptr<const Pod>> ordered;
  ordered.reserve(pods.size());
  for (auto& [priority, pod] : keyed) ordered.push_back(std::move(pod));
  const auto waits =
      std::find_if(ordered.begin(), ordered.end(), [](const std::shared_ptr<const Pod>& pod) {
        return !pod->status.nominated_node_name.empty();
      });
  std::stable_partition(ordered.begin(), waits, [](const std::shared_ptr<const Pod>& pod) {
    return !pod->spec.declared_node_name.empty();
  });
  return ordered;
}

}  // namespace

std::vector<Binding> Place(const std::vector<std::shared_ptr<const Pod>>& pending,
                           const ClusterState& state, UsageCache* usage, const Foreseen* foreseen) {
  std::vector<Binding> bindings;
  if (pending.empty()) return bindings;
  const std::vector<std::shared_ptr<const Pod>> ordered = ByPriority(pending, state);
  usage->Update(state);
  Placer placer(usage, foreseen);
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
