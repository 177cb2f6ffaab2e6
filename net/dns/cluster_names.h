#pragma once

#include "net/cluster_network.h"
#include "net/dns/zone.h"

namespace reconcile {

// PURE: what the zone is made of, from what hosts are told of Services. Of headless ones the
// endpoints that are ready, or published though they are not (SEMANTICS 14.2 and 15.3).
DnsZone::Services DnsServicesOf(const ClusterNetwork& network);

// PURE: the zone of a host's cluster. Invalid when a range or the domain is none.
Result<std::shared_ptr<const DnsZone>> MakeClusterZone(const HostNetworkConfig& config,
                                                       const ClusterNetwork& network);

}  // namespace reconcile
