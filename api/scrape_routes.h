#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/http.h"
#include "base/event_loop.h"
#include "link/agent_link.h"
#include "schema/cluster_state.h"

namespace reconcile {

// Where metrics come from. All that is pointed to outlives the answers' streams.
struct MetricsPlaces {
  std::function<std::string()> own;  // the controller's, in Prometheus' text format
  AgentLink* link = nullptr;         // to the agents; they listen nowhere
  EventLoop* loop = nullptr;
  std::shared_ptr<const ClusterState> state;
  std::string address;          // "HOST:PORT" of this API, for those who are told whom to scrape
  int64_t patience_ms = 8'000;  // for an agent; a scrape's usual timeout is 10 s
};

// GET /metrics/agents: whom a Prometheus is to scrape for the agents, as its http_sd_configs reads
// it (https://prometheus.io/docs/prometheus/latest/http_sd/): each node that is not revoked.
// GET /metrics and GET /api/v1/nodes/NODE/proxy/metrics, Kubernetes' path for what a node's agent
// measures: asked over the connection that the agent has dialed, at most kStreamWindowBytes. 404
// for a node that there is not; 503, with why, when its agent is away or does not answer. None for
// other paths.
std::optional<ApiResponse> HandleScrape(const ApiRequest& request, const MetricsPlaces& places);

}  // namespace reconcile
