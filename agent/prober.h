#pragma once

#include <functional>
#include <string>

#include "agent/probes.h"
#include "base/status.h"

namespace reconcile {

// Of an answer's body, and of a message.
inline constexpr size_t kMaxProbeBodyBytes = 10 * 1024;  // kubelet: maxRespBodyLength
inline constexpr int kMaxProbeRedirects = 10;            // net/http, as the kubelet uses it
inline constexpr size_t kMaxProbesWaiting = 4'096;
inline constexpr int kMaxNamedProbes =
    16;  // at once, of hosts by name: each look-up takes a thread

struct ProbeRequest {
  std::string container_id;
  std::string address;  // the pod's; the host's with hostNetwork
  Probe probe;
};

// Asks a pod's programs over the network, from the host: HttpProbe and TcpProbe. The seam to what
// is probed. Production: CurlProber. Tests and the simulator: FakeProber.
class Prober {
 public:
  virtual ~Prober() = default;
  // The outcome; a status when the probe could not be tried, which says nothing of the program:
  // kUnavailable when too much is under way, kInvalid for an action that goes another way (exec,
  // gRPC).
  using Done = std::function<void(Result<ProbeOutcome>)>;
  // Asks once. `done` runs on the loop's thread, once, never inside this call, soon after the
  // probe's timeout at the latest; never after the end of this object.
  virtual void Ask(ProbeRequest request, Done done) = 0;
};

// PURE. What the network need not be asked for, as a port that the container does not have; nothing
// when it must be.
std::optional<Result<ProbeOutcome>> AnswerWithoutAsking(const Probe& probe);
// PURE. The outcome of an HTTP answer, in the kubelet's words.
ProbeOutcome OutcomeOfHttpStatus(int status);

}  // namespace reconcile
