#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/host_network.h"
#include "schema/core.h"
#include "schema/network.h"

namespace reconcile {

// What every host's network is compiled from. Immutable once made: hosts share it, threads read it.
struct ClusterNetwork {
  std::string cluster_domain;      // "cluster.local"
  std::vector<NetworkPeer> peers;  // the hosts, this one too
  std::vector<std::shared_ptr<const Service>> services;
  std::vector<std::shared_ptr<const EndpointSlice>> endpoint_slices;
  std::vector<std::shared_ptr<const Namespace>> namespaces;
};

// A port of the host's own that leads to a pod on it.
struct HostPort {
  Protocol protocol = Protocol::kTcp;
  std::string host_address;  // empty: any of the host's
  int32_t port = 0;
  std::string pod_address;
  int32_t pod_port = 0;
  friend auto operator<=>(const HostPort&, const HostPort&) = default;
};

struct NetworkState {
  std::string node;  // this host's name
  std::shared_ptr<const ClusterNetwork> cluster;
  std::vector<HostPort> host_ports;                                            // sorted
  friend bool operator==(const NetworkState&, const NetworkState&) = default;  // the same `cluster`
};

}  // namespace reconcile
