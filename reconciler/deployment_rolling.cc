#include <algorithm>

#include "reconciler/deployment.h"

namespace reconcile {
namespace {

int32_t Scaled(const IntOrString& value, int32_t total, Rounding rounding) {
  const Result<int32_t> scaled = ScaledValue(value, total, rounding);
  return scaled.ok() ? std::max(0, *scaled) : 0;
}

// What a set serves with once it has the size it is told: pods beyond it still go (a turn removes
// kMaxDeletesPerTurn at most), and nothing may rest on them.
int32_t LastingAvailable(const ReplicaSet& set) {
  return std::min(set.status.available_replicas, set.spec.replicas);
}

// Old replicas that are not available serve nobody: they go first, oldest set first.
int32_t RemoveUnhealthy(Rollout* rollout, int32_t budget) {
  int32_t removed = 0;
  for (ReplicaSetPtr& set : rollout->old) {
    const int32_t unhealthy = set->spec.replicas - LastingAvailable(*set);
    const int32_t count = std::min(budget - removed, unhealthy);
    if (set->spec.replicas == 0 || count <= 0) continue;
    ScaleSet(rollout, &set, set->spec.replicas - count);
    removed += count;
  }
  return removed;
}

int32_t RemoveHealthy(Rollout* rollout, int32_t min_available) {
  int32_t surplus = -min_available;
  for (const ReplicaSetPtr& set : rollout->All()) surplus += LastingAvailable(*set);
  int32_t removed = 0;
  for (ReplicaSetPtr& set : rollout->old) {
    const int32_t count = std::min(set->spec.replicas, surplus);
    if (count <= 0) continue;
    ScaleSet(rollout, &set, set->spec.replicas - count);
    surplus -= count;
    removed += count;
  }
  return removed;
}

}  // namespace

Fenceposts FencepostsOf(const Deployment& deployment) {
  const DeploymentStrategy& strategy = deployment.spec.strategy;
  if (strategy.type != DeploymentStrategyType::kRollingUpdate) return {};
  const RollingUpdateDeployment rolling =
      strategy.rolling_update.value_or(RollingUpdateDeployment());
  const int32_t replicas = deployment.spec.replicas;
  Fenceposts posts;
  posts.surge =
      std::min(Scaled(rolling.max_surge, replicas, Rounding::kUp), kMaxReplicasPerWorkload);
  posts.unavailable = Scaled(rolling.max_unavailable, replicas, Rounding::kDown);
  if (posts.surge == 0 && posts.unavailable == 0) posts.unavailable = 1;
  posts.unavailable = std::min(posts.unavailable, replicas);
  return posts;
}

int32_t NewestSize(const Deployment& deployment, int32_t newest_replicas, int32_t total) {
  const int32_t wanted = deployment.spec.replicas;
  const int32_t room = wanted + FencepostsOf(deployment).surge - total;
  if (newest_replicas >= wanted) return wanted;
  if (room <= 0) return newest_replicas;
  return newest_replicas + std::min(room, wanted - newest_replicas);
}

bool RollNewest(Rollout* rollout) {
  const int32_t current = rollout->newest->spec.replicas;
  const int32_t size = NewestSize(*rollout->deployment, current, ReplicasOf(rollout->All()));
  return size != current && ScaleSet(rollout, &rollout->newest, size);
}

bool RollOld(Rollout* rollout) {
  if (ReplicasOf(rollout->old) == 0) return false;
  const Deployment& deployment = *rollout->deployment;
  const ReplicaSet& newest = *rollout->newest;
  const int32_t min_available = deployment.spec.replicas - FencepostsOf(deployment).unavailable;
  const int32_t newest_unavailable = newest.spec.replicas - LastingAvailable(newest);
  const int32_t budget = ReplicasOf(rollout->All()) - min_available - newest_unavailable;
  if (budget <= 0) return false;
  const int32_t unhealthy = RemoveUnhealthy(rollout, budget);
  const int32_t healthy = RemoveHealthy(rollout, min_available);
  return unhealthy + healthy > 0;
}

}  // namespace reconcile
