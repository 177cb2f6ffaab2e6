#pragma once

#include <string>

#include "net/cluster_network.h"
#include "net/service_rules.h"

namespace reconcile {

// PURE: what one host does with packets for service addresses (SEMANTICS 13 and 14): whose address
// leads to which endpoints, seen from this host. Endpoints that are not IPv4 are left out.
ServiceTable MakeServiceTable(const HostNetworkConfig& config, const NetworkState& state);

}  // namespace reconcile
