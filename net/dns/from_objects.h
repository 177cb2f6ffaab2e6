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

// Makes such lists one after another: what comes of a Service with an address that is the same
// object as before is shared with the list before. Thread-compatible.
class DnsServices {
 public:
  DnsZone::Services Next(const std::vector<std::shared_ptr<const Service>>& services,
                         const std::vector<std::shared_ptr<const EndpointSlice>>& slices);

 private:
  using Made = std::pair<std::shared_ptr<const Service>, std::shared_ptr<const DnsService>>;
  std::vector<Made> made_;  // in the order of Services
};

// The pod's own words on its resolv.conf.
PodDns PodDnsOf(const Pod& pod);

}  // namespace reconcile
