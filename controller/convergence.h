#pragma once

#include <string>
#include <vector>

#include "schema/cluster_state.h"

namespace reconcile {

// PURE. What keeps the hosts from looking like the commit, one line each with its reason, most
// important first: held or failing sources, silent hosts, workloads with fewer ready pods than
// declared and why. Empty when converged.
std::vector<std::string> UnconvergedIn(const ClusterState& state);

}  // namespace reconcile
