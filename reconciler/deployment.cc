#include "reconciler/deployment.h"

#include <algorithm>

#include "reconciler/controllers.h"
#include "reconciler/pod_control.h"
#include "reconciler/rollback_on_deadline.h"

namespace reconcile {
namespace {

bool RollStep(Rollout* rollout) { return RollNewest(rollout) || RollOld(rollout); }

// Pods of old templates that still run, going ones too (SEMANTICS 2.6).
bool OldPodsRun(const Rollout& rollout) {
  return std::any_of(rollout.old.begin(), rollout.old.end(), [&](const ReplicaSetPtr& set) {
    const std::vector<PodPtr> pods = rollout.turn->OwnedBy<Pod>(set->metadata.uid);
    return std::any_of(pods.begin(), pods.end(),
                       [](const PodPtr& pod) { return !IsTerminal(*pod); });
  });
}

bool ScaleDownOld(Rollout* rollout) {
  bool scaled = false;
  for (ReplicaSetPtr& set : rollout->old) {
    if (set->spec.replicas > 0) scaled = ScaleSet(rollout, &set, 0) || scaled;
  }
  return scaled;
}

// True when the step ends this pass: something is not ready for the next one.
bool RecreateStep(Rollout* rollout) {
  SyncRevision(rollout, false);
  if (ScaleDownOld(rollout) || OldPodsRun(*rollout)) return true;
  SyncRevision(rollout, true);
  return rollout->newest == nullptr ||
         ScaleSet(rollout, &rollout->newest, rollout->deployment->spec.replicas);
}

bool Step(Rollout* rollout) {
  switch (rollout->deployment->spec.strategy.type) {
    case DeploymentStrategyType::kRollingUpdate:
      SyncRevision(rollout, true);
      return rollout->newest == nullptr || RollStep(rollout);
    case DeploymentStrategyType::kRecreate:
      return RecreateStep(rollout);
  }
  return true;
}

// One pass, at most one step of it (SEMANTICS 2.4).
void SyncDeployment(Turn* turn, const std::shared_ptr<const Deployment>& deployment) {
  Rollout rollout = FindRollout(turn, deployment);
  if (!turn->IsOpen(deployment->metadata.namespace_name)) return;
  SyncPausedCondition(&rollout);
  if (deployment->spec.paused) {
    SyncRevision(&rollout, false);
    ScaleProportionally(&rollout);
    if (IsComplete(rollout)) CleanUp(&rollout);
  } else if (IsScaling(rollout)) {
    SyncRevision(&rollout, false);
    ScaleProportionally(&rollout);
  } else if (!Step(&rollout) && IsComplete(rollout)) {
    CleanUp(&rollout);
  }
  SyncStatus(&rollout);
  RollBackIfOverdue(&rollout);
}

}  // namespace

std::vector<ReplicaSetPtr> Rollout::All() const {
  std::vector<ReplicaSetPtr> all = old;
  if (newest != nullptr) all.push_back(newest);
  return all;
}

int32_t ReplicasOf(const std::vector<ReplicaSetPtr>& sets) {
  int32_t total = 0;
  for (const ReplicaSetPtr& set : sets) total += set->spec.replicas;
  return total;
}

int32_t AvailableOf(const std::vector<ReplicaSetPtr>& sets) {
  int32_t total = 0;
  for (const ReplicaSetPtr& set : sets) total += set->status.available_replicas;
  return total;
}

void SyncDeployments(Turn* turn) {
  turn->VisitDue<Deployment>([&](const std::shared_ptr<const Deployment>& deployment) {
    SyncDeployment(turn, deployment);
  });
}

}  // namespace reconcile
