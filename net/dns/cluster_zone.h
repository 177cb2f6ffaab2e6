#pragma once

#include "net/cluster_network.h"
#include "net/dns/zone.h"

namespace reconcile {

// PURE: what the DNS of a host of this cluster answers. Invalid when a range or the domain is none.
Result<std::shared_ptr<const DnsZone>> MakeClusterZone(const HostNetworkConfig& config,
                                                       const ClusterNetwork& network);

}  // namespace reconcile
