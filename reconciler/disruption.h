#pragma once

#include <string>

#include "schema/cluster_state.h"
#include "schema/core.h"
#include "schema/kept.h"

namespace reconcile {

// PodDisruptionBudgets (SEMANTICS 20.3). All PURE. Source: Kubernetes' disruption controller and
// Eviction API.

// How many of the pods that the budget selects may go now. Pods that nothing makes again count
// when minAvailable is a number, and for nothing else. The condition has no stamp.
PodDisruptionBudgetStatus BudgetStatusOf(const PodDisruptionBudget& budget,
                                         const ClusterState& state);

// Why a person who clears a host may not take the pod away now; empty when it may go. What runs
// nowhere yet, or no more, may always go.
std::string WhyNotEvicted(const Pod& pod, const ClusterState& state);

}  // namespace reconcile
