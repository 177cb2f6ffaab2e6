#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "schema/pod.h"

namespace reconcile {

// PURE: what one host does with packets for service addresses, as nft text. Flat maps (address,
// protocol, port) -> what to do, and (address, protocol, port, index) -> endpoint: what a packet
// costs, and what a change costs, do not grow with the number of Services.

// Where an address is reached: numbers in host order.
struct ServiceAddress {
  uint32_t address = 0;  // 0: any of the host's own
  Protocol protocol = Protocol::kTcp;
  uint16_t port = 0;
  friend auto operator<=>(const ServiceAddress&, const ServiceAddress&) = default;
};
struct ServiceEndpoint {
  uint32_t address = 0;
  uint16_t port = 0;
  friend auto operator<=>(const ServiceEndpoint&, const ServiceEndpoint&) = default;
};
// What becomes of a new connection to a ServiceAddress. Without endpoints it is refused, as if
// nobody listened there, or dropped (SEMANTICS 13.6).
struct ServiceTarget {
  std::vector<ServiceEndpoint> endpoints;  // sorted; each as likely as the others
  bool drops = false;
  bool masquerades = false;          // endpoints see this host, and answer by way of it
  int32_t affinity_seconds = 0;      // 0: each connection goes anywhere
  std::vector<std::string> sources;  // blocks that may connect, sorted; empty: all
  friend bool operator==(const ServiceTarget&, const ServiceTarget&) = default;
};
struct ServiceTable {
  std::string service_cidr;  // addresses of it that nothing is behind are refused
  std::string pod_cidr;      // of the cluster
  std::string host_in_pods;  // this host's own address in its pod subnet
  std::map<ServiceAddress, ServiceTarget> targets;
  // Endpoints on this host: one that reaches itself by a service address has to be masqueraded.
  std::set<uint32_t> local_endpoints;
  friend bool operator==(const ServiceTable&, const ServiceTable&) = default;
};

// Makes the table what `table` says, in one transaction, whatever it was; who is bound to which
// endpoint (session affinity) is kept.
std::string CompileServiceRules(const ServiceTable& table);
// Likewise from exactly `before`, and only what differs; empty when nothing does.
std::string CompileServiceChange(const ServiceTable& before, const ServiceTable& after);
std::string CompileRemoveServiceRules();  // harmless when absent

// Flows to go after a change: UDP of endpoints that are gone would last as long as packets come.
struct StaleFlow {
  ServiceAddress address;
  uint32_t endpoint = 0;
  friend bool operator==(const StaleFlow&, const StaleFlow&) = default;
};
std::vector<StaleFlow> StaleFlows(const ServiceTable& before, const ServiceTable& after);

}  // namespace reconcile
