#include "net/dns/cluster_names.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "net/overlay.h"

namespace reconcile {
namespace {

std::string Word(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "tcp";
    case Protocol::kUdp:
      return "udp";
    case Protocol::kSctp:
      return "sctp";
  }
  return "";
}

using Slices = std::vector<const EndpointSlice*>;

// An endpoint of several slices (ports of several numbers) is one, with the ports of all.
std::vector<DnsEndpoint> EndpointsOf(const Service& service, const Slices& slices) {
  std::map<std::pair<uint32_t, std::string>, DnsEndpoint> endpoints;
  for (const EndpointSlice* slice : slices) {
    for (const Endpoint& endpoint : slice->endpoints) {
      const bool is_ready = IsReady(endpoint.conditions) && !IsTerminating(endpoint.conditions);
      if (endpoint.addresses.empty()) continue;
      if (!is_ready && !service.spec.publish_not_ready_addresses) continue;
      const Result<uint32_t> address = ParseIpv4(endpoint.addresses.front());
      if (!address.ok()) continue;
      DnsEndpoint& known = endpoints[{*address, endpoint.hostname}];
      known.address = *address;
      known.hostname = endpoint.hostname;
      for (const EndpointPort& port : slice->ports) {
        known.ports.push_back({port.name, Word(port.protocol), static_cast<uint16_t>(port.port)});
      }
    }
  }
  std::vector<DnsEndpoint> list;
  for (auto& [key, endpoint] : endpoints) list.push_back(std::move(endpoint));
  return list;
}

DnsServiceKind KindOf(const Service& service) {
  if (service.spec.type == ServiceType::kExternalName) return DnsServiceKind::kExternalName;
  return IsHeadless(service) ? DnsServiceKind::kHeadless : DnsServiceKind::kClusterIp;
}

}  // namespace

DnsZone::Services DnsServicesOf(const ClusterNetwork& network) {
  std::unordered_map<std::string, Slices> slices;
  for (const auto& slice : network.endpoint_slices) {
    const auto name = slice->metadata.labels.find(kServiceNameLabel);
    const bool is_named = name != slice->metadata.labels.end();
    if (!is_named || slice->address_type != AddressType::kIpv4) continue;
    slices[slice->metadata.namespace_name + "/" + name->second].push_back(slice.get());
  }
  DnsZone::Services services;
  services.reserve(network.services.size());
  for (const auto& service : network.services) {
    auto named = std::make_shared<DnsService>();
    named->namespace_name = service->metadata.namespace_name;
    named->name = service->metadata.name;
    named->kind = KindOf(*service);
    if (named->kind == DnsServiceKind::kExternalName) {
      named->external_name = service->spec.external_name;
    } else if (named->kind == DnsServiceKind::kHeadless) {
      const auto found = slices.find(named->namespace_name + "/" + named->name);
      if (found != slices.end()) named->endpoints = EndpointsOf(*service, found->second);
    } else {
      const Result<uint32_t> address = ParseIpv4(service->spec.cluster_ip);
      if (!address.ok()) continue;  // it has none yet
      named->address = *address;
      for (const ServicePort& port : service->spec.ports) {
        named->ports.push_back({port.name, Word(port.protocol), static_cast<uint16_t>(port.port)});
      }
    }
    services.push_back(std::move(named));
  }
  return services;
}

Result<std::shared_ptr<const DnsZone>> MakeClusterZone(const HostNetworkConfig& config,
                                                       const ClusterNetwork& network) {
  const Result<std::string> own = DnsAddress(config.service_cidr);
  if (!own.ok()) return own.status();
  DnsZoneConfig zone;
  zone.cluster_domain = network.cluster_domain;
  zone.dns_address = *ParseIpv4(*own);
  for (const std::string& range : {config.cluster_pod_cidr, config.service_cidr}) {
    const Result<Cidr> block = Cidr::Parse(range);
    if (!block.ok()) return block.status();
    zone.reverse_ranges.push_back(*block);
  }
  for (const auto& space : network.namespaces) zone.namespaces.push_back(space->metadata.name);
  return DnsZone::Make(zone, DnsServicesOf(network));
}

}  // namespace reconcile
