#include "cmd/agent_metrics.h"

#include <algorithm>
#include <array>
#include <map>

#include "cmd/metric_list.h"
#include "cmd/process_metrics.h"

namespace reconcile {
namespace {

using namespace agent_metric;

std::string NameOf(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kStartup:
      return "startup";
    case ProbeKind::kReadiness:
      return "readiness";
    case ProbeKind::kLiveness:
      return "liveness";
  }
  return "";
}

// By number, as RFC 1035 has them.
constexpr std::array<const char*, 6> kRcodes = {"NOERROR",  "FORMERR", "SERVFAIL",
                                                "NXDOMAIN", "NOTIMP",  "REFUSED"};

void ReadDns(const DnsStatistics& dns, MetricReadings* readings) {
  const auto add = [&](const Metric& metric, LabelValues values, uint64_t value) {
    readings->Add(metric, std::move(values), static_cast<double>(value));
  };
  add(kDnsQueries, {"udp"}, dns.queries - std::min(dns.tcp_queries, dns.queries));
  add(kDnsQueries, {"tcp"}, dns.tcp_queries);
  add(kDnsIgnored, {}, dns.ignored);
  for (size_t i = 0; i < kRcodes.size(); ++i) add(kDnsAnswers, {kRcodes[i]}, dns.answers[i]);
  add(kDnsAnswers, {"other"}, dns.other_answers);
  add(kDnsCacheHits, {}, dns.cache_hits);
  add(kDnsForwarded, {}, dns.forwarded);
  add(kDnsRefusedForwards, {}, dns.refused_forwards);
  add(kDnsUpstreamFailures, {}, dns.upstream_failures);
}

}  // namespace

AgentMetrics::AgentMetrics() : metrics_(AgentMetricList()) {}

void AgentMetrics::OnOperation(std::string_view kind, const Status& status, int64_t took_ms) {
  const std::string operation(kind);
  metrics_.Observe(kOperationSeconds, {operation}, static_cast<double>(took_ms) / 1000);
  metrics_.Count(kOperations, {operation, status.ok() ? "ok" : "error"});
}

void AgentMetrics::OnProbe(ProbeKind kind, const Result<ProbeOutcome>& outcome) {
  std::string result = "unknown";
  if (outcome.ok()) result = outcome->success ? "success" : "failure";
  metrics_.Count(kProbes, {NameOf(kind), result});
}

void AgentMetrics::OnReport(const Report& report, const Status& sent) {
  metrics_.Count(kReports, {sent.ok() ? "sent" : "unsent"});
  for (const AgentEvent& event : report.events) {
    if (sent.ok() && event.reason == kDriftCorrected) metrics_.Count(kDriftsCorrected, {});
  }
  metrics_.Set(kAssignmentHeld, {}, report.held.empty() ? 0 : 1);
  if (report.applied) {
    metrics_.Set(kAssignmentRevision, {}, static_cast<double>(report.applied->revision));
  }
  metrics_.Set(kNetworkProblems, {}, static_cast<double>(report.network.problems.size()));
  metrics_.Set(kUnreachedHosts, {}, static_cast<double>(report.network.unreached.size()));
  metrics_.Set(kImages, {},
               report.images == nullptr ? 0 : static_cast<double>(report.images->size()));
  double ready = 0;
  std::map<PodPhase, double> phases;
  for (const PodReport& pod : report.pods) {
    if (pod.gone) continue;
    phases[pod.status.phase] += 1;
    const Condition* condition = FindCondition(pod.status.conditions, "Ready");
    if (condition != nullptr && condition->status == ConditionStatus::kTrue) ready += 1;
  }
  for (const PodPhase phase : {PodPhase::kPending, PodPhase::kRunning, PodPhase::kSucceeded,
                               PodPhase::kFailed, PodPhase::kUnknown}) {
    metrics_.Set(kAgentPods, {std::string(ToString(phase))}, phases[phase]);
  }
  metrics_.Set(kAgentPodsReady, {}, ready);
}

std::string AgentMetrics::Text(const Look& look) const {
  MetricReadings readings;
  ReadProcessMetrics(&readings);
  for (const auto& [name, waiting] : look.queues) {
    readings.Add(kAgentQueueDepth, {name}, static_cast<double>(waiting));
  }
  readings.Add(kLinkConnected, {}, look.connected ? 1 : 0);
  readings.Add(kAgentLinkStreams, {}, static_cast<double>(look.link_streams));
  if (look.dns) ReadDns(*look.dns, &readings);
  return metrics_.Text(readings);
}

}  // namespace reconcile
