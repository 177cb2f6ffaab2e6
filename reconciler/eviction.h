#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "schema/cluster_state.h"
#include "schema/core.h"

namespace reconcile {

// What becomes of the pods of hosts that are silent. All PURE. Kubernetes waits 300 s before it
// replaces them; this waits for Cluster::unreachable_toleration_ms, far less, on purpose.

// The taint that a silent host stands for (SEMANTICS 19.9-10); no node is given it in the model.
inline constexpr std::string_view kUnreachableTaint = "node.kubernetes.io/unreachable";

// True for a node whose agent has not been heard for its lease; not for one that was revoked.
bool IsSilent(const Node& node);

// How long a pod stays on a host that is silent, from the silence's mark on: what its own
// tolerations of kUnreachableTaint with effect NoExecute say, the shortest of several, 0 at least;
// nothing when they say no time: for ever. `default_ms` when it has none.
std::optional<int64_t> UnreachableTolerationOf(const PodSpec& spec, int64_t default_ms);

// Why no pod of any silent host is replaced: more than half of the hosts are silent, so that it is
// likely the controller who is cut off. Empty when pods are replaced.
std::string WhyPodsStay(const ClusterState& state);

}  // namespace reconcile
