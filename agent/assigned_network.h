#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/step.h"
#include "net/cluster_network.h"

namespace reconcile {

// PURE: ports of the host that lead to pods which have an address here, sorted. `memory`: by uid.
std::vector<HostPort> HostPortsOf(const Assignment& assignment,
                                  const std::map<std::string, PodSeen>& memory);

// What assignments say of the cluster's network, in the form that hosts' networks are compiled
// from. PURE.
class AssignedNetwork {
 public:
  // The same pointer while nothing of it changes; nullptr when nothing is said of it.
  std::shared_ptr<const ClusterNetwork> Take(const Assignment& assignment);

 private:
  SharedList<Node> nodes_;
  SharedList<Service> services_;
  SharedList<EndpointSlice> endpoint_slices_;
  SharedList<Namespace> namespaces_;
  std::shared_ptr<const ClusterNetwork> network_;
};
// PURE: what the host is prepared for; none while it has no pod subnet.
std::optional<HostNetworkConfig> NetworkConfigOf(const Assignment& assignment,
                                                 const HostFacts& host);

}  // namespace reconcile
