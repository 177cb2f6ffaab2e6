#include "schema/cluster_state.h"

#include "base/check.h"

namespace reconcile {

namespace {

// The map for writing: itself when nobody else holds it, a copy otherwise. `held` is counted too:
// taking it orders this thread after every reader that has let go.
ObjectMap& Writable(std::shared_ptr<const ObjectMap>* slot) {
  std::shared_ptr<const ObjectMap> held = *slot;
  if (held.use_count() > 2) *slot = std::make_shared<ObjectMap>(*held);
  return *std::const_pointer_cast<ObjectMap>(*slot);
}

}  // namespace

ClusterState::ClusterState() {
  for (std::shared_ptr<const ObjectMap>& map : maps_) map = std::make_shared<ObjectMap>();
}

ObjectPtr ClusterState::Find(const ObjectKey& key) const {
  const ObjectMap& objects = Objects(key.kind);
  const auto found = objects.find(key);
  return found == objects.end() ? nullptr : found->second;
}

size_t ClusterState::size() const {
  size_t total = 0;
  for (const std::shared_ptr<const ObjectMap>& map : maps_) total += map->size();
  return total;
}

void ClusterState::Put(ObjectPtr object) {
  CHECK(object != nullptr);
  const ObjectKey key = object->key();
  Writable(&maps_[static_cast<size_t>(key.kind)])[key] = std::move(object);
}

void ClusterState::Delete(const ObjectKey& key) {
  if (Objects(key.kind).count(key) == 0) return;
  Writable(&maps_[static_cast<size_t>(key.kind)]).erase(key);
}

}  // namespace reconcile
