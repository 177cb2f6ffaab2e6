#include "api/scrape_routes.h"

#include <memory>
#include <utility>

#include "api/refusal.h"
#include "api/served_kinds.h"
#include "base/metrics.h"
#include "schema/core.h"

namespace reconcile {
namespace {

// A scrape of one agent, under way. It ends once: by the agent, by time, or by who asked.
struct AgentScrape {
  LogSink sink;
  StreamHandle stream;
  EventLoop* loop = nullptr;
  TimerId timer = 0;
  bool ended = false;

  void End(const Status& status) {
    if (std::exchange(ended, true)) return;
    loop->Cancel(timer);
    const auto on_end = std::exchange(sink, {}).on_end;
    if (on_end) on_end(status);
  }
};

// The reader is given what comes as it comes. Nothing is said to be taken, so that an agent sends
// no more than a window.
StreamHandle Scrape(const std::string& node, const MetricsPlaces& places, LogSink sink) {
  const auto scrape = std::make_shared<AgentScrape>();
  scrape->sink = std::move(sink);
  scrape->loop = places.loop;
  scrape->timer = places.loop->After(places.patience_ms, [scrape, node] {
    scrape->stream.Cancel();
    scrape->End(
        UnavailableError("the agent on node " + node + " did not tell its metrics in time"));
  });
  LogRequest request;
  request.metrics = true;
  scrape->stream = places.link->OpenLogs(
      node, request,
      {.on_data =
           [scrape](std::string_view bytes) {
             if (!scrape->ended) scrape->sink.on_data(bytes);
           },
       .on_end =
           [scrape, node](const Status& status) {
             // An agent of a release before this one looks for a pod.
             if (status.code() != StatusCode::kNotFound) return scrape->End(status);
             scrape->End(UnavailableError("the agent on node " + node +
                                          " is of a release that has no metrics; upgrade it"));
           }});
  return StreamHandle(
      [scrape] {
        if (std::exchange(scrape->ended, true)) return;
        scrape->loop->Cancel(scrape->timer);
        scrape->stream.Cancel();
        scrape->sink = {};
      },
      nullptr);
}

ApiResponse OfAgent(const std::string& node, const MetricsPlaces& places) {
  if (places.state == nullptr || places.state->Find<Node>("", node) == nullptr) {
    return RefusalResponse(
        {404, "NotFound", "nodes \"" + node + "\" not found", node, "", "nodes"});
  }
  ApiResponse response;
  response.content_type = std::string(kMetricsContentType);
  response.stream = [node, places](LogSink sink) { return Scrape(node, places, std::move(sink)); };
  return response;
}

// Labels that begin with two underscores say how to scrape.
ApiResponse Targets(const MetricsPlaces& places) {
  Value groups = Value::MakeList();
  places.state->ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
    if (IsRevoked(*node)) return;
    const std::string& name = node->metadata.name;
    Value targets = Value::MakeList();
    targets.Append(Value::String(places.address));
    Value labels = Value::MakeMap();
    labels.Set("__metrics_path__", Value::String("/api/v1/nodes/" + name + "/proxy/metrics"));
    labels.Set("instance", Value::String(name));
    labels.Set("node", Value::String(name));
    Value group = Value::MakeMap();
    group.Set("targets", std::move(targets));
    group.Set("labels", std::move(labels));
    groups.Append(std::move(group));
  });
  ApiResponse response;
  response.body = WriteJson(groups);
  return response;
}

}  // namespace

std::optional<ApiResponse> HandleScrape(const ApiRequest& request, const MetricsPlaces& places) {
  const std::vector<std::string> parts = SplitPath(request.path);
  const bool is_own = parts.size() == 1 && parts[0] == "metrics";
  const bool is_agents = parts.size() == 6 && parts[0] == "api" && parts[1] == "v1" &&
                         parts[2] == "nodes" && parts[4] == "proxy" && parts[5] == "metrics";
  const bool is_targets = parts.size() == 2 && parts[0] == "metrics" && parts[1] == "agents";
  if (!is_own && !is_agents && !is_targets) return std::nullopt;
  if (request.method != "GET") return RefusalResponse(MethodNotAllowed());
  if (is_agents) return OfAgent(parts[3], places);
  if (is_targets) return Targets(places);
  ApiResponse response;
  response.content_type = std::string(kMetricsContentType);
  response.body = places.own();
  return response;
}

}  // namespace reconcile
