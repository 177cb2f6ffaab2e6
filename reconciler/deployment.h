#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reconciler/turn.h"
#include "schema/workload.h"

namespace reconcile {

inline constexpr char kTemplateHashLabel[] = "pod-template-hash";
inline constexpr char kRevisionAnnotation[] = "deployment.kubernetes.io/revision";
inline constexpr char kDesiredAnnotation[] = "deployment.kubernetes.io/desired-replicas";
inline constexpr char kMaxAnnotation[] = "deployment.kubernetes.io/max-replicas";
inline constexpr char kDeploymentComponent[] = "deployment-controller";

using ReplicaSetPtr = std::shared_ptr<const ReplicaSet>;

// A Deployment with its ReplicaSets during one pass. `newest` is the set of the current template
// and may be missing; `old` are the others, oldest first. The pointers follow what the pass writes.
struct Rollout {
  Turn* turn = nullptr;
  std::shared_ptr<const Deployment> deployment;
  std::shared_ptr<const PodTemplateSpec> pod_template;  // of the pods that it makes
  ReplicaSetPtr newest;
  std::vector<ReplicaSetPtr> old;

  std::vector<ReplicaSetPtr> All() const;
  WallTime now() const { return turn->now().wall; }
};

// ---- deployment_sets.cc: which ReplicaSets there are ----
// Claims the Deployment's ReplicaSets and finds the one of its template.
Rollout FindRollout(Turn* turn, const std::shared_ptr<const Deployment>& deployment);
// Gives the newest set its revision and annotations; creates it when it is missing and `create`.
void SyncRevision(Rollout* rollout, bool create);
// Sets a ReplicaSet's size and what proportional scaling remembers; true when its size changed.
bool ScaleSet(Rollout* rollout, ReplicaSetPtr* set, int32_t replicas);
// Deletes old sets beyond revisionHistoryLimit (SEMANTICS 2.10).
void CleanUp(Rollout* rollout);
void PutDeployment(Rollout* rollout, std::shared_ptr<const Deployment> updated);
// Semantic equality of the templates, the hash label aside (SEMANTICS 2.1).
bool SameTemplate(const PodTemplateSpec& pod_template, const ReplicaSet& set);
// A stable hash of the template; `collision_count` makes another one of it.
std::string TemplateHash(const PodTemplateSpec& pod_template, int32_t collision_count);
int64_t RevisionOf(const ObjectMeta& metadata);  // 0 when it has none

// ---- deployment_rolling.cc: arithmetic of rolling updates ----
struct Fenceposts {
  int32_t surge = 0;
  int32_t unavailable = 0;
};
// maxSurge rounded up, maxUnavailable rounded down, never both 0 (SEMANTICS 2.3). {0, 0} for
// Recreate.
Fenceposts FencepostsOf(const Deployment& deployment);
// The size that the newest set may grow to now, when all sets have `total` replicas together.
int32_t NewestSize(const Deployment& deployment, int32_t newest_replicas, int32_t total);
// One step; true when it scaled something.
bool RollNewest(Rollout* rollout);
bool RollOld(Rollout* rollout);

// ---- deployment_scaling.cc: scaling without a rollout step ----
bool IsScaling(const Rollout& rollout);
void ScaleProportionally(Rollout* rollout);

// ---- deployment_status.cc ----
bool IsComplete(const Rollout& rollout);
DeploymentStatus StatusOf(const Rollout& rollout);
void SyncStatus(Rollout* rollout);
void SyncPausedCondition(Rollout* rollout);

int32_t ReplicasOf(const std::vector<ReplicaSetPtr>& sets);   // declared
int32_t AvailableOf(const std::vector<ReplicaSetPtr>& sets);  // counted

}  // namespace reconcile
