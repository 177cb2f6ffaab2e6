#include "cmd/metric_list.h"

#include <cstdio>

namespace reconcile {
namespace {

using enum MetricType;

// Seconds. For what takes a moment, and for what people wait for.
std::vector<double> ShortBounds() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
}
std::vector<double> LongBounds() {
  return {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800};
}

}  // namespace

namespace controller_metric {

const Metric kTurnSeconds = {
    "reconcile_turn_duration_seconds",
    kHistogram,
    {},
    "Time of one turn of the controller: reports and commits in, plan, store, assignments out.",
    ShortBounds()};
const Metric kTurns = {"reconcile_turns_total",
                       kCounter,
                       {"result"},
                       "Turns of the controller: done, conflict (taken again at once), refused "
                       "(the store does not write)."};
const Metric kQueueDepth = {
    "reconcile_queue_depth",
    kGauge,
    {"queue"},
    "What waits to be done: tasks of the controller's loop, fetches without a thread (sources)."};

const Metric kFetchSeconds = {"reconcile_source_fetch_duration_seconds",
                              kHistogram,
                              {"source"},
                              "Time of one look at a source's repository.",
                              LongBounds()};
const Metric kFetches = {"reconcile_source_fetches_total",
                         kCounter,
                         {"source", "result"},
                         "Looks at a source's repository: ok, unavailable (it did not answer), "
                         "invalid (no such thing, or a limit was passed), error."};
const Metric kConvergedSeconds = {"reconcile_commit_to_converged_seconds",
                                  kHistogram,
                                  {"source"},
                                  "From a commit seen to the last pod that it brings ready.",
                                  LongBounds()};
const Metric kSourceReady = {"reconcile_source_ready",
                             kGauge,
                             {"source"},
                             "1 when the source's newest wanted commit is read and applied, 0 when "
                             "something is wrong with it or it waits."};
const Metric kSourceHeld = {
    "reconcile_source_held",
    kGauge,
    {"source"},
    "1 while the deletion breaker holds a commit for a person's confirmation."};
const Metric kSourceSuspended = {"reconcile_source_suspended",
                                 kGauge,
                                 {"source"},
                                 "1 while a person or the configuration suspends the source."};
const Metric kSourceInfo = {
    "reconcile_source_info", kGauge, {"source", "commit"}, "Always 1: which commit is in force."};
const Metric kSourceApplied = {"reconcile_source_applied_timestamp_seconds",
                               kGauge,
                               {"source"},
                               "When the commit in force was applied."};

const Metric kUnconverged = {"reconcile_unconverged",
                             kGauge,
                             {},
                             "Lines of `reconcile status` that say what is not converged; 0 when "
                             "everything is as Git says."};
const Metric kObjects = {"reconcile_objects", kGauge, {"kind"}, "Objects in the model."};
const Metric kPods = {
    "reconcile_pods", kGauge, {"namespace", "phase"}, "Pods by namespace and phase."};
const Metric kPodsReady = {"reconcile_pods_ready", kGauge, {"namespace"}, "Pods that are ready."};
const Metric kPodsUnschedulable = {
    "reconcile_pods_unschedulable", kGauge, {}, "Pods that no node takes at the moment."};
const Metric kMissingReplicas = {"reconcile_workload_missing_replicas",
                                 kGauge,
                                 {"kind", "namespace", "name"},
                                 "How many ready pods a Deployment, StatefulSet or DaemonSet "
                                 "lacks; there for those that lack some."};
const Metric kPlacementFailures = {
    "reconcile_placement_failures_total",
    kCounter,
    {},
    "Times that a pod was found to fit on no node, or on none for another reason than before."};
const Metric kContainerRestarts = {"reconcile_container_restarts_total",
                                   kCounter,
                                   {"namespace"},
                                   "Restarts of containers that hosts reported."};
const Metric kEvents = {"reconcile_events_total",
                        kCounter,
                        {"type", "reason"},
                        "Events recorded, repeats counted, as `reconcile events` shows them."};

const Metric kNodeCondition = {
    "reconcile_node_condition",
    kGauge,
    {"node", "condition"},
    "1 when the node's condition is True, 0 when False, -1 when Unknown."};
const Metric kNodeUnschedulable = {"reconcile_node_unschedulable",
                                   kGauge,
                                   {"node"},
                                   "1 while new pods go elsewhere, by Git or by a person's word."};
const Metric kNodeConnected = {"reconcile_node_agent_connected",
                               kGauge,
                               {"node"},
                               "1 while the node's agent has a connection to the controller."};
const Metric kAgentConnections = {
    "reconcile_agent_connections_total", kCounter, {}, "Connections that agents began."};
const Metric kAgentDisconnections = {
    "reconcile_agent_disconnections_total", kCounter, {}, "Connections of agents that ended."};
const Metric kAgentReports = {"reconcile_agent_reports_received_total",
                              kCounter,
                              {"node"},
                              "Reports of agents, heartbeats too."};
const Metric kLinkStreams = {
    "reconcile_link_streams",
    kGauge,
    {},
    "Connections of agents besides the one for control: logs, exec, port-forward, scrapes."};

const Metric kCommitSeconds = {"reconcile_store_commit_duration_seconds",
                               kHistogram,
                               {},
                               "Time until the database had a transaction on disk.",
                               ShortBounds()};
const Metric kCommitFailures = {
    "reconcile_store_commit_failures_total",
    kCounter,
    {},
    "Transactions that the database refused; nothing of them was sent out."};
const Metric kRevision = {"reconcile_store_revision", kGauge, {}, "The model's newest revision."};
const Metric kStoreBytes = {"reconcile_store_size_bytes",
                            kGauge,
                            {"file"},
                            "Size of the database and of its write-ahead log."};

const Metric kApiSeconds = {
    "reconcile_api_request_duration_seconds",
    kHistogram,
    {"verb"},
    "From a request's head to its answer's first byte, over TLS; refused ones too.",
    ShortBounds()};
const Metric kApiRequests = {
    "reconcile_api_requests_total",
    kCounter,
    {"verb", "resource", "code"},
    "Requests over TLS by what they ask for and the HTTP code of the answer."};
const Metric kWatches = {"reconcile_api_watches", kGauge, {}, "Watches that are open."};
const Metric kCutStreams = {"reconcile_api_streams_cut_off_total",
                            kCounter,
                            {},
                            "Watches and other streams ended because their reader was too slow."};

const Metric kAuthorityExpiry = {"reconcile_ca_expiry_timestamp_seconds",
                                 kGauge,
                                 {"fingerprint"},
                                 "When a CA of the cluster expires."};
const Metric kNodeCertificateExpiry = {"reconcile_node_certificate_expiry_timestamp_seconds",
                                       kGauge,
                                       {"node"},
                                       "When the newest certificate of a node expires; agents "
                                       "renew theirs between half and four fifths of its life."};

}  // namespace controller_metric

namespace agent_metric {

const Metric kOperationSeconds = {
    "reconcile_agent_operation_duration_seconds",
    kHistogram,
    {"operation"},
    "Time of one operation on this host, as the start of a container or the pull of an image.",
    LongBounds()};
const Metric kOperations = {
    "reconcile_agent_operations_total",
    kCounter,
    {"operation", "result"},
    "Operations on this host that ended: ok or error; errors are tried again."};
const Metric kAgentQueueDepth = {
    "reconcile_agent_queue_depth",
    kGauge,
    {"queue"},
    "What waits to be done: tasks of the agent's loop, jobs for the network and for volumes."};
const Metric kProbes = {"reconcile_agent_probes_total",
                        kCounter,
                        {"probe", "result"},
                        "Probes of containers: success, failure, unknown (it could not be asked)."};
const Metric kAgentPods = {
    "reconcile_agent_pods", kGauge, {"phase"}, "Pods of this host as last reported."};
const Metric kAgentPodsReady = {"reconcile_agent_pods_ready",
                                kGauge,
                                {},
                                "Pods of this host that are ready, as last reported."};
const Metric kImages = {
    "reconcile_agent_images", kGauge, {}, "Images of this host as last reported; the largest 50."};
const Metric kReports = {
    "reconcile_agent_reports_total",
    kCounter,
    {"result"},
    "Reports to the controller: sent or unsent (it is away, or reads slowly)."};
const Metric kDriftsCorrected = {
    "reconcile_agent_drifts_corrected_total",
    kCounter,
    {},
    "What somebody changed by hand on this host and was put right, as events tell it."};
const Metric kLinkConnected = {"reconcile_agent_link_connected",
                               kGauge,
                               {},
                               "1 while this agent is connected to its controller."};
const Metric kAgentLinkStreams = {
    "reconcile_agent_link_streams",
    kGauge,
    {},
    "Streams that this agent dialed and that are open: logs, exec, port-forward, scrapes."};
const Metric kAssignmentHeld = {
    "reconcile_agent_assignment_held",
    kGauge,
    {},
    "1 while the newest assignment is refused or held; `reconcile status` says why."};
const Metric kAssignmentRevision = {"reconcile_agent_assignment_revision",
                                    kGauge,
                                    {},
                                    "Revision of the assignment that is obeyed."};
const Metric kNetworkProblems = {"reconcile_agent_network_problems",
                                 kGauge,
                                 {},
                                 "What the host's network lacks, though it works."};
const Metric kUnreachedHosts = {
    "reconcile_agent_network_unreached_hosts",
    kGauge,
    {},
    "Other hosts whose pods' subnets did not answer when last looked for."};
const Metric kDnsQueries = {"reconcile_agent_dns_queries_total",
                            kCounter,
                            {"protocol"},
                            "DNS queries of pods and of this host."};
const Metric kDnsIgnored = {"reconcile_agent_dns_ignored_packets_total",
                            kCounter,
                            {},
                            "Packets to the DNS server that are no queries."};
const Metric kDnsAnswers = {
    "reconcile_agent_dns_answers_total", kCounter, {"rcode"}, "DNS answers by their code."};
const Metric kDnsCacheHits = {
    "reconcile_agent_dns_cache_hits_total", kCounter, {}, "DNS queries answered from the cache."};
const Metric kDnsForwarded = {
    "reconcile_agent_dns_forwarded_total", kCounter, {}, "DNS queries sent on to an upstream."};
const Metric kDnsRefusedForwards = {
    "reconcile_agent_dns_refused_forwards_total",
    kCounter,
    {},
    "DNS queries not sent on: too much is under way, or there is no upstream."};
const Metric kDnsUpstreamFailures = {"reconcile_agent_dns_upstream_failures_total",
                                     kCounter,
                                     {},
                                     "Attempts at a DNS upstream that brought no answer."};

}  // namespace agent_metric

namespace process_metric {

const Metric kBuildInfo = {
    "reconcile_build_info", kGauge, {"version"}, "Always 1: the release that runs."};
const Metric kCpuSeconds = {"process_cpu_seconds_total",
                            kCounter,
                            {},
                            "Processor time that the process took, children apart."};
const Metric kMemoryBytes = {
    "process_resident_memory_bytes", kGauge, {}, "Memory of the process that is resident."};
const Metric kOpenFiles = {"process_open_fds", kGauge, {}, "File descriptors that are open."};
const Metric kMaxFiles = {"process_max_fds", kGauge, {}, "File descriptors that may be open."};
const Metric kStartTime = {
    "process_start_time_seconds", kGauge, {}, "When the process began, since 1970."};
const Metric kThreads = {"process_threads", kGauge, {}, "Threads of the process."};

}  // namespace process_metric

namespace {

std::vector<const Metric*> ProcessMetricList() {
  using namespace process_metric;
  return {&kBuildInfo, &kCpuSeconds, &kMemoryBytes, &kOpenFiles,
          &kMaxFiles,  &kStartTime,  &kThreads};
}

std::vector<const Metric*> OwnControllerMetrics() {
  using namespace controller_metric;
  return {&kTurnSeconds,
          &kTurns,
          &kQueueDepth,
          &kFetchSeconds,
          &kFetches,
          &kConvergedSeconds,
          &kSourceReady,
          &kSourceHeld,
          &kSourceSuspended,
          &kSourceInfo,
          &kSourceApplied,
          &kUnconverged,
          &kObjects,
          &kPods,
          &kPodsReady,
          &kPodsUnschedulable,
          &kMissingReplicas,
          &kPlacementFailures,
          &kContainerRestarts,
          &kEvents,
          &kNodeCondition,
          &kNodeUnschedulable,
          &kNodeConnected,
          &kAgentConnections,
          &kAgentDisconnections,
          &kAgentReports,
          &kLinkStreams,
          &kCommitSeconds,
          &kCommitFailures,
          &kRevision,
          &kStoreBytes,
          &kApiSeconds,
          &kApiRequests,
          &kWatches,
          &kCutStreams,
          &kAuthorityExpiry,
          &kNodeCertificateExpiry};
}

std::vector<const Metric*> OwnAgentMetrics() {
  using namespace agent_metric;
  return {&kOperationSeconds,    &kOperations,       &kAgentQueueDepth, &kProbes,
          &kAgentPods,           &kAgentPodsReady,   &kImages,          &kReports,
          &kLinkConnected,       &kAgentLinkStreams, &kAssignmentHeld,  &kAssignmentRevision,
          &kNetworkProblems,     &kUnreachedHosts,   &kDnsQueries,      &kDnsIgnored,
          &kDnsAnswers,          &kDnsCacheHits,     &kDnsForwarded,    &kDnsRefusedForwards,
          &kDnsUpstreamFailures, &kDriftsCorrected};
}

std::vector<const Metric*> WithProcess(std::vector<const Metric*> list) {
  for (const Metric* metric : ProcessMetricList()) list.push_back(metric);
  return list;
}

// By Prometheus' conventions the unit is the end of the name.
std::string UnitOf(std::string_view name) {
  if (name.ends_with("_total")) name.remove_suffix(6);
  if (name.ends_with("_timestamp_seconds") || name == "process_start_time_seconds") {
    return "seconds since 1970";
  }
  for (const std::string_view unit : {"seconds", "bytes"}) {
    if (name.ends_with("_" + std::string(unit))) return std::string(unit);
  }
  return "";
}

std::string TableOf(const std::string& title, const std::vector<const Metric*>& list) {
  std::string text =
      "## " + title + "\n\n| metric | type | labels | unit | meaning |\n|---|---|---|---|---|\n";
  for (const Metric* metric : list) {
    std::string labels;
    for (const std::string_view label : metric->labels) {
      labels += (labels.empty() ? "`" : ", `") + std::string(label) + "`";
    }
    text += "| `" + std::string(metric->name) + "` | " + std::string(ToString(metric->type)) +
            " | " + labels + " | " + UnitOf(metric->name) + " | " + std::string(metric->help) +
            " |\n";
  }
  return text + "\n";
}

}  // namespace

std::vector<const Metric*> ControllerMetricList() { return WithProcess(OwnControllerMetrics()); }
std::vector<const Metric*> AgentMetricList() { return WithProcess(OwnAgentMetrics()); }

std::string MetricTables() {
  return TableOf("The controller's", OwnControllerMetrics()) +
         TableOf("An agent's", OwnAgentMetrics()) + TableOf("Of both", ProcessMetricList());
}

}  // namespace reconcile
