#include "api/endpoints_view.h"

#include <algorithm>
#include <string>

#include "reconciler/endpoints.h"
#include "schema/network.h"

namespace reconcile {
namespace {

ObjectPtr DerivedEndpoints(const std::shared_ptr<const Service>& service,
                           const ClusterState& state) {
  const bool has_some = service != nullptr && service->spec.type != ServiceType::kExternalName;
  if (!has_some) return nullptr;
  std::shared_ptr<Endpoints> endpoints = EndpointsOf(*service, state);
  int64_t& newest = endpoints->metadata.resource_version;
  state.by_owner().ForEach(service->metadata.uid, [&](const ObjectKey& key) {
    if (key.kind != Kind::kEndpointSlice) return;
    newest = std::max(newest, state.Find(key)->metadata.resource_version);
  });
  return endpoints;
}

std::string ServiceOfSlice(const ObjectPtr& slice) {
  if (slice == nullptr) return "";
  const auto service = slice->metadata.labels.find(kServiceNameLabel);
  return service == slice->metadata.labels.end() ? "" : service->second;
}

}  // namespace

ObjectMap ObjectsInView(Kind kind, const ClusterState& state) {
  ObjectMap objects = state.Objects(kind);
  if (kind != Kind::kEndpoints) return objects;
  state.ForEach<Service>([&](const std::shared_ptr<const Service>& service) {
    const ObjectKey key{kind, service->metadata.namespace_name, service->metadata.name};
    if (objects.contains(key)) return;
    if (ObjectPtr derived = DerivedEndpoints(service, state)) objects.Set(key, std::move(derived));
  });
  return objects;
}

ObjectPtr FindInView(const ObjectKey& key, const ClusterState& state) {
  ObjectPtr object = state.Find(key);
  if (object != nullptr || key.kind != Kind::kEndpoints) return object;
  return DerivedEndpoints(state.Find<Service>(key.namespace_name, key.name), state);
}

std::map<ObjectKey, Revision> TouchedEndpoints(const std::vector<Change>& changes) {
  std::map<ObjectKey, Revision> touched;
  const auto touch = [&](const Change& change, const std::string& name, Revision revision) {
    if (name.empty()) return;
    Revision& last = touched[{Kind::kEndpoints, change.key.namespace_name, name}];
    last = std::max(last, revision);
  };
  for (const Change& change : changes) {
    const Kind kind = change.key.kind;
    if (kind == Kind::kService || kind == Kind::kEndpoints) {
      touch(change, change.key.name, change.revision);
    }
    if (kind != Kind::kEndpointSlice) continue;
    const std::string left = ServiceOfSlice(change.before);
    const std::string joined = ServiceOfSlice(change.after);
    const bool moved = !left.empty() && !joined.empty() && left != joined;
    touch(change, left, moved ? change.revision - 1 : change.revision);
    touch(change, joined, change.revision);
  }
  return touched;
}

}  // namespace reconcile
