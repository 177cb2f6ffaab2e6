#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "schema/cluster_state.h"
#include "schema/core.h"
#include "schema/kept.h"

namespace reconcile {

// PodDisruptionBudgets (SEMANTICS 20.3). All PURE. Source: Kubernetes' disruption controller and
// Eviction API.

// Those that select the pod.
std::vector<std::shared_ptr<const PodDisruptionBudget>> BudgetsOf(const Pod& pod,
                                                                  const ClusterState& state);
// How many of the pods that the budget selects may go now. Pods that nothing makes again count
// when minAvailable is a number, and for nothing else. The condition has no stamp.
PodDisruptionBudgetStatus BudgetStatusOf(const PodDisruptionBudget& budget,
                                         const ClusterState& state);

// Of one state, the question for many pods: each budget's pods are counted once.
class Evictions {
 public:
  explicit Evictions(const ClusterState& state) : state_(state) {}
  // Why a person who clears a host may not take the pod away now; empty when it may go. What runs
  // nowhere yet, or no more, may always go.
  std::string WhyNot(const Pod& pod);

 private:
  const PodDisruptionBudgetStatus& StatusOf(const PodDisruptionBudget& budget);

  const ClusterState& state_;  // unchanged meanwhile
  std::map<ObjectKey, PodDisruptionBudgetStatus> known_;
};

}  // namespace reconcile
