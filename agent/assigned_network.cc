#include "agent/assigned_network.h"

#include <algorithm>

#include "net/overlay.h"
#include "schema/sidecar.h"

namespace reconcile {
namespace {

std::string AddressOf(const Node& node) {
  for (const NodeAddress& address : node.status.addresses) {
    if (address.type == "InternalIP") return address.address;
  }
  return "";
}

std::string ZoneOf(const Node& node) {
  const auto zone = node.metadata.labels.find(kZoneLabel);
  return zone == node.metadata.labels.end() ? "" : zone->second;
}

}  // namespace

std::vector<HostPort> HostPortsOf(const Assignment& assignment,
                                  const std::map<std::string, PodSeen>& memory) {
  std::vector<HostPort> ports;
  for (const auto& pod : assignment.pods) {
    const auto seen = memory.find(pod->metadata.uid);
    const bool has_address = seen != memory.end() && !seen->second.attached_owner_id.empty();
    if (!has_address || seen->second.terminal || pod->spec.host_network) continue;
    for (const Container* container : LastingContainersOf(pod->spec)) {
      for (const ContainerPort& port : container->ports) {
        if (port.host_port == 0) continue;
        // 0.0.0.0 is what people write for all.
        const std::string host = port.host_ip == "0.0.0.0" ? "" : port.host_ip;
        ports.push_back(
            {port.protocol, host, port.host_port, seen->second.address, port.container_port});
      }
    }
  }
  std::sort(ports.begin(), ports.end());
  return ports;
}

std::shared_ptr<const ClusterNetwork> AssignedNetwork::Take(const Assignment& assignment) {
  if (assignment.nodes.empty()) return nullptr;
  const bool is_known = network_ != nullptr && nodes_.IsOneWith(assignment.nodes) &&
                        services_.IsOneWith(assignment.services) &&
                        endpoint_slices_.IsOneWith(assignment.endpoint_slices) &&
                        namespaces_.IsOneWith(assignment.namespaces) &&
                        network_->cluster_domain == assignment.cluster_domain;
  if (is_known) return network_;
  nodes_ = assignment.nodes;
  services_ = assignment.services;
  endpoint_slices_ = assignment.endpoint_slices;
  namespaces_ = assignment.namespaces;
  auto network = std::make_shared<ClusterNetwork>();
  network->cluster_domain = assignment.cluster_domain;
  for (const auto& node : assignment.nodes) {
    network->peers.push_back(
        {node->metadata.name, AddressOf(*node), node->spec.pod_cidr, ZoneOf(*node)});
  }
  network->services = assignment.services.items();
  network->endpoint_slices = assignment.endpoint_slices.items();
  network->namespaces = assignment.namespaces.items();
  const bool is_same = network_ != nullptr && network_->cluster_domain == network->cluster_domain &&
                       network_->peers == network->peers &&
                       network_->services == network->services &&
                       network_->endpoint_slices == network->endpoint_slices &&
                       network_->namespaces == network->namespaces;
  if (!is_same) network_ = std::move(network);
  return network_;
}

std::optional<HostNetworkConfig> NetworkConfigOf(const Assignment& assignment,
                                                 const HostFacts& host) {
  if (assignment.node_pod_cidr.empty()) return std::nullopt;
  HostNetworkConfig config;
  config.cluster_pod_cidr = assignment.cluster_pod_cidr;
  config.node_pod_cidr = assignment.node_pod_cidr;
  config.service_cidr = assignment.service_cidr;
  config.host_address = host.host_ip;
  const Result<NetworkBackend> backend = ParseNetworkBackend(assignment.network_backend);
  if (backend.ok()) config.backend = *backend;
  config.mtu = PodMtu(host.mtu, config.backend);
  return config;
}

}  // namespace reconcile
