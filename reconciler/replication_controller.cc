#include "reconciler/controllers.h"
#include "reconciler/replicas.h"

namespace reconcile {
namespace {

void SyncReplicationController(Turn* turn, const ReplicationController& controller) {
  const ReplicaDemand demand{
      .owner = controller,
      .replicas = controller.spec.replicas,
      .min_ready_seconds = controller.spec.min_ready_seconds,
      .matches = [&](const StringMap& labels) { return Matches(controller.spec.selector, labels); },
      .pod_template = controller.spec.pod_template,
      .component = "replication-controller"};
  const ReplicaOutcome outcome = SyncReplicas(turn, demand, controller.status);
  const bool same =
      outcome.status == controller.status && outcome.incarnation == controller.metadata.incarnation;
  if (same) return;
  const auto updated = Mutable(controller);
  updated->status = outcome.status;
  updated->metadata.incarnation = outcome.incarnation;
  turn->Put(updated);
}

}  // namespace

void SyncReplicationControllers(Turn* turn) {
  turn->VisitDue<ReplicationController>(
      [&](const std::shared_ptr<const ReplicationController>& controller) {
        SyncReplicationController(turn, *controller);
      });
}

}  // namespace reconcile
