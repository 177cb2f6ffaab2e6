#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/cluster_network.h"
#include "net/service_rules.h"

namespace reconcile {

// PURE: what one host does with packets for service addresses (SEMANTICS 13 and 14): whose address
// leads to which endpoints, seen from this host. Endpoints that are not IPv4 are left out.
ServiceTable MakeServiceTable(const HostNetworkConfig& config, const NetworkState& state);

// Makes such tables one after another. What comes of a Service that is the same object as before,
// with the same slices, is remembered: a change among thousands costs little more than itself.
// Thread-compatible.
class ServiceTables {
 public:
  ServiceTable Next(const HostNetworkConfig& config, const NetworkState& state);

 private:
  // Of one Service, on this host.
  struct Part {
    std::shared_ptr<const Service> service;  // kept, so that no other has its place in memory
    std::vector<std::shared_ptr<const EndpointSlice>> slices;
    std::vector<std::pair<ServiceAddress, ServiceTarget>> targets;
    std::vector<uint32_t> local_endpoints;
  };
  class Maker;

  HostNetworkConfig config_;
  std::string node_;
  std::string zone_;
  std::unordered_map<const Service*, Part> parts_;
};

}  // namespace reconcile
