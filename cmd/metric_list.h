#pragma once

#include <string>
#include <vector>

#include "base/metrics.h"

namespace reconcile {

// Every metric there is, each said once. docs/metrics.md is written from these lists, and what
// packaging/ names of them is checked against them.

namespace controller_metric {
// The loop.
extern const Metric kTurnSeconds;
extern const Metric kTurns;
extern const Metric kQueueDepth;
// Sources.
extern const Metric kFetchSeconds;
extern const Metric kFetches;
extern const Metric kConvergedSeconds;
extern const Metric kSourceReady;
extern const Metric kSourceHeld;
extern const Metric kSourceSuspended;
extern const Metric kSourceInfo;
extern const Metric kSourceApplied;
// The model.
extern const Metric kUnconverged;
extern const Metric kObjects;
extern const Metric kPods;
extern const Metric kPodsReady;
extern const Metric kPodsUnschedulable;
extern const Metric kMissingReplicas;
extern const Metric kPlacementFailures;
extern const Metric kContainerRestarts;
extern const Metric kEvents;
// Hosts.
extern const Metric kNodeCondition;
extern const Metric kNodeUnschedulable;
extern const Metric kNodeConnected;
extern const Metric kAgentConnections;
extern const Metric kAgentDisconnections;
extern const Metric kAgentReports;
extern const Metric kLinkStreams;
// The store.
extern const Metric kCommitSeconds;
extern const Metric kCommitFailures;
extern const Metric kRevision;
extern const Metric kStoreBytes;
// The API.
extern const Metric kApiSeconds;
extern const Metric kApiRequests;
extern const Metric kWatches;
extern const Metric kCutStreams;
// Keys.
extern const Metric kAuthorityExpiry;
extern const Metric kNodeCertificateExpiry;
}  // namespace controller_metric

namespace agent_metric {
extern const Metric kOperationSeconds;
extern const Metric kOperations;
extern const Metric kAgentQueueDepth;
extern const Metric kProbes;
extern const Metric kAgentPods;
extern const Metric kAgentPodsReady;
extern const Metric kImages;
extern const Metric kReports;
extern const Metric kDriftsCorrected;
extern const Metric kLinkConnected;
extern const Metric kAgentLinkStreams;
extern const Metric kAssignmentHeld;
extern const Metric kAssignmentRevision;
extern const Metric kNetworkProblems;
extern const Metric kUnreachedHosts;
extern const Metric kDnsQueries;
extern const Metric kDnsIgnored;
extern const Metric kDnsAnswers;
extern const Metric kDnsCacheHits;
extern const Metric kDnsForwarded;
extern const Metric kDnsRefusedForwards;
extern const Metric kDnsUpstreamFailures;
}  // namespace agent_metric

// Of every process; their names are those that Prometheus' own libraries use.
namespace process_metric {
extern const Metric kBuildInfo;
extern const Metric kCpuSeconds;
extern const Metric kMemoryBytes;
extern const Metric kOpenFiles;
extern const Metric kMaxFiles;
extern const Metric kStartTime;
extern const Metric kThreads;
}  // namespace process_metric

std::vector<const Metric*> ControllerMetricList();
std::vector<const Metric*> AgentMetricList();

// PURE: docs/metrics.md's tables, between their marks.
std::string MetricTables();

}  // namespace reconcile
