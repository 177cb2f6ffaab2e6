#include "reconciler/owners.h"

#include <string>

namespace reconcile {
namespace {

ObjectPtr ControllerIn(const ClusterState& state, const std::string& uid) {
  ObjectPtr found;
  state.by_uid().ForEach(uid, [&](const ObjectKey& key) {
    const bool controls = key.kind == Kind::kReplicationController ||
                          key.kind == Kind::kReplicaSet || key.kind == Kind::kDeployment;
    if (controls) found = state.Find(key);
  });
  return found;
}

}  // namespace

ObjectPtr Owners::TopOf(const ObjectPtr& object) const {
  constexpr int kMaxDepth = 8;
  ObjectPtr top = object;
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    const OwnerReference* owner = ControllerOf(top->metadata);
    if (owner == nullptr) return top;
    const ObjectPtr found = ControllerIn(state_, owner->uid);
    if (found == nullptr) return top;
    top = found;
  }
  return top;
}

}  // namespace reconcile
