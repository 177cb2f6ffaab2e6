#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "reconciler/turn.h"
#include "schema/cluster_state.h"
#include "schema/core.h"
#include "schema/tolerations.h"

namespace reconcile {

// What becomes of the pods of hosts that are silent or have NoExecute taints. All PURE. Of silent
// hosts Kubernetes replaces them after 300 s; this waits for Cluster::unreachable_toleration_ms,
// far less, on purpose.

// True for a node whose agent has not been heard for its lease; not for one that was revoked. It
// has kUnreachableTaint, though the model does not say so.
bool IsSilent(const Node& node);

// How long a pod stays on a host that is silent, from the silence's mark on: what its own
// tolerations of kUnreachableTaint with effect NoExecute say, the shortest of several, 0 at least;
// nothing when they say no time: for ever. `default_ms` when it has none.
std::optional<int64_t> UnreachableTolerationOf(const PodSpec& spec, int64_t default_ms);

// Why no pod of any silent host is replaced: more than half of the hosts are silent, so that it is
// likely the controller who is cut off. Empty when pods are replaced.
std::string WhyPodsStay(const ClusterState& state);

// Whether pods that are on the node may have to leave it, now or later.
bool EvictsPods(const Node& node);

// Of one node that is due: marks the pods for deletion that are not tolerated there, or no longer,
// so that others take their places. Budgets do not count.
// For the first, only while WhyPodsStay says nothing.
void EvictFromSilent(Turn* turn, const Node& node);
void EvictByTaints(Turn* turn, const Node& node);

}  // namespace reconcile
