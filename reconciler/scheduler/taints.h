#pragma once

#include "reconciler/scheduler/filters.h"
#include "reconciler/scheduler/scores.h"

namespace reconcile {

// spec.taints of nodes and spec.tolerations of pods (SEMANTICS 19.9). Source: kube-scheduler's
// plugin tainttoleration.

inline constexpr int64_t kTaintWeight = 3;

// The first NoSchedule or NoExecute taint that the pod does not tolerate: of the node's own, then
// of its pressures.
std::vector<Refusal> TaintFilter(const PodNeeds& needs, const NodeUsage& node);

// How many PreferNoSchedule taints of the node the pod does not tolerate.
int64_t AvoidedTaints(const PodNeeds& needs, const NodeUsage& node);
// Full for the nodes without such, nothing for those with the most among those that can take the
// pod, in proportion for the others.
int64_t TaintScore(int64_t avoided, int64_t most);

}  // namespace reconcile
