#include "reconciler/owners.h"

namespace reconcile {

Owners::Owners(const ClusterState& state) {
  for (const Kind kind : {Kind::kReplicationController, Kind::kReplicaSet, Kind::kDeployment}) {
    for (const auto& [key, object] : state.Objects(kind)) {
      controllers_[object->metadata.uid] = object;
    }
  }
}

ObjectPtr Owners::TopOf(const ObjectPtr& object) const {
  constexpr int kMaxDepth = 8;
  ObjectPtr top = object;
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    const OwnerReference* owner = ControllerOf(top->metadata);
    if (owner == nullptr) return top;
    const auto found = controllers_.find(owner->uid);
    if (found == controllers_.end()) return top;
    top = found->second;
  }
  return top;
}

}  // namespace reconcile
