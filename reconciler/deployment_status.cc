#include <algorithm>

#include "reconciler/deployment.h"

namespace reconcile {
namespace {

constexpr char kDeadlineExceeded[] = "ProgressDeadlineExceeded";
constexpr char kNewestAvailable[] = "NewReplicaSetAvailable";
constexpr char kPaused[] = "DeploymentPaused";
constexpr char kResumed[] = "DeploymentResumed";

// Puts a condition in the place of the one of its type. Its transition stamp moves only with its
// status, its update stamp always: that one says when progress was last seen.
void ReplaceCondition(std::vector<Condition>* conditions, Condition condition, WallTime now) {
  condition.last_update_time = now;
  condition.last_transition_time = now;
  for (Condition& old : *conditions) {
    if (old.type != condition.type) continue;
    if (old.status == condition.status) condition.last_transition_time = old.last_transition_time;
    old = std::move(condition);
    return;
  }
  conditions->push_back(std::move(condition));
}

bool IsCompleteWith(const Deployment& deployment, const DeploymentStatus& status) {
  const int32_t replicas = deployment.spec.replicas;
  return status.updated_replicas == replicas && status.replicas == replicas &&
         status.available_replicas == replicas &&
         status.observed_generation >= deployment.metadata.generation;
}

bool HasProgressed(const DeploymentStatus& before, const DeploymentStatus& after) {
  const int32_t old_before = before.replicas - before.updated_replicas;
  const int32_t old_after = after.replicas - after.updated_replicas;
  return after.updated_replicas > before.updated_replicas || old_after < old_before ||
         after.ready_replicas > before.ready_replicas ||
         after.available_replicas > before.available_replicas;
}

// How long until the progress deadline; 0 when it has passed, nothing when none runs.
std::optional<int64_t> DeadlineIn(const Deployment& deployment, WallTime now) {
  const Condition* progressing = FindCondition(deployment.status.conditions, "Progressing");
  if (progressing == nullptr || progressing->reason == kNewestAvailable) return std::nullopt;
  if (progressing->reason == kDeadlineExceeded) return 0;
  if (!progressing->last_update_time) return std::nullopt;
  const int64_t deadline_ms = int64_t{deployment.spec.progress_deadline_seconds} * 1000;
  const int64_t passed_ms = now.ms - progressing->last_update_time->ms;
  return std::clamp<int64_t>(deadline_ms - passed_ms, 0, deadline_ms);
}

std::string NewestName(const Rollout& rollout) {
  return rollout.newest == nullptr ? "Deployment \"" + rollout.deployment->metadata.name + "\""
                                   : "ReplicaSet \"" + rollout.newest->metadata.name + "\"";
}

void SetAvailable(const Rollout& rollout, DeploymentStatus* status) {
  const Deployment& deployment = *rollout.deployment;
  const int32_t minimum = deployment.spec.replicas - FencepostsOf(deployment).unavailable;
  const bool enough = status->available_replicas >= minimum;
  Condition condition{.type = "Available",
                      .status = enough ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                      .reason = enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                      .message = enough ? "Deployment has minimum availability."
                                        : "Deployment does not have minimum availability: " +
                                              std::to_string(status->available_replicas) +
                                              " of at least " + std::to_string(minimum) +
                                              " pods are available."};
  const Condition* current = FindCondition(status->conditions, "Available");
  const bool same = current != nullptr && current->status == condition.status &&
                    current->reason == condition.reason && current->message == condition.message;
  if (!same) ReplaceCondition(&status->conditions, std::move(condition), rollout.now());
}

void SetProgressing(const Rollout& rollout, DeploymentStatus* status) {
  const Deployment& deployment = *rollout.deployment;
  const Condition* current = FindCondition(deployment.status.conditions, "Progressing");
  // Once complete, scaling does not start the clock again.
  const bool was_complete = current != nullptr && current->reason == kNewestAvailable &&
                            status->replicas == status->updated_replicas;
  if (was_complete || deployment.spec.paused) return;
  Condition condition{.type = "Progressing", .status = ConditionStatus::kTrue};
  const std::optional<int64_t> deadline_in_ms = DeadlineIn(deployment, rollout.now());
  if (IsCompleteWith(deployment, *status)) {
    condition.reason = kNewestAvailable;
    condition.message = NewestName(rollout) + " has successfully progressed.";
  } else if (HasProgressed(deployment.status, *status)) {
    condition.reason = "ReplicaSetUpdated";
    condition.message = NewestName(rollout) + " is progressing.";
  } else if (deadline_in_ms && *deadline_in_ms == 0) {
    if (current->reason == kDeadlineExceeded) return;
    condition.status = ConditionStatus::kFalse;
    condition.reason = kDeadlineExceeded;
    condition.message = NewestName(rollout) + " has timed out progressing.";
    rollout.turn->Record({.key = deployment.key(),
                          .type = EventType::kWarning,
                          .reason = kDeadlineExceeded,
                          .message = condition.message,
                          .component = kDeploymentComponent});
  } else {
    if (deadline_in_ms) rollout.turn->WakeIn(*deadline_in_ms);
    return;
  }
  ReplaceCondition(&status->conditions, std::move(condition), rollout.now());
}

void CopyReplicaFailure(const Rollout& rollout, DeploymentStatus* status) {
  const Condition* failure = nullptr;
  for (const ReplicaSetPtr& set : rollout.All()) {
    const Condition* found = FindCondition(set->status.conditions, "ReplicaFailure");
    if (found != nullptr) failure = found;
  }
  const Condition* current = FindCondition(status->conditions, "ReplicaFailure");
  if (failure == nullptr) {
    if (current == nullptr) return;
    std::erase_if(status->conditions,
                  [](const Condition& c) { return c.type == "ReplicaFailure"; });
  } else if (current == nullptr || current->status != failure->status ||
             current->reason != failure->reason || current->message != failure->message) {
    ReplaceCondition(&status->conditions, *failure, rollout.now());
  }
}

}  // namespace

bool IsComplete(const Rollout& rollout) {
  return IsCompleteWith(*rollout.deployment, StatusOf(rollout));
}

DeploymentStatus StatusOf(const Rollout& rollout) {
  DeploymentStatus status;
  status.restart = rollout.deployment->status.restart;
  status.observed_generation = rollout.deployment->metadata.generation;
  status.collision_count = rollout.deployment->status.collision_count;
  status.conditions = rollout.deployment->status.conditions;
  const std::vector<ReplicaSetPtr> all = rollout.All();
  for (const ReplicaSetPtr& set : all) {
    status.replicas += set->status.replicas;
    status.ready_replicas += set->status.ready_replicas;
  }
  status.available_replicas = AvailableOf(all);
  if (rollout.newest != nullptr) status.updated_replicas = rollout.newest->status.replicas;
  status.unavailable_replicas = std::max(0, ReplicasOf(all) - status.available_replicas);
  return status;
}

void SyncStatus(Rollout* rollout) {
  DeploymentStatus status = StatusOf(*rollout);
  SetAvailable(*rollout, &status);
  SetProgressing(*rollout, &status);
  CopyReplicaFailure(*rollout, &status);
  if (status == rollout->deployment->status) return;
  const auto updated = Mutable(*rollout->deployment);
  updated->status = std::move(status);
  PutDeployment(rollout, updated);
}

void SyncPausedCondition(Rollout* rollout) {
  const Deployment& deployment = *rollout->deployment;
  const Condition* current = FindCondition(deployment.status.conditions, "Progressing");
  const std::string reason = current == nullptr ? "" : current->reason;
  if (reason == kDeadlineExceeded) return;
  const bool pause = deployment.spec.paused && reason != kPaused;
  const bool resume = !deployment.spec.paused && reason == kPaused;
  if (!pause && !resume) return;
  const auto updated = Mutable(deployment);
  ReplaceCondition(&updated->status.conditions,
                   {.type = "Progressing",
                    .status = ConditionStatus::kUnknown,
                    .reason = pause ? kPaused : kResumed,
                    .message = pause ? "Deployment is paused" : "Deployment is resumed"},
                   rollout->now());
  PutDeployment(rollout, updated);
}

}  // namespace reconcile
