#include "schema/network.h"

#include "base/check.h"

namespace reconcile {

std::string_view ToString(ServiceType type) {
  switch (type) {
    case ServiceType::kClusterIp:
      return "ClusterIP";
    case ServiceType::kNodePort:
      return "NodePort";
    case ServiceType::kLoadBalancer:
      return "LoadBalancer";
    case ServiceType::kExternalName:
      return "ExternalName";
  }
  CHECK(false);
}

std::string_view ToString(SessionAffinity affinity) {
  switch (affinity) {
    case SessionAffinity::kNone:
      return "None";
    case SessionAffinity::kClientIp:
      return "ClientIP";
  }
  CHECK(false);
}

std::string_view ToString(TrafficPolicy policy) {
  switch (policy) {
    case TrafficPolicy::kUnset:
      return "";
    case TrafficPolicy::kCluster:
      return "Cluster";
    case TrafficPolicy::kLocal:
      return "Local";
  }
  CHECK(false);
}

std::string_view ToString(AddressType type) {
  switch (type) {
    case AddressType::kIpv4:
      return "IPv4";
    case AddressType::kIpv6:
      return "IPv6";
    case AddressType::kFqdn:
      return "FQDN";
  }
  CHECK(false);
}

std::vector<std::string> ClaimsOf(const ServiceSpec& spec) {
  std::vector<std::string> claims;
  if (!spec.cluster_ip.empty() && spec.cluster_ip != kHeadless) claims.push_back(spec.cluster_ip);
  const auto add_port = [&](int32_t port, Protocol protocol) {
    if (port == 0) return;
    claims.push_back(std::to_string(port) + "/" + std::string(ToString(protocol)));
  };
  for (const ServicePort& port : spec.ports) add_port(port.node_port, port.protocol);
  add_port(spec.health_check_node_port, Protocol::kTcp);
  return claims;
}

}  // namespace reconcile
