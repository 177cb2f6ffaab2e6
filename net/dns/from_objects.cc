#include "net/dns/from_objects.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "net/dns/name.h"

namespace reconcile {
namespace {

// By namespace and name of the Service.
using SlicesByService =
    std::map<std::pair<std::string_view, std::string_view>, std::vector<const EndpointSlice*>>;

std::string ProtocolLabel(Protocol protocol) {
  std::string text(ToString(protocol));
  MakeDnsLower(&text);
  return text;
}

template <typename Port>
std::vector<DnsPort> PortsOf(const std::vector<Port>& ports) {
  std::vector<DnsPort> made;
  for (const Port& port : ports) {
    // 0 of a slice: all ports.
    if (port.port <= 0 || port.port > 65535) continue;
    made.push_back({port.name, ProtocolLabel(port.protocol), static_cast<uint16_t>(port.port)});
  }
  return made;
}

// An endpoint may be in several slices, with other ports in each: it has one address record.
std::vector<DnsEndpoint> EndpointsOf(const Service& service,
                                     const std::vector<const EndpointSlice*>& slices) {
  std::vector<DnsEndpoint> made;
  std::map<std::pair<uint32_t, std::string_view>, size_t> places;
  for (const EndpointSlice* slice : slices) {
    const std::vector<DnsPort> ports = PortsOf(slice->ports);
    for (const Endpoint& endpoint : slice->endpoints) {
      if (!service.spec.publish_not_ready_addresses && !IsReady(endpoint.conditions)) continue;
      if (endpoint.addresses.empty()) continue;
      const Result<uint32_t> address = ParseIpv4(endpoint.addresses[0]);
      if (!address.ok()) continue;
      const auto [place, is_new] =
          places.emplace(std::pair(*address, std::string_view(endpoint.hostname)), made.size());
      if (is_new) made.push_back({*address, endpoint.hostname, {}});
      std::vector<DnsPort>& known = made[place->second].ports;
      for (const DnsPort& port : ports) {
        if (std::find(known.begin(), known.end(), port) == known.end()) known.push_back(port);
      }
    }
  }
  return made;
}

// nullptr when it has no names.
std::shared_ptr<const DnsService> DnsServiceOf(const Service& service,
                                               const SlicesByService& slices) {
  auto made = std::make_shared<DnsService>();
  made->namespace_name = service.metadata.namespace_name;
  made->name = service.metadata.name;
  if (service.spec.type == ServiceType::kExternalName) {
    made->kind = DnsServiceKind::kExternalName;
    made->external_name = service.spec.external_name;
    return made;
  }
  if (IsHeadless(service)) {
    made->kind = DnsServiceKind::kHeadless;
    const auto found = slices.find({made->namespace_name, made->name});
    if (found != slices.end()) made->endpoints = EndpointsOf(service, found->second);
    return made;
  }
  const Result<uint32_t> address = ParseIpv4(service.spec.cluster_ip);
  if (!address.ok()) return nullptr;
  made->address = *address;
  made->ports = PortsOf(service.spec.ports);
  return made;
}

// Most Services are not headless.
SlicesByService SlicesOfHeadless(const std::vector<std::shared_ptr<const Service>>& services,
                                 const std::vector<std::shared_ptr<const EndpointSlice>>& slices) {
  SlicesByService by_service;
  for (const std::shared_ptr<const Service>& service : services) {
    if (!IsHeadless(*service)) continue;
    by_service[{service->metadata.namespace_name, service->metadata.name}];
  }
  for (const std::shared_ptr<const EndpointSlice>& slice : slices) {
    if (by_service.empty() || slice->address_type != AddressType::kIpv4) continue;
    const auto label = slice->metadata.labels.find(kServiceNameLabel);
    if (label == slice->metadata.labels.end()) continue;
    const auto found = by_service.find({slice->metadata.namespace_name, label->second});
    if (found != by_service.end()) found->second.push_back(slice.get());
  }
  return by_service;
}

}  // namespace

DnsZone::Services DnsServices::Next(
    const std::vector<std::shared_ptr<const Service>>& services,
    const std::vector<std::shared_ptr<const EndpointSlice>>& slices) {
  const SlicesByService by_service = SlicesOfHeadless(services, slices);
  std::vector<Made> made;
  made.reserve(services.size());
  auto known = made_.begin();
  for (const std::shared_ptr<const Service>& service : services) {
    // Both are sorted alike: what is not here is further on, or new.
    const auto is_before = [&] {
      const ObjectMeta& a = known->first->metadata;
      const ObjectMeta& b = service->metadata;
      return std::tie(a.namespace_name, a.name) < std::tie(b.namespace_name, b.name);
    };
    while (known != made_.end() && known->first != service && is_before()) ++known;
    const bool is_same = known != made_.end() && known->first == service && !IsHeadless(*service);
    made.emplace_back(service, is_same ? known->second : DnsServiceOf(*service, by_service));
  }
  made_ = std::move(made);
  DnsZone::Services list;
  list.reserve(made_.size());
  for (const auto& [service, found] : made_) {
    if (found != nullptr) list.push_back(found);
  }
  return list;
}

DnsZone::Services DnsServicesOf(const std::vector<std::shared_ptr<const Service>>& services,
                                const std::vector<std::shared_ptr<const EndpointSlice>>& slices) {
  return DnsServices().Next(services, slices);
}

PodDns PodDnsOf(const Pod& pod) {
  PodDns dns;
  dns.policy = pod.spec.dns_policy;
  dns.host_network = pod.spec.host_network;
  dns.namespace_name = pod.metadata.namespace_name;
  if (!pod.spec.dns_config) return dns;
  dns.config.nameservers = pod.spec.dns_config->nameservers;
  dns.config.searches = pod.spec.dns_config->searches;
  for (const PodDnsOption& option : pod.spec.dns_config->options) {
    dns.config.options.push_back({option.name, option.value.value_or("")});
  }
  return dns;
}

}  // namespace reconcile
