#include "api/endpoints_view.h"

#include <algorithm>

#include "reconciler/endpoints.h"

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

}  // namespace reconcile
