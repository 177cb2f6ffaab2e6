#include "api/endpoints_view.h"

#include "reconciler/endpoints.h"

namespace reconcile {
namespace {

ObjectPtr DerivedEndpoints(const std::shared_ptr<const Service>& service,
                           const ClusterState& state) {
  const bool has_some = service != nullptr && service->spec.type != ServiceType::kExternalName;
  return has_some ? EndpointsOf(*service, state) : nullptr;
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
