#pragma once

#include "net/cluster_network.h"
#include "net/dns/from_objects.h"
#include "net/dns/zone.h"

namespace reconcile {

// PURE: what the DNS of a host of this cluster answers. Invalid when a range or the domain is none.
// `services`: of the zones before it, from which what is the same is taken; nullptr: of none.
Result<std::shared_ptr<const DnsZone>> MakeClusterZone(const HostNetworkConfig& config,
                                                       const ClusterNetwork& network,
                                                       DnsServices* services = nullptr);

// PURE: whether their zones are the same, as far as that is seen by which objects they have: slices
// of Services that have an address are not in it. Takes less time than making one.
bool HasSameNames(const ClusterNetwork& before, const ClusterNetwork& after);

}  // namespace reconcile
