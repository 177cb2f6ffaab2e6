#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "schema/pod.h"

namespace reconcile {

// What probes ask. Ports are numbers: named ones were looked up among the container's own; 0 is a
// name that the container has no port of, and such a probe always fails.
struct ExecProbe {
  std::vector<std::string> command;
  friend bool operator==(const ExecProbe&, const ExecProbe&) = default;
};
struct HttpProbe {
  std::string host;  // "": the pod's address
  int32_t port = 0;
  std::string path = "/";  // with its query; begins with '/'
  bool tls = false;        // certificates are not verified
  std::vector<std::pair<std::string, std::string>> headers;
  bool of_hook = false;  // not a probe but a lifecycle hook: any answer is success
  friend bool operator==(const HttpProbe&, const HttpProbe&) = default;
};
struct TcpProbe {
  std::string host;  // "": the pod's address
  int32_t port = 0;
  friend bool operator==(const TcpProbe&, const TcpProbe&) = default;
};
struct GrpcProbe {
  int32_t port = 0;
  std::string service;
  friend bool operator==(const GrpcProbe&, const GrpcProbe&) = default;
};

enum class ProbeKind { kStartup, kReadiness, kLiveness };
inline constexpr ProbeKind kProbeKinds[] = {ProbeKind::kStartup, ProbeKind::kReadiness,
                                            ProbeKind::kLiveness};

// Its field of a container.
std::string_view ProbeField(ProbeKind kind);

// A container's probe with its defaults (SEMANTICS 10; 0 is the default in every field).
struct Probe {
  std::variant<ExecProbe, HttpProbe, TcpProbe, GrpcProbe> action;
  int64_t initial_delay_ms = 0;
  int64_t period_ms = 10'000;
  int64_t timeout_ms = 1'000;
  int32_t success_threshold = 1;
  int32_t failure_threshold = 3;
  std::optional<int64_t> grace_seconds;  // none: the pod's
  friend bool operator==(const Probe&, const Probe&) = default;
};
// Read from Container::others, where it was checked already; none when it has no such probe.
std::optional<Probe> ProbeOf(const Container& container, ProbeKind kind);

// What exec and httpGet say, of probes and of hooks (schema/lifecycle.h).
ExecProbe ExecActionOf(const Value& written);
HttpProbe HttpActionOf(const Container& container, const Value& written);

}  // namespace reconcile
