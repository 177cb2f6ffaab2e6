#include "net/service_health.h"

#include <algorithm>
#include <set>
#include <vector>

namespace reconcile {
namespace {

using ServiceName = std::pair<std::string_view, std::string_view>;
using Asked = std::map<ServiceName, const Service*>;

// Those that have such a port, by namespace and name.
Asked AskedServices(const NetworkState& state) {
  Asked asked;
  for (const auto& service : state.cluster->services) {
    const ServiceSpec& spec = service->spec;
    const bool is_asked = spec.health_check_node_port > 0 &&
                          spec.health_check_node_port <= 65'535 &&
                          spec.type == ServiceType::kLoadBalancer &&
                          spec.external_traffic_policy == TrafficPolicy::kLocal;
    if (!is_asked) continue;
    asked[{service->metadata.namespace_name, service->metadata.name}] = service.get();
  }
  return asked;
}

bool HasPortOf(const EndpointSlice& slice, const ServiceSpec& spec) {
  return std::any_of(slice.ports.begin(), slice.ports.end(), [&](const EndpointPort& port) {
    return std::any_of(spec.ports.begin(), spec.ports.end(), [&](const ServicePort& wanted) {
      return wanted.name == port.name && wanted.protocol == port.protocol;
    });
  });
}

void CountLocal(const EndpointSlice& slice, const ServiceSpec& spec, const std::string& node,
                std::set<std::string_view>* addresses) {
  if (slice.address_type != AddressType::kIpv4 || !HasPortOf(slice, spec)) return;
  for (const Endpoint& endpoint : slice.endpoints) {
    const EndpointConditions& conditions = endpoint.conditions;
    const bool is_ready =
        spec.publish_not_ready_addresses || (IsReady(conditions) && !IsTerminating(conditions));
    if (!is_ready || endpoint.node_name != node || endpoint.addresses.empty()) continue;
    addresses->insert(endpoint.addresses.front());
  }
}

bool IsRequest(std::string_view request) {
  const std::string_view line = request.substr(0, request.find('\n'));
  return line.find(" HTTP/1.") != std::string_view::npos;
}

}  // namespace

std::map<uint16_t, ServiceHealth> ServiceHealthsOf(const NetworkState& state) {
  const Asked asked = AskedServices(state);
  std::map<uint16_t, ServiceHealth> healths;
  if (asked.empty()) return healths;
  std::map<const Service*, std::set<std::string_view>> addresses;
  for (const auto& slice : state.cluster->endpoint_slices) {
    const auto label = slice->metadata.labels.find(kServiceNameLabel);
    if (label == slice->metadata.labels.end()) continue;
    const auto found = asked.find({slice->metadata.namespace_name, label->second});
    if (found == asked.end()) continue;
    CountLocal(*slice, found->second->spec, state.node, &addresses[found->second]);
  }
  for (const auto& [name, service] : asked) {
    healths.try_emplace(static_cast<uint16_t>(service->spec.health_check_node_port),
                        ServiceHealth{std::string(name.first), std::string(name.second),
                                      static_cast<int>(addresses[service].size())});
  }
  return healths;
}

std::string AnswerHealth(std::string_view request, const ServiceHealth& health, bool follows) {
  if (!IsRequest(request)) {
    return "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  }
  const std::string count = std::to_string(health.local_endpoints);
  const std::string body = "{\n\t\"service\": {\n\t\t\"namespace\": \"" + health.namespace_name +
                           "\",\n\t\t\"name\": \"" + health.name +
                           "\"\n\t},\n\t\"localEndpoints\": " + count +
                           ",\n\t\"serviceProxyHealthy\": " + (follows ? "true" : "false") + "\n}";
  const bool is_well = health.local_endpoints > 0 && follows;
  std::string answer = is_well ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 503 Service Unavailable\r\n";
  answer +=
      "Content-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n"
      "X-Load-Balancing-Endpoint-Weight: " +
      count + "\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\nConnection: close\r\n\r\n";
  return request.starts_with("HEAD ") ? answer : answer + body;
}

}  // namespace reconcile
