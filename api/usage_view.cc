#include "api/usage_view.h"

#include "api/refusal.h"
#include "schema/core.h"

namespace reconcile {
namespace {

constexpr int64_t kMsPerUsageSecond = 1'000;

void SetUsage(const ResourceUse& use, Value* value) {
  value->Set("cpuMicros", Value::Int(use.cpu_micros));
  value->Set("memoryBytes", Value::Int(use.memory_bytes));
}

Value EncodeSummary(const ResourceUse& use, const NetworkUse& network, MonoTime at, Now now) {
  Value value = Value::MakeMap();
  SetUsage(use, &value);
  value.Set("receivedBytes", Value::Int(network.received));
  value.Set("sentBytes", Value::Int(network.sent));
  value.Set("at", Value::String(FormatRfc3339(WallTime{now.wall.ms - (now.mono - at)})));
  return value;
}

Value EncodeTrack(const UsageTrack& track, Now now) {
  Value points = Value::MakeList();
  for (const std::optional<UsagePoint>& point : track.points) {
    if (!point) {
      points.Append(Value());
      continue;
    }
    Value numbers = Value::MakeList();
    for (const int64_t number : {point->use.cpu_micros, point->use.memory_bytes,
                                 point->network.received, point->network.sent}) {
      numbers.Append(Value::Int(number));
    }
    points.Append(std::move(numbers));
  }
  Value value = Value::MakeMap();
  value.Set("stepSeconds", Value::Int(track.step_ms / kMsPerUsageSecond));
  const WallTime began{now.wall.ms - (now.mono - track.began)};
  value.Set("began", Value::String(FormatRfc3339(began)));
  value.Set("points", std::move(points));
  return value;
}

void AddSeries(const UsageSeries* series, Now now, Value* value) {
  Value tracks = Value::MakeList();
  if (series != nullptr) {
    tracks.Append(EncodeTrack(series->Fine(now.mono), now));
    tracks.Append(EncodeTrack(series->Coarse(now.mono), now));
  }
  value->Set("series", std::move(tracks));
}

Value EncodeHostUsage(const Node& node, const UsageHistory& usage, bool with_series, Now now) {
  const UsageHistory::HostUsage host = usage.OfHost(node.metadata.name, now.mono);
  Value value = Value::MakeMap();
  value.Set("name", Value::String(node.metadata.name));
  value.Set("now", host.newest == nullptr
                       ? Value()
                       : EncodeSummary(host.newest->host, host.newest->network, host.at, now));
  Value capacity = Value::MakeMap();
  for (const auto& [resource, amount] : node.status.capacity) {
    capacity.Set(resource, Value::String(amount.ToString()));
  }
  value.Set("capacity", std::move(capacity));
  if (with_series) AddSeries(host.series, now, &value);
  return value;
}

Value EncodePodNow(const UsageHistory::PodUsageNow& found, Now now) {
  if (found.newest == nullptr) return Value();
  ResourceUse total;
  Value containers = Value::MakeList();
  for (const ContainerUsage& container : found.newest->containers) {
    total.cpu_micros += container.use.cpu_micros;
    total.memory_bytes += container.use.memory_bytes;
    Value item = Value::MakeMap();
    item.Set("name", Value::String(container.name));
    SetUsage(container.use, &item);
    containers.Append(std::move(item));
  }
  Value value = EncodeSummary(total, found.newest->network.value_or(NetworkUse()), found.at, now);
  value.Set("containers", std::move(containers));
  return value;
}

Value EncodePodUse(const Pod& pod, const UsageHistory& usage, bool with_series, Now now) {
  const auto found = usage.OfPod(pod.spec.node_name, pod.metadata.uid, now.mono);
  Value value = Value::MakeMap();
  value.Set("namespace", Value::String(pod.metadata.namespace_name));
  value.Set("name", Value::String(pod.metadata.name));
  value.Set("node", Value::String(pod.spec.node_name));
  value.Set("now", EncodePodNow(found, now));
  if (with_series) AddSeries(found.series, now, &value);
  return value;
}

bool IsAskedFor(const ApiRequest& request, const std::string& parameter, const std::string& text) {
  const std::string wanted = request.Query(parameter);
  return wanted.empty() || wanted == text;
}

}  // namespace

ApiResponse UsageRoute(const Controller& controller, const ApiRequest& request, Now now) {
  const auto state = controller.State();
  const UsageHistory& usage = controller.Usage();
  const bool with_series = request.Query("series") == "true";
  const bool of_one_pod = !request.Query("namespace").empty() || !request.Query("pod").empty();
  Value nodes = Value::MakeList();
  state->ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
    if (of_one_pod || !IsAskedFor(request, "node", node->metadata.name)) return;
    nodes.Append(EncodeHostUsage(*node, usage, with_series, now));
  });
  Value pods = Value::MakeList();
  size_t count = 0;
  const bool with_pods = request.Query("pods") != "false";
  state->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    const bool is_wanted = with_pods && !pod->spec.node_name.empty() &&
                           IsAskedFor(request, "node", pod->spec.node_name) &&
                           IsAskedFor(request, "namespace", pod->metadata.namespace_name) &&
                           IsAskedFor(request, "pod", pod->metadata.name);
    if (!is_wanted || (with_series && ++count > kMaxUsageSeries)) return;
    pods.Append(EncodePodUse(*pod, usage, with_series, now));
  });
  if (count > kMaxUsageSeries) {
    return RefusalResponse(BadRequest(
        "usage: series of " + std::to_string(count) + " pods were asked for, more than " +
        std::to_string(kMaxUsageSeries) + "; narrow it by node, namespace or pod"));
  }
  Value value = Value::MakeMap();
  value.Set("nodes", std::move(nodes));
  value.Set("pods", std::move(pods));
  ApiResponse response;
  response.body = WriteJson(value);
  return response;
}

}  // namespace reconcile
