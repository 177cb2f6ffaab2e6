#include "cmd/controller_metrics.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>

#include "api/authorization.h"
#include "api/served_kinds.h"
#include "cmd/metric_list.h"
#include "cmd/model_metrics.h"
#include "cmd/process_metrics.h"

namespace reconcile {
namespace {

using namespace controller_metric;

double NowSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double Seconds(int64_t ms) { return static_cast<double>(ms) / 1000; }

std::string ResultOf(const Status& status) {
  if (status.ok()) return "ok";
  if (status.code() == StatusCode::kUnavailable) return "unavailable";
  return status.code() == StatusCode::kInvalid ? "invalid" : "error";
}

std::string NameOf(ControllerObserver::TurnEnd end) {
  switch (end) {
    case ControllerObserver::TurnEnd::kDone:
      return "done";
    case ControllerObserver::TurnEnd::kConflict:
      return "conflict";
    case ControllerObserver::TurnEnd::kRefused:
      return "refused";
  }
  return "";
}

// Of this program's own group, what is no kind: its operations and views.
constexpr std::array<std::string_view, 18> kOwnResources = {
    "status",   "history", "network", "sync",        "suspend",      "resume",
    "rollback", "apply",   "plan",    "cordon",      "drain",        "uncordon",
    "confirm",  "users",   "secrets", "plan-newest", "drain-status", "remove-node"};
constexpr std::array<std::string_view, 9> kPaths = {
    "api", "apis", "openapi", "version", "healthz", "livez", "readyz", "metrics", ".well-known"};
// Named as a whole: what is asked of them is no stored object.
constexpr std::array<std::string_view, 3> kGroups = {"authentication.k8s.io",
                                                     "authorization.k8s.io", "metrics.k8s.io"};
constexpr std::array<std::string_view, 9> kSubresources = {
    "log", "exec", "attach", "portforward", "eviction", "status", "scale", "proxy", "binding"};

template <typename List>
bool Has(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool IsPlural(std::string_view word) {
  return std::any_of(kAllKinds.begin(), kAllKinds.end(),
                     [&](Kind kind) { return InfoOf(kind).plural == word; });
}

}  // namespace

std::string ResourceLabel(const ApiRequest& request) {
  const Access access = AccessOf(request);
  if (access.resource.empty()) {
    const std::vector<std::string> parts = SplitPath(request.path);
    return !parts.empty() && Has(kPaths, parts[0]) ? parts[0] : "other";
  }
  if (Has(kGroups, access.group)) return access.group;
  if (!IsPlural(access.resource) && !Has(kOwnResources, access.resource)) return "other";
  const std::string part = access.subresource.substr(0, access.subresource.find('/'));
  return Has(kSubresources, part) ? access.resource + "/" + part : access.resource;
}

ControllerMetrics::ControllerMetrics() : metrics_(ControllerMetricList()) {}

void ControllerMetrics::OnTurnBegin() { turn_began_s_ = NowSeconds(); }

void ControllerMetrics::OnTurnEnd(TurnEnd end) {
  metrics_.Observe(kTurnSeconds, {}, NowSeconds() - turn_began_s_);
  metrics_.Count(kTurns, {NameOf(end)});
}

void ControllerMetrics::OnFetched(const std::string& source, const Status& status,
                                  int64_t took_ms) {
  metrics_.Observe(kFetchSeconds, {source}, Seconds(took_ms));
  metrics_.Count(kFetches, {source, ResultOf(status)});
}

void ControllerMetrics::OnConverged(const std::string& source, int64_t took_ms) {
  metrics_.Observe(kConvergedSeconds, {source}, Seconds(took_ms));
}

void ControllerMetrics::OnAgentConnected(const std::string&) { metrics_.Count(kAgentConnections); }
void ControllerMetrics::OnAgentDisconnected(const std::string&) {
  metrics_.Count(kAgentDisconnections);
}
void ControllerMetrics::OnAgentReport(const std::string& node) {
  metrics_.Count(kAgentReports, {node});
}

void ControllerMetrics::OnCommit(double seconds, const Status& status) {
  metrics_.Observe(kCommitSeconds, {}, seconds);
  if (!status.ok()) metrics_.Count(kCommitFailures);
}

ApiServerOptions::OnAnswer ControllerMetrics::OnApiRequest() {
  return [this, began_s = NowSeconds()](const ApiRequest& request, int code) {
    const std::string verb = AccessOf(request).verb;
    metrics_.Observe(kApiSeconds, {verb}, NowSeconds() - began_s);
    metrics_.Count(kApiRequests, {verb, ResourceLabel(request), std::to_string(code)});
  };
}

void ControllerMetrics::OnCutOff() { metrics_.Count(kCutStreams); }

void ControllerMetrics::OnChanges(const std::vector<Change>& changes) {
  CountChanges(changes, &metrics_);
}

std::string ControllerMetrics::Text(const Look& look) const {
  MetricReadings readings;
  ReadProcessMetrics(&readings);
  readings.Add(kQueueDepth, {"loop"}, static_cast<double>(look.loop_waiting));
  readings.Add(kQueueDepth, {"sources"}, static_cast<double>(look.sources_waiting));
  readings.Add(kWatches, {}, static_cast<double>(look.watches));
  for (const auto& [file, suffix] : {std::pair("database", ""), std::pair("log", "-wal")}) {
    std::error_code error;
    const auto size = std::filesystem::file_size(look.database_path + suffix, error);
    if (!error) readings.Add(kStoreBytes, {file}, static_cast<double>(size));
  }
  for (const auto& [name, at] : look.authorities) {
    readings.Add(kAuthorityExpiry, {name}, Seconds(at.ms));
  }
  for (const auto& [name, at] : look.certificates) {
    readings.Add(kNodeCertificateExpiry, {name}, Seconds(at.ms));
  }
  ReadModelMetrics(*look.controller->State(), &readings);
  readings.Add(kUnconverged, {}, static_cast<double>(look.controller->Unconverged().size()));
  size_t connected = 0;
  for (const auto& network : look.controller->Networks()) {
    connected += network.connected ? 1 : 0;
    readings.Add(kNodeConnected, {network.node}, network.connected ? 1 : 0);
  }
  const size_t streams = look.link_connections - std::min(connected, look.link_connections);
  readings.Add(kLinkStreams, {}, static_cast<double>(streams));
  return metrics_.Text(readings);
}

}  // namespace reconcile
