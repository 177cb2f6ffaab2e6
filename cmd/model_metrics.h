#pragma once

#include <vector>

#include "base/metrics.h"
#include "schema/cluster_state.h"
#include "store/store.h"

namespace reconcile {

// PURE: what a scrape shows of the model: sources, objects, pods, workloads, nodes.
void ReadModelMetrics(const ClusterState& state, MetricReadings* readings);

// Counts what commits change: restarts, placements that failed, Events.
void CountChanges(const std::vector<Change>& changes, Metrics* metrics);

}  // namespace reconcile
