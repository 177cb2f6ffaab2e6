#include <algorithm>
#include <charconv>
#include <cmath>
#include <tuple>

#include "reconciler/deployment.h"

namespace reconcile {
namespace {

std::optional<int32_t> NumberIn(const ReplicaSet& set, const char* annotation) {
  const auto found = set.metadata.annotations.find(annotation);
  if (found == set.metadata.annotations.end()) return std::nullopt;
  const std::string& text = found->second;
  int32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The one set that alone has replicas, or the newest there is; null when several have.
ReplicaSetPtr* ActiveOrNewest(Rollout* rollout) {
  ReplicaSetPtr* active = nullptr;
  int count = 0;
  for (ReplicaSetPtr& set : rollout->old) {
    if (set->spec.replicas == 0) continue;
    active = &set;
    ++count;
  }
  if (rollout->newest != nullptr && rollout->newest->spec.replicas > 0) {
    active = &rollout->newest;
    ++count;
  }
  if (count > 1) return nullptr;
  if (count == 1) return active;
  if (rollout->newest != nullptr) return &rollout->newest;
  return rollout->old.empty() ? nullptr : &rollout->old.back();
}

bool IsSaturated(const Rollout& rollout) {
  if (rollout.newest == nullptr) return false;
  const ReplicaSet& newest = *rollout.newest;
  const int32_t replicas = rollout.deployment->spec.replicas;
  return newest.spec.replicas == replicas && newest.status.available_replicas == replicas &&
         NumberIn(newest, kDesiredAnnotation) == replicas;
}

// The set's share of the change, rounded half away from zero, never past what is left to give.
int32_t Proportion(const Rollout& rollout, const ReplicaSet& set, int32_t to_add, int32_t added) {
  const int32_t size = set.spec.replicas;
  if (size == 0 || to_add == 0 || to_add == added) return 0;
  const int32_t replicas = rollout.deployment->spec.replicas;
  int32_t fraction = -size;
  if (replicas > 0) {
    const int32_t now_most = replicas + FencepostsOf(*rollout.deployment).surge;
    int32_t then_most = NumberIn(set, kMaxAnnotation).value_or(rollout.deployment->status.replicas);
    if (then_most <= 0) then_most = now_most;
    const double scaled = static_cast<double>(size) * now_most / then_most;
    fraction = static_cast<int32_t>(std::lround(scaled)) - size;
  }
  const int32_t left = to_add - added;
  return to_add > 0 ? std::min(fraction, left) : std::max(fraction, left);
}

// Larger sets first; among equals those made later when growing, those made first when shrinking.
// Which of them the template is of does not count: a commit may have gone back to an early set.
std::vector<ReplicaSetPtr*> ActiveBySize(Rollout* rollout, bool growing) {
  std::vector<ReplicaSetPtr*> sets;
  for (ReplicaSetPtr& set : rollout->old) sets.push_back(&set);
  if (rollout->newest != nullptr) sets.push_back(&rollout->newest);
  std::erase_if(sets, [](const ReplicaSetPtr* set) { return (*set)->spec.replicas == 0; });
  const auto made = [](const ReplicaSet& set) {
    return std::tie(set.metadata.creation_timestamp, set.metadata.name);
  };
  std::sort(sets.begin(), sets.end(), [&](const ReplicaSetPtr* a, const ReplicaSetPtr* b) {
    if ((*a)->spec.replicas != (*b)->spec.replicas) {
      return (*a)->spec.replicas > (*b)->spec.replicas;
    }
    return growing ? made(**b) < made(**a) : made(**a) < made(**b);
  });
  return sets;
}

void Distribute(Rollout* rollout) {
  const Deployment& deployment = *rollout->deployment;
  const int32_t allowed =
      deployment.spec.replicas > 0 ? deployment.spec.replicas + FencepostsOf(deployment).surge : 0;
  const int32_t to_add = allowed - ReplicasOf(rollout->All());
  const std::vector<ReplicaSetPtr*> sets = ActiveBySize(rollout, to_add > 0);
  std::vector<int32_t> sizes;
  int32_t added = 0;
  for (const ReplicaSetPtr* set : sets) {
    const int32_t share = Proportion(*rollout, **set, to_add, added);
    sizes.push_back((*set)->spec.replicas + share);
    added += share;
  }
  for (size_t i = 0; i < sets.size(); ++i) {
    if (i == 0) sizes[i] = std::max(0, sizes[i] + to_add - added);
    ScaleSet(rollout, sets[i], sizes[i]);
  }
}

}  // namespace

bool IsScaling(const Rollout& rollout) {
  const std::vector<ReplicaSetPtr> all = rollout.All();
  const auto active =
      std::count_if(all.begin(), all.end(), [](const auto& set) { return set->spec.replicas > 0; });
  // Recreate has no proportions: with several active sets its own step removes the old ones.
  const bool rolling =
      rollout.deployment->spec.strategy.type == DeploymentStrategyType::kRollingUpdate;
  if (active > 1 && !rolling) return false;
  return std::any_of(all.begin(), all.end(), [&](const ReplicaSetPtr& set) {
    const std::optional<int32_t> desired = NumberIn(*set, kDesiredAnnotation);
    return set->spec.replicas > 0 && desired && *desired != rollout.deployment->spec.replicas;
  });
}

void ScaleProportionally(Rollout* rollout) {
  if (ReplicaSetPtr* set = ActiveOrNewest(rollout)) {
    ScaleSet(rollout, set, rollout->deployment->spec.replicas);
    return;
  }
  if (IsSaturated(*rollout)) {
    for (ReplicaSetPtr& set : rollout->old) {
      if (set->spec.replicas > 0) ScaleSet(rollout, &set, 0);
    }
    return;
  }
  if (rollout->deployment->spec.strategy.type != DeploymentStrategyType::kRollingUpdate) return;
  Distribute(rollout);
}

}  // namespace reconcile
