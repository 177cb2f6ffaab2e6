#pragma once

#include "link/messages.h"

namespace reconcile {

// What the assignments of all nodes have in common, stripped to what hosts act on:
//   Node           name, spec.podCIDR, status.addresses, the condition Ready without reason and
//                  stamps; none without a pod subnet or an InternalIP
//   Service        namespace, name, spec, addresses of its load balancer
//   EndpointSlice  namespace, name, the label of its Service, addressType, endpoints, ports
//   Namespace      name
struct NetworkLists {
  SharedList<Node> nodes;
  SharedList<Service> services;
  SharedList<EndpointSlice> endpoint_slices;
  SharedList<Namespace> namespaces;
};

NetworkLists NetworkOf(const ClusterState& state);
// NetworkOf(after), when `network` is that of `before`: lists in which nothing differs are the same
// ones. Takes the time of what differs, and of copying pointers where something does.
NetworkLists NetworkAfter(const NetworkLists& network, const ClusterState& before,
                          const ClusterState& after);

void SetNetwork(const NetworkLists& network, const Cluster& cluster, Assignment* assignment);
// Whether hosts would do the same by the networks of both.
bool SameNetwork(const Assignment& a, const Assignment& b);

}  // namespace reconcile
