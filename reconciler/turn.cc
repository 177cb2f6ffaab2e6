#include "reconciler/turn.h"

#include <algorithm>

#include "schema/codec.h"

namespace reconcile {
namespace {

// The kinds whose objects without a controller may be adopted.
bool IsAdoptable(Kind kind) { return kind == Kind::kPod || kind == Kind::kReplicaSet; }

}  // namespace

Turn::Turn(const ClusterState& state, Now now) : base_(state), state_(state), now_(now) {
  for (const Kind kind : kAllKinds) {
    if (kind == Kind::kEvent) continue;
    for (const auto& [key, object] : state_.Objects(kind)) Index(*object);
  }
}

void Turn::Index(const Object& object) {
  if (object.kind == Kind::kEvent) return;
  if (!object.metadata.uid.empty()) uids_.insert(object.metadata.uid);
  if (const OwnerReference* owner = ControllerOf(object.metadata)) {
    owned_[owner->uid].insert(object.key());
  } else if (IsAdoptable(object.kind)) {
    unowned_.insert(object.key());
  }
}

void Turn::Unindex(const Object& object) {
  if (object.kind == Kind::kEvent) return;
  uids_.erase(object.metadata.uid);
  if (const OwnerReference* owner = ControllerOf(object.metadata)) {
    const auto keys = owned_.find(owner->uid);
    if (keys == owned_.end()) return;
    keys->second.erase(object.key());
    if (keys->second.empty()) owned_.erase(keys);
  } else if (IsAdoptable(object.kind)) {
    unowned_.erase(object.key());
  }
}

void Turn::Put(ObjectPtr object) {
  ++write_count_;
  const ObjectKey key = object->key();
  if (const ObjectPtr before = state_.Find(key)) Unindex(*before);
  Index(*object);
  written_[key] = object;
  state_.Put(std::move(object));
}

void Turn::Delete(const ObjectKey& key) {
  const ObjectPtr before = state_.Find(key);
  if (before == nullptr) return;
  ++write_count_;
  Unindex(*before);
  written_[key] = nullptr;
  state_.Delete(key);
}

void Turn::WakeIn(int64_t delay_ms) {
  const MonoTime due = now_.mono + std::max<int64_t>(delay_ms, 1);
  if (!wake_at_ || due < *wake_at_) wake_at_ = due;
}

bool Turn::TakeCreate() {
  if (creates_left_ == 0) {
    more_ = true;
    return false;
  }
  --creates_left_;
  return true;
}

size_t Turn::TakeDeletes(size_t wanted) {
  const size_t taken = std::min(wanted, deletes_left_);
  deletes_left_ -= taken;
  if (taken < wanted) more_ = true;
  return taken;
}

bool Turn::IsOpen(const std::string& namespace_name) const {
  const auto found = state_.Find<Namespace>("", namespace_name);
  return found != nullptr && !found->metadata.deletion_timestamp;
}

int64_t Turn::NextIncarnation() {
  const auto cluster = state_.Find<Cluster>("", "cluster");
  if (cluster == nullptr) return 0;
  const auto updated = Mutable(*cluster);
  ++updated->metadata.incarnation;
  Put(updated);
  return updated->metadata.incarnation;
}

std::string Turn::ClusterId() const {
  const auto cluster = state_.Find<Cluster>("", "cluster");
  return cluster == nullptr ? "" : cluster->cluster_id;
}

Plan Turn::Finish() {
  Plan plan;
  for (const auto& [key, object] : written_) {
    const ObjectPtr before = base_.Find(key);
    const bool same =
        before == nullptr || object == nullptr ? before == object : EqualObjects(*before, *object);
    if (same) continue;
    plan.transaction.writes.push_back({key, object});
  }
  plan.reasons = std::move(reasons_);
  plan.wake_at = wake_at_;
  plan.more = more_;
  return plan;
}

}  // namespace reconcile
