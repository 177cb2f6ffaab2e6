#include "sim/ill_programs.h"

namespace reconcile {

void IllPrograms::Ended(const std::string& id) {
  began_.erase(id);
  unready_until_.erase(id);
}

std::optional<ProbeOutcome> IllPrograms::Answer(const ProbeRequest& request, MonoTime now) const {
  const std::string& id = request.container_id;
  if (hung_.contains(id)) return std::nullopt;
  const auto began = began_.find(id);
  if (began == began_.end()) return ProbeOutcome{false, "connection refused"};
  const auto* http = std::get_if<HttpProbe>(&request.probe.action);
  if (http == nullptr) return ProbeOutcome{true, ""};
  if (http->path == kStartedPath && now - began->second < kStartedAfterMs) {
    return ProbeOutcome{false, "it is starting"};
  }
  const auto unready = unready_until_.find(id);
  if (http->path == kReadyPath && unready != unready_until_.end() && now < unready->second) {
    return ProbeOutcome{false, "it is not ready"};
  }
  return ProbeOutcome{true, ""};
}

}  // namespace reconcile
