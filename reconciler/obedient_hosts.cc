#include "reconciler/obedient_hosts.h"

#include "base/ids.h"
#include "reconciler/missing_config.h"
#include "reconciler/turn.h"

namespace reconcile {

int Pace::TurnsOf(const Pod& pod) const {
  const int most = pod.metadata.deletion_timestamp ? most_to_go : most_to_start;
  if (by == By::kAll || most <= 1) return most;
  const OwnerReference* owner = ControllerOf(pod.metadata);
  const std::string& uid = by == By::kWorkload && owner != nullptr ? owner->uid : pod.metadata.uid;
  const uint64_t hash = Fnv1a64(uid, Fnv1a64(std::to_string(seed) + "/"));
  return 1 + static_cast<int>(hash % static_cast<uint64_t>(most));
}

std::string WhyItWaits(const Pod& pod, const ClusterState& state) {
  const std::string missing = MissingConfigOf(pod, state);
  return missing.empty() ? "" : "containers wait: " + missing;
}

namespace {

PodPtr Waiting(const Pod& pod, const std::string& why) {
  const auto waiting = Mutable(pod);
  waiting->status.message = why;
  return waiting;
}

PodPtr Started(const Pod& pod, WallTime now) {
  const auto started = Mutable(pod);
  started->status.phase = PodPhase::kRunning;
  started->status.message.clear();
  for (const char* type : {"Initialized", "ContainersReady", "Ready"}) {
    SetCondition(&started->status.conditions, {.type = type, .status = ConditionStatus::kTrue},
                 now);
  }
  return started;
}

}  // namespace

ObedientHosts::ObedientHosts(const ClusterState& state) : state_(state) {
  state_.ForEach<Pod>([&](const PodPtr& pod) { Note(pod); });
}

void ObedientHosts::Note(const PodPtr& pod) {
  const bool goes = pod->metadata.deletion_timestamp.has_value();
  if (!goes && (!IsActive(*pod) || IsReady(*pod))) {
    due_.erase(pod->key());
    return;
  }
  Work& work = due_[pod->key()];
  if (work.uid != pod->metadata.uid || work.goes != goes) work = {pod->metadata.uid, goes, 0};
}

bool ObedientHosts::Take(const Plan& plan) {
  for (const Write& write : plan.transaction.writes) {
    if (write.object == nullptr) {
      state_.Delete(write.key);
      due_.erase(write.key);
      continue;
    }
    state_.Put(write.object);
    if (write.key.kind == Kind::kPod) Note(As<Pod>(write.object));
  }
  return !plan.transaction.empty();
}

bool ObedientHosts::Act(WallTime now) {
  bool acted = false;
  for (auto next = due_.begin(); next != due_.end();) {
    const auto work = next++;  // it may be done, and is no more then
    const PodPtr pod = As<Pod>(state_.Find(work->first));
    if (IsOnReadyNode(*pod)) acted |= ActOn(pod, &work->second, now);
  }
  return acted;
}

bool ObedientHosts::IsOnReadyNode(const Pod& pod) const {
  const auto node = state_.Find<Node>("", pod.spec.node_name);
  return node != nullptr && IsReady(*node);
}

bool ObedientHosts::ActOn(const PodPtr& pod, Work* work, WallTime now) {
  const std::string why = work->goes ? "" : WhyItWaits(*pod, state_);
  if (!why.empty() && pod->status.message == why) return false;
  if (!why.empty()) {
    state_.Put(Waiting(*pod, why));
    return true;
  }
  if (++work->turns < pace_.TurnsOf(*pod)) return true;
  if (work->goes) {
    state_.Delete(pod->key());
  } else {
    state_.Put(Started(*pod, now));
  }
  due_.erase(pod->key());
  return true;
}

}  // namespace reconcile
