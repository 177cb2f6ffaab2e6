#pragma once

#include <string>
#include <vector>

#include "reconciler/turn.h"
#include "schema/cluster_state.h"
#include "schema/core.h"

namespace reconcile {

// Clearing a host, as a person told by `reconcile drain` (NodeDrain). All PURE.

// A pod that is still there, and what it waits for.
struct DrainWait {
  ObjectKey pod;
  std::string why;  // "is stopping", or what is in its way
  bool is_blocked = false;
};

// Why the host is not cleared as it is asked for, a line for each sort of pod that it has; empty
// when it is. Words of kubectl.
std::vector<std::string> WhyNotDrained(const std::string& node, const NodeDrain& drain,
                                       const ClusterState& state);

// The pods that have to leave the node yet, ordered. Those that have ended run nowhere and stay.
std::vector<DrainWait> DrainWaitsOf(const std::string& node, const NodeDrain& drain,
                                    const ClusterState& state);

// Of one node that is due: takes away what may go, and ends the drain when all went, or when its
// time is over.
void DrainPods(Turn* turn, const Node& node);

}  // namespace reconcile
