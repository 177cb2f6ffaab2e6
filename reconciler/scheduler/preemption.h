#pragma once

#include <memory>
#include <string>
#include <vector>

#include "schema/cluster_state.h"
#include "schema/core.h"

namespace reconcile {

// How a pod that no node takes gets room: on `node`, once `victims` and what is going there already
// are gone.
struct Preemption {
  std::shared_ptr<const Pod> pod;
  std::string node;
  std::vector<std::shared_ptr<const Pod>> victims;  // empty: enough is going already
};

// PURE. Which pods of lower priority go for the sake of such pods (SEMANTICS 20.2), those of the
// highest priority first, each decision counting for the next. A node is one of those where as few
// budgets as can be are broken, then whose highest victim is the lowest, then whose victims'
// priorities add up to least, then that has the fewest, then whose highest victim started last; of
// the victims no more than needed, budgeted and high ones spared first. Nobody goes while what is
// going already makes room, for pods with preemptionPolicy Never, or for equals. Source:
// kube-scheduler's plugin defaultpreemption; that pods wait for any that are going is this
// project's.
std::vector<Preemption> PreemptFor(const std::vector<std::shared_ptr<const Pod>>& unplaced,
                                   const ClusterState& state);

}  // namespace reconcile
