#include "link/messages.h"

#include "link/message_reader.h"
#include "schema/codec.h"

namespace reconcile {
namespace {

constexpr JsonLimits kMessageLimits = {.max_bytes = kMaxMessageBytes, .max_depth = 64};

Value EncodeFence(const Fence& fence) {
  Value value = Value::MakeMap();
  value.Set("clusterId", Value::String(fence.cluster_id));
  value.Set("lineage", Value::String(fence.lineage));
  value.Set("epoch", Value::Int(fence.epoch));
  value.Set("revision", Value::Int(fence.revision));
  value.Set("lineageBegan", Value::Int(fence.lineage_began_ms));
  value.Set("lineageProof", Value::String(fence.lineage_proof));
  return value;
}

Result<Fence> DecodeFence(const Value& value, const std::string& path) {
  MessageReader reader(value, path);
  Fence fence;
  fence.cluster_id = reader.String("clusterId");
  fence.lineage = reader.String("lineage");
  fence.epoch = reader.Count("epoch");
  fence.revision = reader.Count("revision");
  fence.lineage_began_ms = reader.Count("lineageBegan");
  fence.lineage_proof = reader.String("lineageProof");
  if (!reader.status().ok()) return reader.status();
  return fence;
}

template <typename Objects>
Value EncodeObjects(const Objects& objects) {
  Value list = Value::MakeList();
  for (const auto& object : objects) list.Append(EncodeObject(*object, EncodeFor::kStore));
  return list;
}

template <typename T>
Result<std::shared_ptr<const T>> DecodeObjectAs(const Value& value, const std::string& path) {
  if (!value.IsMap()) return InvalidError(path + ": not an object");
  const Result<ObjectPtr> object = DecodeStored(value);
  if (!object.ok()) return object.status().WithContext(path);
  std::shared_ptr<const T> typed = As<T>(*object);
  if (typed == nullptr) {
    return InvalidError(path + ": a " + std::string(ToString((*object)->kind)) + ", not a " +
                        std::string(ToString(T::kKind)));
  }
  return typed;
}

template <typename T>
Status DecodeObjects(MessageReader* reader, std::string_view key,
                     std::vector<std::shared_ptr<const T>>* objects) {
  for (const Value& item : reader->List(key)) {
    Result<std::shared_ptr<const T>> object =
        DecodeObjectAs<T>(item, reader->ItemPath(key, objects->size()));
    if (!object.ok()) return object.status();
    objects->push_back(std::move(object).value());
  }
  return reader->status();
}

template <typename T>
Status DecodeObjects(MessageReader* reader, std::string_view key, SharedList<T>* objects) {
  typename SharedList<T>::Items items;
  RETURN_IF_ERROR(DecodeObjects(reader, key, &items));
  if (!items.empty()) *objects = SharedList<T>(std::move(items));
  return OkStatus();
}

Value EncodePodReport(const PodReport& report) {
  Pod pod;
  pod.metadata.namespace_name = report.namespace_name;
  pod.metadata.name = report.name;
  pod.metadata.uid = report.uid;
  pod.status = report.status;
  Value value = Value::MakeMap();
  value.Set("pod", EncodeObject(pod, EncodeFor::kStore));
  value.Set("gone", Value::Bool(report.gone));
  return value;
}

Result<PodReport> DecodePodReport(const Value& value, const std::string& path) {
  MessageReader reader(value, path);
  PodReport report;
  report.gone = reader.Bool("gone");
  const Value* object = reader.Map("pod");
  if (object == nullptr) reader.Fail("pod", "missing");
  if (!reader.status().ok()) return reader.status();
  const auto pod = DecodeObjectAs<Pod>(*object, path + ".pod");
  if (!pod.ok()) return pod.status();
  report.namespace_name = (*pod)->metadata.namespace_name;
  report.name = (*pod)->metadata.name;
  report.uid = (*pod)->metadata.uid;
  report.status = (*pod)->status;
  return report;
}

Value EncodeEvent(const AgentEvent& event) {
  Value value = Value::MakeMap();
  value.Set("podUid", Value::String(event.pod_uid));
  value.Set("namespace", Value::String(event.namespace_name));
  value.Set("podName", Value::String(event.pod_name));
  value.Set("type", Value::String(std::string(ToString(event.type))));
  value.Set("reason", Value::String(event.reason));
  value.Set("message", Value::String(event.message));
  return value;
}

Result<AgentEvent> DecodeEvent(const Value& value, const std::string& path) {
  MessageReader reader(value, path);
  AgentEvent event;
  event.pod_uid = reader.String("podUid");
  event.namespace_name = reader.String("namespace");
  event.pod_name = reader.String("podName");
  event.reason = reader.String("reason");
  event.message = reader.String("message");
  const std::string type = reader.String("type");
  if (type == ToString(EventType::kWarning)) {
    event.type = EventType::kWarning;
  } else if (type != ToString(EventType::kNormal)) {
    reader.Fail("type", "neither Normal nor Warning");
  }
  if (!reader.status().ok()) return reader.status();
  return event;
}

// A stage of a start, and the member of its message.
struct StartMember {
  const char* name;
  int64_t StartTimes::*value;
};
constexpr StartMember kStartMembers[] = {
    {"accepted", &StartTimes::accepted_ms}, {"sandbox", &StartTimes::sandbox_ms},
    {"attached", &StartTimes::attached_ms}, {"image", &StartTimes::image_ms},
    {"created", &StartTimes::created_ms},   {"started", &StartTimes::started_ms},
    {"network", &StartTimes::network_ms},   {"ready", &StartTimes::ready_ms}};

Value EncodeStart(const PodStart& start) {
  Value value = Value::MakeMap();
  value.Set("podUid", Value::String(start.pod_uid));
  for (const StartMember& member : kStartMembers) {
    value.Set(member.name, Value::Int(start.times.*member.value));
  }
  return value;
}

Result<PodStart> DecodeStart(const Value& value, const std::string& path) {
  MessageReader reader(value, path);
  PodStart start;
  start.pod_uid = reader.String("podUid");
  for (const StartMember& member : kStartMembers) {
    start.times.*member.value = reader.Count(member.name);
  }
  if (!reader.status().ok()) return reader.status();
  return start;
}

Value EncodeNodeStatus(const std::string& node_name, const NodeStatus& status) {
  Node node;
  node.metadata.name = node_name;
  node.status = status;
  return EncodeObject(node, EncodeFor::kStore);
}

Value EncodeStrings(const StringMap& strings) {
  Value::Map members;
  for (const auto& [key, text] : strings) members.push_back({key, Value::String(text), Mark{}});
  return Value::MakeMap(std::move(members));
}

template <typename Item, typename Decode>
Status DecodeItems(MessageReader* reader, std::string_view key, Decode decode,
                   std::vector<Item>* items) {
  for (const Value& value : reader->List(key)) {
    Result<Item> item = decode(value, reader->ItemPath(key, items->size()));
    if (!item.ok()) return item.status();
    items->push_back(std::move(item).value());
  }
  return reader->status();
}

Result<std::string> WriteMessage(const Value& value, const std::string& what) {
  std::string text = WriteJson(value);
  if (text.size() <= kMaxMessageBytes) return text;
  return InvalidError(what + " has " + std::to_string(text.size()) + " bytes, more than " +
                      std::to_string(kMaxMessageBytes));
}

}  // namespace

Value EncodeAssignment(const Assignment& assignment) {
  Value value = Value::MakeMap();
  value.Set("fence", EncodeFence(assignment.fence));
  value.Set("node", Value::String(assignment.node));
  value.Set("clusterPodCidr", Value::String(assignment.cluster_pod_cidr));
  value.Set("nodePodCidr", Value::String(assignment.node_pod_cidr));
  value.Set("pods", EncodeObjects(assignment.pods));
  value.Set("configMaps", EncodeObjects(assignment.config_maps));
  value.Set("secrets", EncodeObjects(assignment.secrets));
  Value tombstones = Value::MakeList();
  for (const std::string& uid : assignment.tombstones) tombstones.Append(Value::String(uid));
  value.Set("tombstones", std::move(tombstones));
  value.Set("serviceCidr", Value::String(assignment.service_cidr));
  value.Set("clusterDomain", Value::String(assignment.cluster_domain));
  value.Set("networkBackend", Value::String(assignment.network_backend));
  value.Set("nodes", EncodeObjects(assignment.nodes));
  value.Set("services", EncodeObjects(assignment.services));
  value.Set("endpointSlices", EncodeObjects(assignment.endpoint_slices));
  value.Set("namespaces", EncodeObjects(assignment.namespaces));
  value.Set("drained", Value::Bool(assignment.is_drained));
  value.Set("heartbeatMs", Value::Int(assignment.heartbeat_ms));
  return value;
}

Result<Assignment> DecodeAssignment(const Value& value) {
  MessageReader reader(value, "assignment");
  Assignment assignment;
  const Value* fence_value = reader.Map("fence");
  if (fence_value == nullptr) reader.Fail("fence", "missing");
  assignment.node = reader.RequiredString("node");
  assignment.cluster_pod_cidr = reader.String("clusterPodCidr");
  assignment.node_pod_cidr = reader.String("nodePodCidr");
  assignment.tombstones = reader.StringList("tombstones");
  assignment.service_cidr = reader.String("serviceCidr");
  assignment.cluster_domain = reader.String("clusterDomain");
  assignment.network_backend = reader.String("networkBackend");
  assignment.is_drained = reader.Bool("drained");
  assignment.heartbeat_ms = reader.Count("heartbeatMs");
  RETURN_IF_ERROR(reader.status());
  Result<Fence> fence = DecodeFence(*fence_value, "assignment.fence");
  if (!fence.ok()) return fence.status();
  assignment.fence = std::move(fence).value();
  RETURN_IF_ERROR(DecodeObjects(&reader, "pods", &assignment.pods));
  RETURN_IF_ERROR(DecodeObjects(&reader, "configMaps", &assignment.config_maps));
  RETURN_IF_ERROR(DecodeObjects(&reader, "secrets", &assignment.secrets));
  RETURN_IF_ERROR(DecodeObjects(&reader, "nodes", &assignment.nodes));
  RETURN_IF_ERROR(DecodeObjects(&reader, "services", &assignment.services));
  RETURN_IF_ERROR(DecodeObjects(&reader, "endpointSlices", &assignment.endpoint_slices));
  RETURN_IF_ERROR(DecodeObjects(&reader, "namespaces", &assignment.namespaces));
  return assignment;
}

Status CheckItems(const Assignment& assignment) {
  const std::pair<const char*, size_t> counts[] = {
      {"pods", assignment.pods.size()},
      {"ConfigMaps", assignment.config_maps.size()},
      {"Secrets", assignment.secrets.size()},
      {"tombstones", assignment.tombstones.size()},
      {"nodes", assignment.nodes.size()},
      {"Services", assignment.services.size()},
      {"EndpointSlices", assignment.endpoint_slices.size()},
      {"namespaces", assignment.namespaces.size()}};
  for (const auto& [what, count] : counts) {
    if (count <= kMaxMessageItems) continue;
    return InvalidError("assignment for node " + assignment.node + " has " + std::to_string(count) +
                        " " + what + ", more than " + std::to_string(kMaxMessageItems));
  }
  return OkStatus();
}

namespace {

Value EncodeLines(const std::vector<std::string>& lines) {
  Value list = Value::MakeList();
  for (const std::string& line : lines) list.Append(Value::String(line));
  return list;
}

Value EncodeNetwork(const NetworkReport& network) {
  Value value = Value::MakeMap();
  value.Set("revision", Value::Int(network.revision));
  value.Set("backend", Value::String(network.backend));
  value.Set("mtu", Value::Int(network.mtu));
  value.Set("peers", Value::Int(network.peers));
  value.Set("unreached", EncodeLines(network.unreached));
  value.Set("problems", EncodeLines(network.problems));
  return value;
}

Result<NetworkReport> DecodeNetwork(const Value& value) {
  MessageReader reader(value, "report.network");
  NetworkReport network;
  network.revision = reader.Count("revision");
  network.backend = reader.String("backend");
  network.mtu = reader.Count("mtu");
  network.peers = reader.Count("peers");
  network.unreached = reader.StringList("unreached");
  network.problems = reader.StringList("problems");
  if (!reader.status().ok()) return reader.status();
  return network;
}

Value EncodeImages(const std::vector<ContainerImage>& images) {
  Value list = Value::MakeList();
  for (const ContainerImage& image : images) {
    Value value = Value::MakeMap();
    value.Set("names", EncodeLines(image.names));
    value.Set("sizeBytes", Value::Int(image.size_bytes));
    list.Append(std::move(value));
  }
  return list;
}

Result<ContainerImage> DecodeImage(const Value& value, const std::string& path) {
  MessageReader reader(value, path);
  ContainerImage image;
  image.names = reader.StringList("names");
  image.size_bytes = reader.Count("sizeBytes");
  if (image.names.empty()) reader.Fail("names", "missing");
  if (!reader.status().ok()) return reader.status();
  return image;
}

}  // namespace

Value EncodeReport(const Report& report) {
  Value value = Value::MakeMap();
  value.Set("node", Value::String(report.node));
  value.Set("agentStart", Value::String(report.agent_start));
  value.Set("sequence", Value::Int(report.sequence));
  if (report.applied) value.Set("applied", EncodeFence(*report.applied));
  value.Set("held", Value::String(report.held));
  value.Set("network", EncodeNetwork(report.network));
  value.Set("heartbeatMs", Value::Int(report.heartbeat_ms));
  if (report.clock_ms > 0) value.Set("clockMs", Value::Int(report.clock_ms));
  value.Set("labels", EncodeStrings(report.labels));
  value.Set("nodeStatus", EncodeNodeStatus(report.node, report.node_status));
  if (report.images != nullptr && !report.images->empty())
    value.Set("images", EncodeImages(*report.images));
  Value pods = Value::MakeList();
  for (const PodReport& pod : report.pods) pods.Append(EncodePodReport(pod));
  value.Set("pods", std::move(pods));
  Value events = Value::MakeList();
  for (const AgentEvent& event : report.events) events.Append(EncodeEvent(event));
  value.Set("events", std::move(events));
  if (report.usage != nullptr) value.Set("usage", EncodeUsage(*report.usage));
  if (report.starts.empty()) return value;
  Value starts = Value::MakeList();
  for (const PodStart& start : report.starts) starts.Append(EncodeStart(start));
  value.Set("starts", std::move(starts));
  return value;
}

Result<Report> DecodeReport(const Value& value) {
  MessageReader reader(value, "report");
  Report report;
  report.node = reader.RequiredString("node");
  report.agent_start = reader.String("agentStart");
  report.sequence = reader.Count("sequence");
  report.held = reader.String("held");
  if (const Value* network = reader.Map("network")) {
    const Result<NetworkReport> decoded = DecodeNetwork(*network);
    if (!decoded.ok()) return decoded.status();
    report.network = *decoded;
  }
  report.heartbeat_ms = reader.Count("heartbeatMs");
  report.clock_ms = reader.Count("clockMs");
  report.labels = reader.Strings("labels");
  const Value* applied = reader.Map("applied");
  const Value* node_status = reader.Map("nodeStatus");
  const Value* usage = reader.Map("usage");
  RETURN_IF_ERROR(reader.status());
  if (usage != nullptr) {
    Result<UsageReport> decoded = DecodeUsage(*usage, "report.usage");
    if (!decoded.ok()) return decoded.status();
    report.usage = std::make_shared<const UsageReport>(std::move(decoded).value());
  }
  if (applied != nullptr) {
    Result<Fence> fence = DecodeFence(*applied, "report.applied");
    if (!fence.ok()) return fence.status();
    report.applied = std::move(fence).value();
  }
  if (node_status != nullptr) {
    const auto node = DecodeObjectAs<Node>(*node_status, "report.nodeStatus");
    if (!node.ok()) return node.status();
    report.node_status = (*node)->status;
  }
  std::vector<ContainerImage> images;
  RETURN_IF_ERROR(DecodeItems(&reader, "images", DecodeImage, &images));
  if (!images.empty())
    report.images = std::make_shared<const std::vector<ContainerImage>>(std::move(images));
  RETURN_IF_ERROR(DecodeItems(&reader, "pods", DecodePodReport, &report.pods.Own()));
  RETURN_IF_ERROR(DecodeItems(&reader, "events", DecodeEvent, &report.events));
  RETURN_IF_ERROR(DecodeItems(&reader, "starts", DecodeStart, &report.starts));
  return report;
}

Value EncodeInventory(const Inventory& inventory) {
  Value value = Value::MakeMap();
  value.Set("node", Value::String(inventory.node));
  if (inventory.fence) value.Set("fence", EncodeFence(*inventory.fence));
  value.Set("nodePodCidr", Value::String(inventory.node_pod_cidr));
  value.Set("pods", EncodeObjects(inventory.pods));
  value.Set("services", EncodeObjects(inventory.services));
  return value;
}

Result<Inventory> DecodeInventory(const Value& value) {
  MessageReader reader(value, "inventory");
  Inventory inventory;
  inventory.node = reader.RequiredString("node");
  inventory.node_pod_cidr = reader.String("nodePodCidr");
  const Value* fence_value = reader.Map("fence");
  RETURN_IF_ERROR(reader.status());
  if (fence_value != nullptr) {
    Result<Fence> fence = DecodeFence(*fence_value, "inventory.fence");
    if (!fence.ok()) return fence.status();
    inventory.fence = std::move(fence).value();
  }
  RETURN_IF_ERROR(DecodeObjects(&reader, "pods", &inventory.pods));
  RETURN_IF_ERROR(DecodeObjects(&reader, "services", &inventory.services));
  return inventory;
}

Result<std::string> WriteAssignment(const Assignment& assignment) {
  RETURN_IF_ERROR(CheckItems(assignment));
  return WriteMessage(EncodeAssignment(assignment), "assignment for node " + assignment.node);
}

Result<Assignment> ReadAssignment(std::string_view text) {
  const Result<Value> value = ParseJson(text, kMessageLimits);
  if (!value.ok()) return value.status().WithContext("assignment");
  return DecodeAssignment(*value);
}

Result<std::string> WriteReport(const Report& report) {
  return WriteMessage(EncodeReport(report), "report of node " + report.node);
}

Result<Report> ReadReport(std::string_view text) {
  const Result<Value> value = ParseJson(text, kMessageLimits);
  if (!value.ok()) return value.status().WithContext("report");
  return DecodeReport(*value);
}

Result<std::string> WriteInventory(const Inventory& inventory) {
  return WriteMessage(EncodeInventory(inventory), "inventory of node " + inventory.node);
}

Result<Inventory> ReadInventory(std::string_view text) {
  const Result<Value> value = ParseJson(text, kMessageLimits);
  if (!value.ok()) return value.status().WithContext("inventory");
  return DecodeInventory(*value);
}

}  // namespace reconcile
