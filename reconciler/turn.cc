#include "reconciler/turn.h"

#include <algorithm>

#include "schema/codec.h"

namespace reconcile {

Turn::Turn(const ClusterState& state, Now now, Settled* settled, const Foreseen* foreseen)
    : base_(state),
      state_(state),
      now_(now),
      settled_(settled),
      foreseen_(foreseen),
      full_at_(now.mono) {
  if (settled_ == nullptr || !IsOfUse(*settled_)) {
    is_full_ = true;
    MakeAllDue();
    return;
  }
  full_at_ = settled_->full_at;
  due_ = settled_->due;
  suspects_ = settled_->suspects;
  wakes_ = settled_->wakes;
  for (const auto& [key, due] : wakes_) {
    if (due <= now_.mono) due_.insert(key);
  }
  for (const Kind kind : kAllKinds) {
    if (kind == Kind::kEvent) continue;
    ClusterState::ForEachDifference(
        *settled_->state, state_, kind,
        [&](const ObjectPtr& before, const ObjectPtr& after) { NoteChange(before, after); });
  }
}

void Turn::Put(ObjectPtr object) {
  ++write_count_;
  const ObjectKey key = object->key();
  const ObjectPtr before = state_.Find(key);
  written_[key] = object;
  state_.Put(object);
  NoteChange(before, object);
}

void Turn::Delete(const ObjectKey& key) {
  const ObjectPtr before = state_.Find(key);
  if (before == nullptr) return;
  ++write_count_;
  written_[key] = nullptr;
  state_.Delete(key);
  NoteChange(before, nullptr);
}

void Turn::WakeIn(int64_t delay_ms) {
  const MonoTime due = now_.mono + std::max<int64_t>(delay_ms, 1);
  if (!visiting_) {
    if (!wake_at_ || due < *wake_at_) wake_at_ = due;
    return;
  }
  // Another visit in this turn may find that it need not wait.
  const auto [known, added] = wakes_.emplace(*visiting_, due);
  if (!added) known->second = std::min(known->second, due);
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

WallTime Turn::PodStamp() const {
  const auto cluster = state_.Find<Cluster>("", "cluster");
  return {std::max(now_.wall.ms, cluster == nullptr ? 0 : cluster->lineage_began_ms)};
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
  for (const auto& [key, due] : wakes_) {
    if (!wake_at_ || due < *wake_at_) wake_at_ = due;
  }
  plan.wake_at = wake_at_;
  plan.more = more_;
  if (settled_ == nullptr) return plan;
  if (more_) {
    settled_->Forget();  // what was cut short is not known one by one
    return plan;
  }
  settled_->state = std::move(state_);
  settled_->due = std::move(due_);
  settled_->suspects = std::move(suspects_);
  settled_->wakes = std::move(wakes_);
  settled_->clocks_apart_ms = ClocksApartMs(now_);
  settled_->full_at = full_at_;
  return plan;
}

}  // namespace reconcile
