#pragma once

#include <memory>
#include <vector>

#include "net/dns/resolv_conf.h"
#include "net/dns/zone.h"
#include "schema/network.h"

namespace reconcile {

// What the DNS needs of Kubernetes' objects. PURE.

// In the order of `services`. Services that have no address yet have no names. Of slices only those
// of headless Services count, with addresses of IPv4: endpoints that are ready, or all when the
// Service publishes those that are not.
DnsZone::Services DnsServicesOf(const std::vector<std::shared_ptr<const Service>>& services,
                                const std::vector<std::shared_ptr<const EndpointSlice>>& slices);

// The pod's own words on its resolv.conf.
PodDns PodDnsOf(const Pod& pod);

}  // namespace reconcile
