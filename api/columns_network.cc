#include "api/columns_network.h"

#include "api/columns.h"
#include "base/check.h"

namespace reconcile {

namespace {

using Cells = std::vector<std::string>;

constexpr size_t kShownAddresses = 3;

void AddWord(const std::string& word, std::string* text) {
  if (!text->empty()) *text += ',';
  *text += word;
}

// The first few, and how many more there are.
std::string FirstOf(const std::vector<std::string>& words, const char* otherwise) {
  std::string text;
  for (size_t i = 0; i < words.size() && i < kShownAddresses; ++i) AddWord(words[i], &text);
  if (words.size() > kShownAddresses) {
    text += " + " + std::to_string(words.size() - kShownAddresses) + " more...";
  }
  return text.empty() ? otherwise : text;
}

std::string ServicePorts(const ServiceSpec& spec) {
  std::string text;
  for (const ServicePort& port : spec.ports) {
    const std::string node = port.node_port == 0 ? "" : ":" + std::to_string(port.node_port);
    AddWord(std::to_string(port.port) + node + "/" + std::string(ToString(port.protocol)), &text);
  }
  return OrNone(text);
}

std::string ExternalAddresses(const Service& service) {
  if (service.spec.type == ServiceType::kExternalName) return service.spec.external_name;
  std::string text;
  const bool is_balanced = service.spec.type == ServiceType::kLoadBalancer;
  if (is_balanced) {
    for (const auto& ingress : service.status.load_balancer_ingress) AddWord(ingress.ip, &text);
  }
  for (const std::string& address : service.spec.external_ips) AddWord(address, &text);
  return text.empty() && is_balanced ? "<pending>" : OrNone(text);
}

Cells ServiceCells(const Service& service, const std::string& age) {
  std::string selector;
  for (const auto& [key, value] : service.spec.selector) AddWord(key + "=" + value, &selector);
  return {service.metadata.name,
          std::string(ToString(service.spec.type)),
          OrNone(service.spec.cluster_ip),
          ExternalAddresses(service),
          ServicePorts(service.spec),
          age,
          OrNone(selector)};
}

// "10.0.0.1:80,10.0.0.2:80", every address with every port.
Cells EndpointsCells(const Endpoints& endpoints, const std::string& age) {
  std::vector<std::string> words;
  for (const EndpointSubset& subset : endpoints.subsets) {
    for (const EndpointAddress& address : subset.addresses) {
      for (const EndpointPort& port : subset.ports) {
        words.push_back(address.ip + ":" + std::to_string(port.port));
      }
      if (subset.ports.empty()) words.push_back(address.ip);
    }
  }
  return {endpoints.metadata.name, FirstOf(words, "<none>"), age};
}

Cells SliceCells(const EndpointSlice& slice, const std::string& age) {
  std::vector<std::string> ports;
  for (const EndpointPort& port : slice.ports) {
    ports.push_back(port.port == 0 ? "*" : std::to_string(port.port));
  }
  std::vector<std::string> addresses;
  for (const Endpoint& endpoint : slice.endpoints) {
    addresses.insert(addresses.end(), endpoint.addresses.begin(), endpoint.addresses.end());
  }
  return {slice.metadata.name, std::string(ToString(slice.address_type)), FirstOf(ports, "<unset>"),
          FirstOf(addresses, "<unset>"), age};
}

}  // namespace

bool IsNetworkKind(Kind kind) {
  return kind == Kind::kService || kind == Kind::kEndpoints || kind == Kind::kEndpointSlice;
}

std::vector<TableColumn> NetworkColumns(Kind kind) {
  if (kind == Kind::kEndpoints) return {{"Name"}, {"Endpoints"}, {"Age"}};
  if (kind == Kind::kEndpointSlice) {
    return {{"Name"}, {"AddressType"}, {"Ports"}, {"Endpoints"}, {"Age"}};
  }
  CHECK(kind == Kind::kService);
  return {{"Name"},    {"Type"}, {"Cluster-IP"}, {"External-IP"},
          {"Port(s)"}, {"Age"},  {"Selector", 1}};
}

std::vector<std::string> NetworkCells(const Object& object, const std::string& age) {
  if (const auto* endpoints = As<Endpoints>(object)) return EndpointsCells(*endpoints, age);
  if (const auto* slice = As<EndpointSlice>(object)) return SliceCells(*slice, age);
  return ServiceCells(*As<Service>(object), age);
}

}  // namespace reconcile
