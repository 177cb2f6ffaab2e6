#include "agent/prober.h"

namespace reconcile {

std::optional<Result<ProbeOutcome>> AnswerWithoutAsking(const Probe& probe) {
  const auto of_port = [](int32_t port) -> std::optional<Result<ProbeOutcome>> {
    if (port > 0) return std::nullopt;
    return ProbeOutcome{false, "the container has no port of the name that the probe gives"};
  };
  if (const auto* http = std::get_if<HttpProbe>(&probe.action)) return of_port(http->port);
  if (const auto* tcp = std::get_if<TcpProbe>(&probe.action)) return of_port(tcp->port);
  return Result<ProbeOutcome>(InvalidError("this probe is not one over HTTP or TCP"));
}

ProbeOutcome OutcomeOfHttpStatus(int status) {
  if (status >= 200 && status < 400) return {true, ""};
  return {false, "HTTP probe failed with statuscode: " + std::to_string(status)};
}

}  // namespace reconcile
