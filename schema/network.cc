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

}  // namespace reconcile
