#include "reconciler/rollback_on_deadline.h"

#include <algorithm>

#include "reconciler/opt_in.h"
#include "reconciler/references.h"
#include "schema/core.h"

namespace reconcile {
namespace {

constexpr char kOverdue[] = "ProgressDeadlineExceeded";

std::string AnnotationOf(const Deployment& deployment, const char* name) {
  const auto found = deployment.metadata.annotations.find(name);
  return found == deployment.metadata.annotations.end() ? "" : found->second;
}

void EndHold(Rollout* rollout, const std::string& from) {
  const auto deployment = Mutable(*rollout->deployment);
  deployment->metadata.annotations.erase(kRolledBackFrom);
  deployment->metadata.annotations.erase(kRolledBackTo);
  std::erase_if(deployment->status.conditions, [](const Condition& condition) {
    // What is in force from now on has a deadline of its own.
    return condition.type == kRolledBack || condition.type == "Progressing";
  });
  rollout->turn->Record({.key = deployment->key(),
                         .reason = "RollbackEnded",
                         .message = "No longer held: the template of replica set " + from +
                                    " is not what is declared any more",
                         .component = kDeploymentComponent});
  PutDeployment(rollout, deployment);
}

const ReplicaSet* TargetOf(const Rollout& rollout) {
  const ReplicaSet* target = nullptr;
  const auto rank = [](const ReplicaSet& set) {
    return std::pair(set.status.available_replicas > 0, RevisionOf(set.metadata));
  };
  for (const ReplicaSetPtr& set : rollout.old) {
    if (set->metadata.deletion_timestamp) continue;
    if (target == nullptr || rank(*target) < rank(*set)) target = set.get();
  }
  return target;
}

}  // namespace

bool RollsBackOnDeadline(const ObjectMeta& metadata) {
  return OptsIn(metadata, kRollbackOnDeadline);
}

void FollowRollback(Rollout* rollout) {
  const std::string from = AnnotationOf(*rollout->deployment, kRolledBackFrom);
  if (from.empty()) return;
  const std::string to = AnnotationOf(*rollout->deployment, kRolledBackTo);
  const auto target = std::find_if(rollout->old.begin(), rollout->old.end(),
                                   [&](const auto& set) { return set->metadata.name == to; });
  const bool stands = RollsBackOnDeadline(rollout->deployment->metadata) &&
                      rollout->newest != nullptr && rollout->newest->metadata.name == from &&
                      target != rollout->old.end();
  if (!stands) return EndHold(rollout, from);
  // It stays the last of the old ones: the newest of them.
  const ReplicaSetPtr held = *target;
  rollout->old.erase(target);
  rollout->old.push_back(rollout->newest);
  rollout->newest = held;
}

void RollBackIfOverdue(Rollout* rollout) {
  const Deployment& overdue = *rollout->deployment;
  const Condition* progressing = FindCondition(overdue.status.conditions, "Progressing");
  const bool due = progressing != nullptr && progressing->reason == kOverdue &&
                   RollsBackOnDeadline(overdue.metadata) && !overdue.spec.paused &&
                   rollout->newest != nullptr && WhyRolledBack(overdue).empty();
  if (!due) return;
  const ReplicaSet* target = TargetOf(*rollout);
  if (target == nullptr) return;
  const std::string& from = rollout->newest->metadata.name;
  const std::string& to = target->metadata.name;
  const auto deployment = Mutable(overdue);
  deployment->metadata.annotations[kRolledBackFrom] = from;
  deployment->metadata.annotations[kRolledBackTo] = to;
  const std::string message = "rolled back: replica set " + from + " made no progress for " +
                              std::to_string(overdue.spec.progress_deadline_seconds) +
                              " s; the template of replica set " + to +
                              " is in its place until a commit changes it";
  SetCondition(&deployment->status.conditions,
               {.type = std::string(kRolledBack),
                .status = ConditionStatus::kTrue,
                .reason = kOverdue,
                .message = message},
               rollout->now());
  // The way back has a deadline of its own.
  for (Condition& condition : deployment->status.conditions) {
    if (condition.type != "Progressing") continue;
    condition = {.type = "Progressing",
                 .status = ConditionStatus::kTrue,
                 .reason = "FoundNewReplicaSet",
                 .message = "Going back to replica set \"" + to + "\"",
                 .last_transition_time = rollout->now(),
                 .last_update_time = rollout->now()};
  }
  rollout->turn->Record({.key = deployment->key(),
                         .type = EventType::kWarning,
                         .reason = "DeploymentRollback",
                         .message = message,
                         .component = kDeploymentComponent});
  PutDeployment(rollout, deployment);
}

bool IsRolledBackFrom(const Deployment& deployment, const ReplicaSet& set) {
  return AnnotationOf(deployment, kRolledBackFrom) == set.metadata.name;
}

std::string WhyRolledBack(const Deployment& deployment) {
  const Condition* held = FindCondition(deployment.status.conditions, kRolledBack);
  return held == nullptr ? "" : held->message;
}

void WarnOfRolledBack(const DesiredState& desired, const ClusterState& state, Problems* problems) {
  state.ForEach<Deployment>([&](const std::shared_ptr<const Deployment>& deployment) {
    const std::string why = WhyRolledBack(*deployment);
    if (why.empty()) return;
    const auto declared = desired.objects.find(deployment->key());
    if (declared == desired.objects.end()) return;
    const Deployment& after = *As<Deployment>(*declared->second);
    const bool lifts = !RollsBackOnDeadline(after.metadata) ||
                       after.spec.pod_template != deployment->spec.pod_template;
    if (lifts) return;
    problems->warnings.push_back(ProblemAt(after, why, Rule::kAdvice));
  });
}

}  // namespace reconcile
