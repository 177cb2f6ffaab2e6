#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "net/cluster_network.h"

namespace reconcile {

// PURE: whether a host has endpoints of a Service whose external traffic policy is Local, as load
// balancers outside ask it at the Service's healthCheckNodePort (SEMANTICS 13.7). Source:
// kube-proxy, pkg/proxy/healthcheck/service_health.go.

struct ServiceHealth {
  std::string namespace_name;
  std::string name;
  int local_endpoints = 0;  // ready ones on this host, by address
  friend bool operator==(const ServiceHealth&, const ServiceHealth&) = default;
};
// By the port; of two Services that claim one, the first has it.
std::map<uint16_t, ServiceHealth> ServiceHealthsOf(const NetworkState& state);

// The answer to an HTTP request, whatever its path and method: 200 where there are endpoints and
// the host's rules follow the model (`follows`), else 503. 400 to what is no request.
// `request`: its head.
std::string AnswerHealth(std::string_view request, const ServiceHealth& health, bool follows);

}  // namespace reconcile
