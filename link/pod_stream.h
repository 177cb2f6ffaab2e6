#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/pod_stream.h"

namespace reconcile {

// What a client of the API wants of a running pod, both ways: exec, attach, or one TCP connection
// of a port-forward. Its agent serves it over a connection that the agent dials.
struct PodStreamRequest {
  enum class Kind : uint8_t { kExec, kAttach, kPortForward };
  Kind kind = Kind::kExec;
  std::string pod_uid;
  std::string container;             // "" is the only one; none for a port-forward
  std::vector<std::string> command;  // kExec: as it is run, no shell
  bool in = false;                   // of a port-forward all three are there
  bool out = false;
  bool err = false;  // never with tty: a terminal has one output
  bool tty = false;
  uint16_t port = 0;  // kPortForward: on the loopback of the pod's network namespace
  friend bool operator==(const PodStreamRequest&, const PodStreamRequest&) = default;
};
std::string_view ToString(PodStreamRequest::Kind kind);  // "exec", "attach", "portForward"

inline constexpr size_t kMaxStreamCommandBytes = 64 << 10;  // of its words together
inline constexpr size_t kMaxStreamCommandWords = 4'096;

// PURE. Invalid, saying why, when no agent could serve it, or it could not travel: a command is
// missing, too long, or no UTF-8.
Status CheckPodStreamRequest(const PodStreamRequest& request);

}  // namespace reconcile
