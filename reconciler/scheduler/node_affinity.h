#pragma once

#include "reconciler/scheduler/filters.h"
#include "reconciler/scheduler/scores.h"

namespace reconcile {

// spec.affinity.nodeAffinity (SEMANTICS 19.6).

inline constexpr int64_t kNodeAffinityWeight = 2;
// kube-scheduler's words, for nodeSelector too.
inline constexpr const char* kNodeAffinityWords =
    "node(s) didn't match Pod's node affinity/selector";

// What is required: one of the terms must hold. Says of the first terms what of each does not.
std::vector<Refusal> NodeAffinityFilter(const PodNeeds& needs, const NodeUsage& node);

// What is preferred: the weights of the terms that hold on the node, added up.
int64_t PreferredWeight(const PodNeeds& needs, const NodeUsage& node);
// Full for the nodes with the highest of these sums among those that can take the pod, in
// proportion for the others.
int64_t NodeAffinityScore(int64_t weight, int64_t highest);

}  // namespace reconcile
