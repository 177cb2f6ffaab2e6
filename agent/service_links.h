#pragma once

#include "agent/env.h"

namespace reconcile {

// Of one container: programs take no more than about 2 MB of arguments and environment together.
inline constexpr size_t kMaxServiceLinkBytes = 256 << 10;

struct ServiceLinks {
  EnvList variables;    // each name once
  size_t left_out = 0;  // Services for which there was no room
};

// PURE. What tells a container of the Services with an address in its pod's namespace, in the order
// of their names, unless the pod's enableServiceLinks is false; and of default/kubernetes in every
// pod, where there is such a Service (SEMANTICS 11.7; pkg/kubelet/envvars/envvars.go):
// WEB_SERVICE_HOST, WEB_SERVICE_PORT, WEB_SERVICE_PORT_<PORT'S NAME>, and as Docker's links had it,
// WEB_PORT and WEB_PORT_80_TCP with _PROTO, _PORT and _ADDR.
ServiceLinks ServiceLinksFor(const Assignment& assignment, const Pod& pod);

// PURE. For the event that says that there was no room for so many Services.
std::string LinksLeftOutMessage(const std::string& container, size_t left_out);

}  // namespace reconcile
