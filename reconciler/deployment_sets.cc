#include <algorithm>
#include <charconv>

#include "base/ids.h"
#include "reconciler/deployment.h"
#include "reconciler/pod_control.h"
#include "reconciler/restart_on_change.h"
#include "reconciler/rollback_on_deadline.h"
#include "schema/codec.h"

namespace reconcile {
namespace {

constexpr int kTemplateHashLength = 9;
constexpr int32_t kMaxCollisions = 100;

bool OlderFirst(const ReplicaSetPtr& a, const ReplicaSetPtr& b) {
  if (a->metadata.creation_timestamp != b->metadata.creation_timestamp) {
    return a->metadata.creation_timestamp < b->metadata.creation_timestamp;
  }
  const int64_t revision_a = RevisionOf(a->metadata);
  const int64_t revision_b = RevisionOf(b->metadata);
  if (revision_a != revision_b) return revision_a < revision_b;
  return a->metadata.name < b->metadata.name;
}

bool EqualWithoutHash(const PodTemplateSpec& a, const PodTemplateSpec& b) {
  StringMap labels_a = a.metadata.labels;
  StringMap labels_b = b.metadata.labels;
  labels_a.erase(kTemplateHashLabel);
  labels_b.erase(kTemplateHashLabel);
  return labels_a == labels_b && a.metadata.annotations == b.metadata.annotations &&
         a.spec == b.spec;
}

std::vector<ReplicaSetPtr> ClaimSets(Turn* turn, const Deployment& deployment) {
  std::vector<ReplicaSetPtr> claimed;
  for (const ReplicaSetPtr& set : turn->OwnedBy<ReplicaSet>(deployment.metadata.uid)) {
    if (Matches(deployment.spec.selector, set->metadata.labels)) {
      claimed.push_back(set);
      continue;
    }
    const auto released = Mutable(*set);
    std::erase_if(released->metadata.owner_references,
                  [&](const auto& owner) { return owner.uid == deployment.metadata.uid; });
    turn->Put(released);
    SayReleased(turn, deployment, *set, kDeploymentComponent);
  }
  for (const ReplicaSetPtr& set : turn->Adoptable<ReplicaSet>(deployment.metadata.namespace_name)) {
    if (!Matches(deployment.spec.selector, set->metadata.labels)) continue;
    const auto adopted = Mutable(*set);
    adopted->metadata.owner_references.push_back(ControllerReference(deployment));
    turn->Put(adopted);
    SayAdopted(turn, deployment, *set, kDeploymentComponent);
    claimed.push_back(adopted);
  }
  std::sort(claimed.begin(), claimed.end(), OlderFirst);
  return claimed;
}

int32_t MaxReplicas(const Deployment& deployment) {
  return deployment.spec.replicas + FencepostsOf(deployment).surge;
}

void SetScalingAnnotations(const Deployment& deployment, ReplicaSet* set) {
  set->metadata.annotations[kDesiredAnnotation] = std::to_string(deployment.spec.replicas);
  set->metadata.annotations[kMaxAnnotation] = std::to_string(MaxReplicas(deployment));
}

// What users annotate a Deployment with is found on its sets too.
void CopyAnnotations(const Deployment& deployment, ReplicaSet* set) {
  for (const auto& [name, value] : deployment.metadata.annotations) {
    const bool ours = name == kRevisionAnnotation || name == kDesiredAnnotation ||
                      name == kMaxAnnotation || name == kRolledBackFrom || name == kRolledBackTo;
    if (!ours) set->metadata.annotations[name] = value;
  }
}

std::shared_ptr<ReplicaSet> MakeSet(const Rollout& rollout, const std::string& hash,
                                    int64_t incarnation) {
  const Deployment& deployment = *rollout.deployment;
  auto set = std::make_shared<ReplicaSet>();
  set->metadata.namespace_name = deployment.metadata.namespace_name;
  set->metadata.name = GenerateName(deployment.metadata.name + "-", hash);
  set->metadata.uid =
      DeriveUid({deployment.metadata.uid, "ReplicaSet", hash, std::to_string(incarnation)});
  set->metadata.generation = 1;
  set->metadata.creation_timestamp = rollout.now();
  set->metadata.owner_references = {ControllerReference(deployment)};
  set->spec.pod_template = *rollout.pod_template;
  set->spec.pod_template.metadata.labels[kTemplateHashLabel] = hash;
  set->metadata.labels = set->spec.pod_template.metadata.labels;
  set->spec.selector = deployment.spec.selector;
  set->spec.selector.match_labels[kTemplateHashLabel] = hash;
  set->spec.min_ready_seconds = deployment.spec.min_ready_seconds;
  const bool rolling = deployment.spec.strategy.type == DeploymentStrategyType::kRollingUpdate;
  set->spec.replicas =
      rolling ? NewestSize(deployment, 0, ReplicasOf(rollout.old)) : deployment.spec.replicas;
  CopyAnnotations(deployment, set.get());
  SetScalingAnnotations(deployment, set.get());
  return set;
}

void SetFirstCondition(const std::string& reason, const std::string& message, WallTime now,
                       Deployment* deployment) {
  Condition condition{.type = "Progressing",
                      .status = ConditionStatus::kTrue,
                      .reason = reason,
                      .message = message,
                      .last_transition_time = now,
                      .last_update_time = now};
  std::erase_if(deployment->status.conditions,
                [](const Condition& old) { return old.type == "Progressing"; });
  deployment->status.conditions.push_back(std::move(condition));
}

void CreateNewest(Rollout* rollout, int64_t revision) {
  const auto deployment = Mutable(*rollout->deployment);
  std::string hash;
  for (int32_t tries = 0;; ++tries) {
    hash = TemplateHash(*rollout->pod_template, deployment->status.collision_count);
    const std::string name = GenerateName(deployment->metadata.name + "-", hash);
    if (!rollout->turn->state().Find<ReplicaSet>(deployment->metadata.namespace_name, name)) break;
    // The name belongs to a set of another template or owner.
    if (tries == kMaxCollisions) return;
    ++deployment->status.collision_count;
  }
  ++deployment->metadata.incarnation;
  const auto set = MakeSet(*rollout, hash, deployment->metadata.incarnation);
  set->metadata.annotations[kRevisionAnnotation] = std::to_string(revision);
  deployment->metadata.annotations[kRevisionAnnotation] = std::to_string(revision);
  SetFirstCondition("NewReplicaSetCreated",
                    "Created new replica set \"" + set->metadata.name + "\"", rollout->now(),
                    deployment.get());
  rollout->turn->Put(set);
  rollout->newest = set;
  PutDeployment(rollout, deployment);
  if (set->spec.replicas == 0) return;
  rollout->turn->Record({.key = deployment->key(),
                         .reason = "ScalingReplicaSet",
                         .message = "Scaled up replica set " + set->metadata.name + " from 0 to " +
                                    std::to_string(set->spec.replicas),
                         .component = kDeploymentComponent});
}

void UpdateNewest(Rollout* rollout, int64_t revision) {
  const ReplicaSetPtr held = rollout->newest;
  const ReplicaSet& set = *held;
  const auto updated = Mutable(set);
  CopyAnnotations(*rollout->deployment, updated.get());
  const int64_t in_force = std::max(revision, RevisionOf(set.metadata));
  updated->metadata.annotations[kRevisionAnnotation] = std::to_string(in_force);
  updated->spec.min_ready_seconds = rollout->deployment->spec.min_ready_seconds;
  if (updated->spec != set.spec) ++updated->metadata.generation;
  if (updated->metadata != set.metadata) {
    rollout->turn->Put(updated);
    rollout->newest = updated;
  }
  const auto deployment = Mutable(*rollout->deployment);
  deployment->metadata.annotations[kRevisionAnnotation] = std::to_string(in_force);
  const Condition* progressing = FindCondition(deployment->status.conditions, "Progressing");
  // One that failed before is not overdue again the moment that a commit goes back to it.
  const bool overdue = progressing != nullptr && progressing->status == ConditionStatus::kFalse;
  if (progressing == nullptr || (overdue && in_force > RevisionOf(set.metadata))) {
    SetFirstCondition("FoundNewReplicaSet", "Found new replica set \"" + set.metadata.name + "\"",
                      rollout->now(), deployment.get());
  }
  if (deployment->metadata == rollout->deployment->metadata &&
      deployment->status == rollout->deployment->status) {
    return;
  }
  PutDeployment(rollout, deployment);
}

}  // namespace

int64_t RevisionOf(const ObjectMeta& metadata) {
  const auto found = metadata.annotations.find(kRevisionAnnotation);
  if (found == metadata.annotations.end()) return 0;
  int64_t revision = 0;
  const std::string& text = found->second;
  std::from_chars(text.data(), text.data() + text.size(), revision);
  return revision;
}

bool SameTemplate(const PodTemplateSpec& pod_template, const ReplicaSet& set) {
  return EqualWithoutHash(pod_template, set.spec.pod_template);
}

std::string TemplateHash(const PodTemplateSpec& pod_template, int32_t collision_count) {
  Pod carrier;
  carrier.metadata.name = "template";
  carrier.metadata.labels = pod_template.metadata.labels;
  carrier.metadata.labels.erase(kTemplateHashLabel);
  carrier.metadata.annotations = pod_template.metadata.annotations;
  carrier.spec = pod_template.spec;
  std::string text = EncodeObjectJson(carrier, EncodeFor::kDiff);
  if (collision_count > 0) text += "#" + std::to_string(collision_count);
  return SafeSuffix(Fnv1a64(text), kTemplateHashLength);
}

void PutDeployment(Rollout* rollout, std::shared_ptr<const Deployment> updated) {
  rollout->turn->Put(updated);
  rollout->deployment = std::move(updated);
}

Rollout FindRollout(Turn* turn, const std::shared_ptr<const Deployment>& deployment) {
  Rollout rollout;
  rollout.turn = turn;
  rollout.deployment = deployment;
  rollout.pod_template = TemplateOf(deployment, turn->state());
  rollout.old = ClaimSets(turn, *deployment);
  // Of several with the template, the oldest counts: so every pass finds the same one.
  const auto same = [&](const ReplicaSetPtr& set) {
    return SameTemplate(*rollout.pod_template, *set);
  };
  auto newest = std::find_if(rollout.old.begin(), rollout.old.end(), same);
  if (newest == rollout.old.end()) {
    // A set that an older release stored lacks the defaults that came since: no reason to roll.
    newest = std::find_if(rollout.old.begin(), rollout.old.end(), [&](const ReplicaSetPtr& set) {
      ReplicaSet filled = *set;
      ApplyDefaults(&filled);
      return SameTemplate(*rollout.pod_template, filled);
    });
  }
  if (newest != rollout.old.end()) {
    rollout.newest = *newest;
    rollout.old.erase(newest);
  }
  FollowRollback(&rollout);
  return rollout;
}

void SyncRevision(Rollout* rollout, bool create) {
  int64_t newest_old = 0;
  for (const ReplicaSetPtr& set : rollout->old) {
    newest_old = std::max(newest_old, RevisionOf(set->metadata));
  }
  if (rollout->newest != nullptr) {
    UpdateNewest(rollout, newest_old + 1);
  } else if (create) {
    CreateNewest(rollout, newest_old + 1);
  }
}

bool ScaleSet(Rollout* rollout, ReplicaSetPtr* set, int32_t replicas) {
  const int32_t before = (*set)->spec.replicas;
  const auto updated = Mutable(**set);
  updated->spec.replicas = replicas;
  SetScalingAnnotations(*rollout->deployment, updated.get());
  if (before == replicas && updated->metadata == (*set)->metadata) return false;
  if (before != replicas) ++updated->metadata.generation;
  rollout->turn->Put(updated);
  *set = updated;
  if (before == replicas) return false;
  rollout->turn->Record({.key = rollout->deployment->key(),
                         .reason = "ScalingReplicaSet",
                         .message = std::string("Scaled ") + (replicas > before ? "up" : "down") +
                                    " replica set " + updated->metadata.name + " from " +
                                    std::to_string(before) + " to " + std::to_string(replicas),
                         .component = kDeploymentComponent});
  return true;
}

void CleanUp(Rollout* rollout) {
  std::vector<ReplicaSetPtr> idle;
  for (const ReplicaSetPtr& set : rollout->old) {
    const bool unused = set->spec.replicas == 0 && set->status.replicas == 0 &&
                        set->status.observed_generation >= set->metadata.generation &&
                        !set->metadata.deletion_timestamp &&
                        !IsRolledBackFrom(*rollout->deployment, *set);
    if (unused) idle.push_back(set);
  }
  std::sort(idle.begin(), idle.end(), [](const ReplicaSetPtr& a, const ReplicaSetPtr& b) {
    const int64_t revision_a = RevisionOf(a->metadata);
    const int64_t revision_b = RevisionOf(b->metadata);
    return revision_a != revision_b ? revision_a < revision_b : OlderFirst(a, b);
  });
  const auto limit =
      static_cast<size_t>(std::max(0, rollout->deployment->spec.revision_history_limit));
  const size_t surplus = rollout->old.size() > limit ? rollout->old.size() - limit : 0;
  for (size_t i = 0; i < idle.size() && i < surplus; ++i) {
    rollout->turn->Delete(idle[i]->key());
    rollout->turn->Record({.key = rollout->deployment->key(),
                           .reason = "DeletedReplicaSet",
                           .message = "Deleted replica set " + idle[i]->metadata.name +
                                      " of revision " +
                                      std::to_string(RevisionOf(idle[i]->metadata)) +
                                      ": revisionHistoryLimit is " + std::to_string(limit),
                           .component = kDeploymentComponent});
    std::erase(rollout->old, idle[i]);
  }
}

}  // namespace reconcile
