#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

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

// Asks a pod's programs over the network, from the host: HttpProbe, TcpProbe and GrpcProbe. The
// seam to what is probed. Production: CurlProber. Tests and the simulator: FakeProber.
class Prober {
 public:
  virtual ~Prober() = default;
  // The outcome; a status when the probe could not be tried, which says nothing of the program:
  // kUnavailable when too much is under way, kInvalid for an action that goes another way (exec) or
  // that this host's libraries cannot do.
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

// The gRPC health check (grpc.health.v1.Health/Check over HTTP/2 without TLS), by hand: one call
// with one field each way needs no library. Sources: grpc/doc/health-checking.md,
// PROTOCOL-HTTP2.md.
inline constexpr std::string_view kGrpcHealthPath = "/grpc.health.v1.Health/Check";
struct GrpcAnswer {
  int http_status = 0;
  std::optional<int> grpc_status;  // of the header or the trailer of that name
  std::string grpc_message;
  std::string body;  // at most kMaxProbeBodyBytes
};
// PURE. The request's body: a frame with a HealthCheckRequest.
std::string GrpcHealthRequest(const std::string& service);
// PURE. In the kubelet's words.
ProbeOutcome OutcomeOfGrpc(const GrpcAnswer& answer);

}  // namespace reconcile
