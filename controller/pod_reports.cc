#include "base/planted_bug.h"
#include "controller/core.h"

namespace reconcile {
namespace {

constexpr std::string_view kPodScheduled = "PodScheduled";

// When a pod was placed the controller knows; the host's clock may be another. Tolerations of
// taints are reckoned from it.
void KeepPlacedAt(const PodStatus& known, PodStatus* told) {
  const Condition* placed = FindCondition(known.conditions, kPodScheduled);
  if (placed == nullptr || placed->status != ConditionStatus::kTrue) return;
  for (Condition& condition : told->conditions) {
    if (condition.type != kPodScheduled || condition.status != placed->status) continue;
    condition.last_transition_time = placed->last_transition_time;
  }
}

}  // namespace

void Controller::Core::TakePodReport(const std::string& node, const PodReport& report,
                                     ClusterState* state, WriteSet* writes) {
  const auto pod = state->Find<Pod>(report.namespace_name, report.name);
  const bool ours =
      pod != nullptr && pod->metadata.uid == report.uid && pod->spec.node_name == node;
  if (!ours) return;
  if (report.gone) {
    // Gone without having been asked to go: the assignment that holds it brings it back.
    if (PlantedBug("ignore-gone-report")) return;
    if (!pod->metadata.deletion_timestamp) return;
    DeleteBoth(pod->key(), state, writes);
    // One that Git declares by itself, and that a drain or a taint took away: it is made anew.
    const auto declaring = followed_.find(pod->metadata.origin.source);
    if (declaring != followed_.end()) {
      declaring->second.applied = false;
      declaring->second.in_force_reached = false;
    }
    return;
  }
  if (pod->status == report.status) return;  // as nearly always
  PodStatus status = report.status;
  KeepPlacedAt(pod->status, &status);
  if (pod->status == status) return;
  auto updated = std::make_shared<Pod>(*pod);
  updated->status = std::move(status);
  PutBoth(updated, state, writes);
}

}  // namespace reconcile
