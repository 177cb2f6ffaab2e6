#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/cluster_network.h"
#include "net/service_rules.h"

namespace reconcile {

// PURE: what one host does with packets for service addresses (SEMANTICS 13 and 14): whose address
// leads to which endpoints, seen from this host. Endpoints that are not IPv4 are left out.
ServiceTable MakeServiceTable(const HostNetworkConfig& config, const NetworkState& state);

// Makes such tables one after another. Where the objects of few Services are others than before,
// these alone are looked at: a change among thousands costs little more than itself.
// Thread-compatible.
class ServiceTables {
 public:
  ServiceTable Next(const HostNetworkConfig& config, const NetworkState& state);

 private:
  // Of one Service, on this host.
  struct Part {
    std::shared_ptr<const Service> service;  // kept, also for the key
    std::vector<std::shared_ptr<const EndpointSlice>> slices;
    std::vector<std::pair<ServiceAddress, ServiceTarget>> targets;
    std::vector<uint32_t> local_endpoints;  // once for each port
  };
  using Key = std::pair<std::string_view, std::string_view>;  // namespace and name of a Service
  using Parts = std::map<Key, Part>;
  class Maker;

  HostNetworkConfig config_;
  std::string node_;
  std::string zone_;
  std::shared_ptr<const ClusterNetwork> cluster_;  // what the rest is of; nullptr: nothing
  Parts parts_;
  ServiceTable table_;  // without ports of the host's own
  std::map<uint32_t, int> local_counts_;
  bool has_rivals_ = false;  // two Services claim one place
};

}  // namespace reconcile
