#include "reconciler/controllers.h"
#include "reconciler/replicas.h"

namespace reconcile {
namespace {

void SyncReplicaSet(Turn* turn, const ReplicaSet& set) {
  const ReplicaDemand demand{
      .owner = set,
      .replicas = set.spec.replicas,
      .min_ready_seconds = set.spec.min_ready_seconds,
      .matches = [&](const StringMap& labels) { return Matches(set.spec.selector, labels); },
      .pod_template = set.spec.pod_template,
      .component = "replicaset-controller"};
  const ReplicaOutcome outcome = SyncReplicas(turn, demand, set.status);
  if (outcome.status == set.status && outcome.incarnation == set.metadata.incarnation) return;
  const auto updated = Mutable(set);
  updated->status = outcome.status;
  updated->metadata.incarnation = outcome.incarnation;
  turn->Put(updated);
}

}  // namespace

void SyncReplicaSets(Turn* turn) {
  turn->VisitDue<ReplicaSet>([&](const std::shared_ptr<const ReplicaSet>& set) {
    // An owner that is gone takes its ReplicaSets along: no pods are made for those.
    const OwnerReference* owner = ControllerOf(set->metadata);
    if (owner == nullptr || turn->Exists(owner->uid)) SyncReplicaSet(turn, *set);
  });
}

}  // namespace reconcile
