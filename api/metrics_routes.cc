#include "api/metrics_routes.h"

#include <algorithm>

#include "api/object_encoding.h"
#include "api/refusal.h"
#include "api/selection.h"
#include "schema/core.h"

namespace reconcile {
namespace {

constexpr int64_t kNanosPerMicro = 1'000;
constexpr int64_t kMicrosPerMilli = 1'000;
constexpr int64_t kKibibytes = 1'024;
constexpr int64_t kMsPerSecond = 1'000;

// What a path of the group names.
struct MetricsPath {
  bool of_pods = false;
  std::string namespace_name;  // empty: all
  std::string name;            // empty: list
};

std::optional<MetricsPath> ParseMetricsPath(const std::string& path) {
  std::vector<std::string> parts = SplitPath(path);
  const bool is_ours = parts.size() >= 4 && parts[0] == "apis" &&
                       parts[1] == kMetricsVersion.group && parts[2] == kMetricsVersion.version;
  if (!is_ours) return std::nullopt;
  MetricsPath found;
  size_t at = 3;
  if (parts[at] == "namespaces" && parts.size() > at + 2) {
    found.namespace_name = parts[at + 1];
    at += 2;
  }
  found.of_pods = parts[at] == "pods";
  if (!found.of_pods && parts[at] != "nodes") return std::nullopt;
  if (!found.of_pods && !found.namespace_name.empty()) return std::nullopt;
  if (parts.size() > at + 2) return std::nullopt;
  if (parts.size() == at + 2) found.name = parts[at + 1];
  const bool lacks_namespace = found.namespace_name.empty() && !found.name.empty();
  if (found.of_pods && lacks_namespace) return std::nullopt;
  return found;
}

// One row: what it is of, what it uses, and since when that is known.
struct Measured {
  ObjectPtr object;
  WallTime at;
  int64_t window_ms = 0;
  ResourceUse use;                         // all containers together
  std::vector<ContainerUsage> containers;  // of a pod
};

std::optional<Measured> MeasuredHost(const UsageHistory& usage, const ObjectPtr& node, Now now) {
  const UsageHistory::HostUsage host = usage.OfHost(node->metadata.name, now.mono);
  if (host.newest == nullptr) return std::nullopt;
  return Measured{node,
                  WallTime{now.wall.ms - (now.mono - host.at)},
                  host.newest->window_ms,
                  host.newest->host,
                  {}};
}

std::optional<Measured> MeasuredPod(const UsageHistory& usage, const ObjectPtr& object, Now now) {
  const auto pod = As<Pod>(object);
  const auto found = usage.OfPod(pod->spec.node_name, pod->metadata.uid, now.mono);
  if (found.newest == nullptr) return std::nullopt;
  Measured measured{object, WallTime{now.wall.ms - (now.mono - found.at)}, found.window_ms, {}, {}};
  measured.containers = found.newest->containers;
  for (const ContainerUsage& container : measured.containers) {
    measured.use.cpu_micros += container.use.cpu_micros;
    measured.use.memory_bytes += container.use.memory_bytes;
  }
  return measured;
}

Value EncodeUse(const ResourceUse& use) {
  Value value = Value::MakeMap();
  value.Set("cpu", Value::String(CpuText(use.cpu_micros)));
  value.Set("memory", Value::String(MemoryText(use.memory_bytes)));
  return value;
}

std::string WindowText(int64_t window_ms) {
  return std::to_string((window_ms + kMsPerSecond / 2) / kMsPerSecond) + "s";
}

Value EncodeMeasuredMetadata(const Measured& measured) {
  const ObjectMeta& of = measured.object->metadata;
  Value metadata = Value::MakeMap();
  metadata.Set("name", Value::String(of.name));
  if (!of.namespace_name.empty()) metadata.Set("namespace", Value::String(of.namespace_name));
  metadata.Set("creationTimestamp", Value::String(FormatRfc3339(measured.at)));
  if (of.labels.empty()) return metadata;
  Value labels = Value::MakeMap();
  for (const auto& [key, text] : of.labels) labels.Set(key, Value::String(text));
  metadata.Set("labels", std::move(labels));
  return metadata;
}

void SetMetricsKind(const std::string& kind, Value* value) {
  value->Set("kind", Value::String(kind));
  value->Set("apiVersion", Value::String(ToString(kMetricsVersion)));
}

std::string MetricsKind(bool of_pods) { return of_pods ? "PodMetrics" : "NodeMetrics"; }

// With its kind when it stands alone, as Kubernetes' lists leave it out.
Value EncodeMeasured(const Measured& measured, bool of_pods, bool alone) {
  Value value = Value::MakeMap();
  if (alone) SetMetricsKind(MetricsKind(of_pods), &value);
  value.Set("metadata", EncodeMeasuredMetadata(measured));
  value.Set("timestamp", Value::String(FormatRfc3339(measured.at)));
  value.Set("window", Value::String(WindowText(measured.window_ms)));
  if (!of_pods) {
    value.Set("usage", EncodeUse(measured.use));
    return value;
  }
  Value containers = Value::MakeList();
  for (const ContainerUsage& container : measured.containers) {
    Value item = Value::MakeMap();
    item.Set("name", Value::String(container.name));
    item.Set("usage", EncodeUse(container.use));
    containers.Append(std::move(item));
  }
  value.Set("containers", std::move(containers));
  return value;
}

// The columns of metrics-server's.
Value EncodeMeasuredTable(const std::vector<Measured>& rows, const ObjectEncoding& encoding) {
  Table table;
  table.columns = {{"Name"}, {"cpu"}, {"memory"}, {"Window"}};
  for (const Measured& row : rows) {
    table.rows.push_back({{row.object->metadata.name, CpuText(row.use.cpu_micros),
                           MemoryText(row.use.memory_bytes), WindowText(row.window_ms)},
                          row.object});
  }
  TableEncoding form;
  form.version = encoding.shape == ObjectShape::kTableV1Beta1 ? "v1beta1" : "v1";
  // A row's object is the node or the pod; of that, its metadata is what a row is named by.
  form.included = encoding.included == IncludedObject::kNone ? IncludedObject::kNone
                                                             : IncludedObject::kMetadata;
  return EncodeTable(table, form);
}

ApiResponse JsonAnswer(const Value& value) {
  ApiResponse response;
  response.body = WriteJson(value);
  return response;
}

ApiResponse NotMeasured(const MetricsPath& path, bool is_there) {
  const std::string plural = path.of_pods ? "pods" : "nodes";
  Refusal refusal{404, "NotFound",
                  plural + "." + std::string(kMetricsVersion.group) + " \"" + path.name +
                      "\" not found" +
                      (is_there ? ": no fresh look at what it uses has been told" : "")};
  refusal.name = path.name;
  refusal.group = kMetricsVersion.group;
  refusal.kind = plural;
  return RefusalResponse(refusal);
}

ApiResponse ListMeasured(const UsageHistory& usage, const ClusterState& state,
                         const MetricsPath& path, const ApiRequest& request,
                         const ObjectEncoding& encoding, Now now) {
  const Kind kind = path.of_pods ? Kind::kPod : Kind::kNode;
  const Result<Selection> selection =
      Selection::Parse(kind, request.Query("labelSelector"), request.Query("fieldSelector"));
  if (!selection.ok()) return RefusalResponse(BadRequest(selection.status().message()));
  std::vector<Measured> rows;
  for (const auto& [key, object] : state.Objects(kind)) {
    const bool is_there = path.namespace_name.empty() || key.namespace_name == path.namespace_name;
    if (!is_there || !selection->Selects(*object)) continue;
    auto measured =
        path.of_pods ? MeasuredPod(usage, object, now) : MeasuredHost(usage, object, now);
    if (measured) rows.push_back(std::move(*measured));
  }
  if (encoding.shape != ObjectShape::kJson) return JsonAnswer(EncodeMeasuredTable(rows, encoding));
  Value list = Value::MakeMap();
  SetMetricsKind(MetricsKind(path.of_pods) + "List", &list);
  list.Set("metadata", Value::MakeMap());
  Value items = Value::MakeList();
  for (const Measured& row : rows) items.Append(EncodeMeasured(row, path.of_pods, false));
  list.Set("items", std::move(items));
  return JsonAnswer(list);
}

}  // namespace

const std::vector<MetricsResource>& MetricsResources() {
  static const std::vector<MetricsResource> kResources = {{"nodes", "NodeMetrics", false},
                                                          {"pods", "PodMetrics", true}};
  return kResources;
}

std::string CpuText(int64_t cpu_micros) {
  if (cpu_micros == 0) return "0";
  if (cpu_micros % kMicrosPerMilli == 0) return std::to_string(cpu_micros / kMicrosPerMilli) + "m";
  return std::to_string(cpu_micros * kNanosPerMicro) + "n";
}

std::string MemoryText(int64_t bytes) { return std::to_string(bytes / kKibibytes) + "Ki"; }

std::optional<ApiResponse> HandleMetrics(const Controller& controller, const ApiRequest& request,
                                         Now now) {
  const std::optional<MetricsPath> path = ParseMetricsPath(request.path);
  if (!path) return std::nullopt;
  const std::string watch = request.Query("watch");
  if (request.method != "GET" || watch == "true" || watch == "1") {
    return RefusalResponse(MethodNotAllowed());
  }
  Refusal refusal;
  const std::optional<ObjectEncoding> encoding = ChooseEncoding(request, &refusal);
  if (!encoding) return RefusalResponse(refusal);
  const auto state = controller.State();
  const UsageHistory& usage = controller.Usage();
  if (path->name.empty()) return ListMeasured(usage, *state, *path, request, *encoding, now);
  const ObjectPtr object =
      state->Find({path->of_pods ? Kind::kPod : Kind::kNode, path->namespace_name, path->name});
  std::optional<Measured> measured;
  if (object != nullptr) {
    measured = path->of_pods ? MeasuredPod(usage, object, now) : MeasuredHost(usage, object, now);
  }
  if (!measured) return NotMeasured(*path, object != nullptr);
  if (encoding->shape != ObjectShape::kJson) {
    return JsonAnswer(EncodeMeasuredTable({*measured}, *encoding));
  }
  return JsonAnswer(EncodeMeasured(*measured, path->of_pods, true));
}

}  // namespace reconcile
