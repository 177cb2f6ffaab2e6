#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/value.h"

namespace reconcile {

// PURE: what `port-forward` is asked of.

struct ForwardedPort {
  uint16_t local = 0;  // 0: any free one
  std::string remote;  // a number, or the name of a port
  friend bool operator==(const ForwardedPort&, const ForwardedPort&) = default;
};
// "8080:80", "80", ":80", "8080:http", as kubectl has them.
Result<ForwardedPort> ParseForwardedPort(std::string_view word);

struct ForwardTarget {
  std::string plural;  // "pods", "services", "deployments", ...
  std::string group;   // "" is the core group
  std::string name;
  friend bool operator==(const ForwardTarget&, const ForwardTarget&) = default;
};
// "web-5c9f7d-abcde", "pod/...", "svc/web", "deployment/web", "statefulset/db", "daemonset/agent".
Result<ForwardTarget> ParseForwardTarget(std::string_view word);

// The label selector ("a=b,c=d") of the pods of a service or a workload. Invalid when it has none,
// or one that is more than equalities.
Result<std::string> PodSelectorOf(const ForwardTarget& target, const Value& object);

// The port of `pod` that `remote` means: of a Service its port's target, else the pod's own; names
// are those of the pod's containers' ports, of a Service its own. NotFound when there is none.
Result<uint16_t> PortIn(const Value& pod, const Value* service, const std::string& remote);

}  // namespace reconcile
