#include "link/assignment_delta.h"

#include <algorithm>

#include "link/list_delta.h"
#include "link/message_reader.h"
#include "schema/codec.h"

namespace reconcile {
namespace {

template <typename T>
using Objects = std::vector<std::shared_ptr<const T>>;

struct ObjectItemKey {
  template <typename T>
  ItemKey operator()(const std::shared_ptr<const T>& object) const {
    return {object->metadata.namespace_name, object->metadata.name, ""};
  }
};

// Takes the two lists apart into `changed` and `removed`; false when that cannot be said.
template <typename T>
bool DiffList(const Objects<T>& base, const Objects<T>& next, Objects<T>* changed,
              std::vector<std::string>* removed) {
  auto delta = MakeListDelta(base, next, ObjectItemKey(), [](const auto& a, const auto& b) {
    return a == b || EqualObjects(*a, *b);
  });
  if (!delta) return false;
  *changed = std::move(delta->changed);
  *removed = std::move(delta->removed);
  return true;
}

template <typename T>
bool DiffList(const SharedList<T>& base, const SharedList<T>& next, SharedList<T>* changed,
              std::vector<std::string>* removed) {
  if (next.IsOneWith(base)) return true;
  if (const auto* step = next.StepFrom(base)) {
    *changed = SharedList<T>(step->changed);
    *removed = step->removed;
    return true;
  }
  Objects<T> items;
  if (!DiffList(base.items(), next.items(), &items, removed)) return false;
  *changed = SharedList<T>(std::move(items));
  return true;
}

template <typename T>
Status ApplyList(const Objects<T>& base, const Objects<T>& changed,
                 const std::vector<std::string>& removed, const std::string& what,
                 Objects<T>* next) {
  Result<Objects<T>> applied =
      ApplyListDelta(base, ListDelta<std::shared_ptr<const T>>{changed, removed}, ObjectItemKey(),
                     "assignment delta: " + what);
  if (!applied.ok()) return applied.status();
  *next = std::move(applied).value();
  return OkStatus();
}

template <typename T>
Status ApplyList(const SharedList<T>& base, const SharedList<T>& changed,
                 const std::vector<std::string>& removed, const std::string& what,
                 SharedList<T>* next) {
  if (changed.empty() && removed.empty()) {
    *next = base;
    return OkStatus();
  }
  Objects<T> items;
  RETURN_IF_ERROR(ApplyList(base.items(), changed.items(), removed, what, &items));
  *next = SharedList<T>(base, {changed.items(), removed}, std::move(items));
  return OkStatus();
}

// How many of the oldest go, so that what stays of `base` begins `next`.
size_t CountDropped(const std::vector<std::string>& base, const std::vector<std::string>& next) {
  for (size_t dropped = 0; dropped < base.size(); ++dropped) {
    const size_t kept = base.size() - dropped;
    if (kept > next.size()) continue;
    if (std::equal(base.end() - static_cast<std::ptrdiff_t>(kept), base.end(), next.begin())) {
      return dropped;
    }
  }
  return base.size();
}

Value StringsOf(const std::vector<std::string>& strings) {
  Value list = Value::MakeList();
  for (const std::string& text : strings) list.Append(Value::String(text));
  return list;
}

}  // namespace

std::optional<AssignmentDelta> MakeDelta(const Assignment& base, const Assignment& next) {
  AssignmentDelta delta;
  delta.changed.fence = next.fence;
  delta.changed.node = next.node;
  delta.changed.cluster_pod_cidr = next.cluster_pod_cidr;
  delta.changed.node_pod_cidr = next.node_pod_cidr;
  delta.changed.service_cidr = next.service_cidr;
  delta.changed.cluster_domain = next.cluster_domain;
  delta.changed.network_backend = next.network_backend;
  delta.changed.is_drained = next.is_drained;
  delta.changed.heartbeat_ms = next.heartbeat_ms;
  const bool sorted =
      DiffList(base.pods, next.pods, &delta.changed.pods, &delta.removed_pods) &&
      DiffList(base.config_maps, next.config_maps, &delta.changed.config_maps,
               &delta.removed_config_maps) &&
      DiffList(base.secrets, next.secrets, &delta.changed.secrets, &delta.removed_secrets) &&
      DiffList(base.nodes, next.nodes, &delta.changed.nodes, &delta.removed_nodes) &&
      DiffList(base.services, next.services, &delta.changed.services, &delta.removed_services) &&
      DiffList(base.endpoint_slices, next.endpoint_slices, &delta.changed.endpoint_slices,
               &delta.removed_endpoint_slices) &&
      DiffList(base.namespaces, next.namespaces, &delta.changed.namespaces,
               &delta.removed_namespaces);
  if (!sorted || base.node != next.node) return std::nullopt;
  const size_t dropped = CountDropped(base.tombstones, next.tombstones);
  delta.dropped_tombstones = static_cast<int64_t>(dropped);
  const size_t kept = base.tombstones.size() - dropped;
  delta.changed.tombstones.assign(next.tombstones.begin() + static_cast<std::ptrdiff_t>(kept),
                                  next.tombstones.end());
  return delta;
}

Result<Assignment> ApplyDelta(const Assignment& base, const AssignmentDelta& delta) {
  Assignment next = delta.changed;
  if (next.node != base.node) {
    return InvalidError("assignment delta: for node " + next.node + ", not " + base.node);
  }
  RETURN_IF_ERROR(ApplyList(base.pods, delta.changed.pods, delta.removed_pods, "pods", &next.pods));
  RETURN_IF_ERROR(ApplyList(base.config_maps, delta.changed.config_maps, delta.removed_config_maps,
                            "configMaps", &next.config_maps));
  RETURN_IF_ERROR(ApplyList(base.secrets, delta.changed.secrets, delta.removed_secrets, "secrets",
                            &next.secrets));
  RETURN_IF_ERROR(
      ApplyList(base.nodes, delta.changed.nodes, delta.removed_nodes, "nodes", &next.nodes));
  RETURN_IF_ERROR(ApplyList(base.services, delta.changed.services, delta.removed_services,
                            "services", &next.services));
  RETURN_IF_ERROR(ApplyList(base.endpoint_slices, delta.changed.endpoint_slices,
                            delta.removed_endpoint_slices, "endpointSlices",
                            &next.endpoint_slices));
  RETURN_IF_ERROR(ApplyList(base.namespaces, delta.changed.namespaces, delta.removed_namespaces,
                            "namespaces", &next.namespaces));
  if (delta.dropped_tombstones > static_cast<int64_t>(base.tombstones.size())) {
    return InvalidError("assignment delta: drops " + std::to_string(delta.dropped_tombstones) +
                        " tombstones of " + std::to_string(base.tombstones.size()));
  }
  next.tombstones.assign(base.tombstones.begin() + delta.dropped_tombstones, base.tombstones.end());
  next.tombstones.insert(next.tombstones.end(), delta.changed.tombstones.begin(),
                         delta.changed.tombstones.end());
  return next;
}

Value EncodeDelta(const AssignmentDelta& delta) {
  Value value = EncodeAssignment(delta.changed);
  value.Set("removedPods", StringsOf(delta.removed_pods));
  value.Set("removedConfigMaps", StringsOf(delta.removed_config_maps));
  value.Set("removedSecrets", StringsOf(delta.removed_secrets));
  value.Set("removedNodes", StringsOf(delta.removed_nodes));
  value.Set("removedServices", StringsOf(delta.removed_services));
  value.Set("removedEndpointSlices", StringsOf(delta.removed_endpoint_slices));
  value.Set("removedNamespaces", StringsOf(delta.removed_namespaces));
  value.Set("droppedTombstones", Value::Int(delta.dropped_tombstones));
  return value;
}

Result<AssignmentDelta> DecodeAssignmentDelta(const Value& value) {
  Result<Assignment> changed = DecodeAssignment(value);
  if (!changed.ok()) return changed.status();
  MessageReader reader(value, "assignment delta");
  AssignmentDelta delta;
  delta.changed = std::move(changed).value();
  delta.removed_pods = reader.StringList("removedPods");
  delta.removed_config_maps = reader.StringList("removedConfigMaps");
  delta.removed_secrets = reader.StringList("removedSecrets");
  delta.removed_nodes = reader.StringList("removedNodes");
  delta.removed_services = reader.StringList("removedServices");
  delta.removed_endpoint_slices = reader.StringList("removedEndpointSlices");
  delta.removed_namespaces = reader.StringList("removedNamespaces");
  delta.dropped_tombstones = reader.Count("droppedTombstones");
  RETURN_IF_ERROR(reader.status());
  return delta;
}

}  // namespace reconcile
