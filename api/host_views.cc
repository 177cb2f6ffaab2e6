#include "api/host_views.h"

#include "base/ids.h"
#include "schema/core.h"
#include "schema/kept.h"

namespace reconcile {
namespace {

constexpr int64_t kMsPerLeaseSecond = 1'000;
constexpr char kMicrosecondZeros[] = "000Z";

// As metav1.MicroTime: "2026-01-31T12:00:00.123000Z".
std::string MicroTimeText(WallTime time) {
  std::string text = FormatRfc3339(time);
  text.pop_back();
  if (text.find('.') == std::string::npos) text += ".000";
  return text + kMicrosecondZeros;
}

Value WithHeartbeat(Value node, const Controller::Heartbeats& heartbeats) {
  const Value* metadata = node.Find("metadata");
  const Value* status = node.Find("status");
  if (metadata == nullptr || status == nullptr) return node;
  const auto heard = heartbeats.heard.find(metadata->GetString("name"));
  if (heard == heartbeats.heard.end()) return node;
  Value conditions = Value::MakeList();
  for (Value condition : status->GetList("conditions")) {
    condition.Set("lastHeartbeatTime", Value::String(FormatRfc3339(heard->second)));
    conditions.Append(std::move(condition));
  }
  Value shown = *status;
  shown.Set("conditions", std::move(conditions));
  node.Set("status", std::move(shown));
  return node;
}

}  // namespace

std::string WithHeartbeats(const std::string& json, const Controller::Heartbeats& heartbeats) {
  Result<Value> answer = ParseJson(json);
  if (!answer.ok()) return json;
  if (answer->Find("items") == nullptr) {
    answer = WithHeartbeat(*answer, heartbeats);
  } else {
    Value items = Value::MakeList();
    for (const Value& node : answer->GetList("items")) {
      items.Append(WithHeartbeat(node, heartbeats));
    }
    answer->Set("items", std::move(items));
  }
  return WriteJson(*answer);
}

ObjectPtr NodeLease(const std::string& name, const Controller::Heartbeats& heartbeats,
                    const ClusterState& state) {
  const auto heard = heartbeats.heard.find(name);
  const auto node = state.Find<Node>("", name);
  if (heard == heartbeats.heard.end() || node == nullptr) return nullptr;
  auto lease = std::make_shared<Lease>();
  lease->metadata.name = name;
  lease->metadata.namespace_name = kNodeLeaseNamespace;
  lease->metadata.uid = DeriveUid({"lease", node->metadata.uid});
  lease->metadata.resource_version = state.revision();
  lease->metadata.creation_timestamp = node->metadata.creation_timestamp;
  lease->metadata.owner_references = {
      {.api_version = "v1", .kind = "Node", .name = name, .uid = node->metadata.uid}};
  Value spec = Value::MakeMap();
  spec.Set("holderIdentity", Value::String(name));
  spec.Set("leaseDurationSeconds",
           Value::Int((heartbeats.lease_ms + kMsPerLeaseSecond - 1) / kMsPerLeaseSecond));
  spec.Set("renewTime", Value::String(MicroTimeText(heard->second)));
  lease->others.Set("spec", std::move(spec));
  return lease;
}

void AddNodeLeases(const Controller::Heartbeats& heartbeats, const ClusterState& state,
                   ObjectMap* leases) {
  for (const auto& [node, heard] : heartbeats.heard) {
    if (ObjectPtr lease = NodeLease(node, heartbeats, state)) leases->Set(lease->key(), lease);
  }
}

}  // namespace reconcile
