#pragma once

// Services, and the addresses behind them. Source: Kubernetes core/v1 and
// discovery.k8s.io/v1, 1.33.

#include "schema/core.h"

namespace reconcile {

enum class ServiceType { kClusterIp, kNodePort, kLoadBalancer, kExternalName };
enum class SessionAffinity { kNone, kClientIp };
enum class TrafficPolicy { kUnset, kCluster, kLocal };  // unset is Cluster
enum class AddressType { kIpv4, kIpv6, kFqdn };

std::string_view ToString(ServiceType type);
std::string_view ToString(SessionAffinity affinity);
std::string_view ToString(TrafficPolicy policy);
std::string_view ToString(AddressType type);

inline constexpr std::string_view kHeadlessIp =
    "None";  // clusterIP of a Service without an address
inline constexpr int32_t kDefaultAffinitySeconds = 10'800;
inline constexpr int32_t kFirstNodePort = 30000;
inline constexpr int32_t kLastNodePort = 32767;

struct ServicePort {
  std::string name;
  Protocol protocol = Protocol::kTcp;
  int32_t port = 0;
  std::optional<IntOrString> target_port;  // filled by defaults: the port
  int32_t node_port = 0;                   // 0: to be allocated, or not needed
  OtherFields others;
  friend bool operator==(const ServicePort&, const ServicePort&) = default;
};
struct ServiceSpec {
  ServiceType type = ServiceType::kClusterIp;
  StringMap selector;
  std::vector<ServicePort> ports;
  std::string cluster_ip;     // "": to be allocated, or not needed; kHeadlessIp; or an address
  std::string external_name;  // of type ExternalName; may end with "."
  std::vector<std::string> external_ips;
  SessionAffinity session_affinity = SessionAffinity::kNone;
  // sessionAffinityConfig.clientIP.timeoutSeconds; filled by defaults with affinity ClientIP.
  std::optional<int32_t> session_affinity_timeout_seconds;
  bool publish_not_ready_addresses = false;
  TrafficPolicy internal_traffic_policy = TrafficPolicy::kCluster;
  TrafficPolicy external_traffic_policy = TrafficPolicy::kUnset;  // filled where it has a meaning
  int32_t health_check_node_port = 0;  // of a LoadBalancer with external policy Local
  std::optional<bool> allocate_load_balancer_node_ports;  // unset is true
  std::vector<std::string> load_balancer_source_ranges;   // CIDRs, spaces around them allowed
  OtherFields others;  // families, clusterIPs, loadBalancerIP and -Class, trafficDistribution
  friend bool operator==(const ServiceSpec&, const ServiceSpec&) = default;
};
struct LoadBalancerIngress {
  std::string ip;
  friend bool operator==(const LoadBalancerIngress&, const LoadBalancerIngress&) = default;
};
struct ServiceStatus {
  std::vector<LoadBalancerIngress> load_balancer_ingress;  // addresses of the ready hosts
  std::vector<Condition> conditions;                       // kAllocated, when it is not
  friend bool operator==(const ServiceStatus&, const ServiceStatus&) = default;
};
struct Service : ObjectOf<Service, Kind::kService> {
  ServiceSpec spec;
  ServiceStatus status;
};
// Condition of a Service that lacks an address or a port: False, and why.
inline constexpr std::string_view kAllocated = "Allocated";

// What no two Services may have alike, as words: its address, "10.96.3.4", and its ports on every
// node, "30080/TCP".
std::vector<std::string> ClaimsOf(const ServiceSpec& spec);

inline bool IsHeadless(const Service& service) { return service.spec.cluster_ip == kHeadlessIp; }

struct EndpointConditions {  // unset: as consumers take it, see the functions below
  std::optional<bool> ready;
  std::optional<bool> serving;
  std::optional<bool> terminating;
  friend bool operator==(const EndpointConditions&, const EndpointConditions&) = default;
};
// Source: discovery/v1: an unset ready is true, an unset serving is what ready is.
inline bool IsReady(const EndpointConditions& conditions) {
  return conditions.ready.value_or(true);
}
inline bool IsServing(const EndpointConditions& conditions) {
  return conditions.serving.value_or(IsReady(conditions));
}
inline bool IsTerminating(const EndpointConditions& conditions) {
  return conditions.terminating.value_or(false);
}

struct Endpoint {
  std::vector<std::string> addresses;  // of the slice's type; the first is used
  EndpointConditions conditions;
  std::string hostname;
  std::string node_name;
  std::string zone;
  std::optional<ObjectReference> target_ref;
  OtherFields others;  // hints, deprecatedTopology
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};
struct EndpointPort {
  std::string name;  // of the Service's port
  Protocol protocol = Protocol::kTcp;
  int32_t port = 0;    // 0: unset, all ports
  OtherFields others;  // appProtocol
  friend bool operator==(const EndpointPort&, const EndpointPort&) = default;
};
// Belongs to the Service that its label kServiceNameLabel names.
struct EndpointSlice : ObjectOf<EndpointSlice, Kind::kEndpointSlice> {
  AddressType address_type = AddressType::kIpv4;
  std::vector<Endpoint> endpoints;
  std::vector<EndpointPort> ports;
};
inline constexpr char kServiceNameLabel[] = "kubernetes.io/service-name";
inline constexpr char kManagedByLabel[] = "endpointslice.kubernetes.io/managed-by";
inline constexpr char kZoneLabel[] = "topology.kubernetes.io/zone";  // of a Node: where it is

// The older form of the same, by a Service's own name.
struct EndpointAddress {
  std::string ip;
  std::string hostname;
  std::string node_name;
  std::optional<ObjectReference> target_ref;
  friend bool operator==(const EndpointAddress&, const EndpointAddress&) = default;
};
struct EndpointSubset {
  std::vector<EndpointAddress> addresses;
  std::vector<EndpointAddress> not_ready_addresses;
  std::vector<EndpointPort> ports;
  friend bool operator==(const EndpointSubset&, const EndpointSubset&) = default;
};
struct Endpoints : ObjectOf<Endpoints, Kind::kEndpoints> {
  std::vector<EndpointSubset> subsets;
};

}  // namespace reconcile
