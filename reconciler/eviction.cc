#include "reconciler/eviction.h"

#include <algorithm>
#include <vector>

#include "reconciler/controllers.h"
#include "reconciler/pod_control.h"

namespace reconcile {
namespace {

constexpr char kNodeComponent[] = "node-controller";

Taint UnreachableTaint() {
  return {.key = std::string(kUnreachableTaint),
          .value = "",
          .effect = TaintEffect::kNoExecute,
          .time_added = std::nullopt};
}

// Those that somebody else makes again: a pod that is declared by itself cannot be made anew while
// it may still run.
bool IsReplaceable(const Pod& pod) {
  return IsActive(pod) && ControllerOf(pod.metadata) != nullptr;
}

void Evict(Turn* turn, const Pod& pod, std::string why) {
  turn->Record({.key = pod.key(),
                .type = EventType::kWarning,
                .reason = "TaintManagerEviction",
                .message = std::move(why),
                .component = kNodeComponent});
  RemovePod(turn, pod);
}

std::vector<PodPtr> ActivePodsOf(const Turn& turn, const Node& node) {
  std::vector<PodPtr> pods;
  turn.state().pods_by_node().ForEach(node.metadata.name, [&](const ObjectKey& key) {
    auto pod = As<Pod>(turn.state().Find(key));
    if (IsActive(*pod)) pods.push_back(std::move(pod));
  });
  return pods;
}

// True when `tolerated_ms` since `since_ms` are over; else the node is visited again then. A stamp
// from the future (a clock set back) waits no longer than the whole time.
bool IsOver(Turn* turn, int64_t since_ms, int64_t tolerated_ms) {
  const int64_t left_ms =
      std::clamp<int64_t>(tolerated_ms - (turn->now().wall.ms - since_ms), 0, tolerated_ms);
  if (left_ms > 0) turn->WakeIn(left_ms);
  return left_ms == 0;
}

int64_t DefaultTolerationMs(const ClusterState& state) {
  const auto cluster = state.Find<Cluster>("", "cluster");
  return cluster == nullptr ? Cluster().unreachable_toleration_ms
                            : cluster->unreachable_toleration_ms;
}

void EvictUnreachable(Turn* turn, const Node& node) {
  const int64_t default_ms = DefaultTolerationMs(turn->state());
  const Condition& ready = *FindCondition(node.status.conditions, "Ready");
  const int64_t since_ms = ready.last_transition_time.value_or(turn->now().wall).ms;
  for (const PodPtr& pod : ActivePodsOf(*turn, node)) {
    if (!IsReplaceable(*pod)) continue;
    const std::optional<int64_t> tolerated_ms = UnreachableTolerationOf(pod->spec, default_ms);
    if (!tolerated_ms || !IsOver(turn, since_ms, *tolerated_ms)) continue;
    if (turn->TakeDeletes(1) == 0) continue;
    Evict(turn, *pod,
          "Node " + node.metadata.name +
              " is silent: another pod takes its place, and it is stopped when the host is heard "
              "again");
  }
}

bool EvictsPods(const Taint& taint) { return taint.effect == TaintEffect::kNoExecute; }

// Notes since when the node has its NoExecute taints; true when that is known of all.
bool StampTaints(Turn* turn, const Node& node) {
  const auto stamped = Mutable(node);
  for (Taint& taint : stamped->spec.taints) {
    if (EvictsPods(taint) && !taint.time_added) taint.time_added = turn->now().wall;
  }
  if (stamped->spec == node.spec) return true;
  turn->Put(stamped);
  return false;
}

// A pod's time begins when it and the taint are both there.
int64_t UnderTaintSince(const Pod& pod, const Taint& taint) {
  const Condition* bound = FindCondition(pod.status.conditions, "PodScheduled");
  const bool has_stamp = bound != nullptr && bound->last_transition_time;
  return std::max(taint.time_added->ms, has_stamp ? bound->last_transition_time->ms : 0);
}

// The taint that drives the pod away now; null when none does yet.
const Taint* DrivenAwayBy(Turn* turn, const Node& node, const Pod& pod) {
  const std::vector<Toleration> tolerations = TolerationsOf(pod.spec);
  const Taint* by = nullptr;
  for (const Taint& taint : node.spec.taints) {
    if (!EvictsPods(taint)) continue;
    const Stay stay = StayUnder(tolerations, taint);
    const bool is_over =
        !stay.is_tolerated || (stay.ms && IsOver(turn, UnderTaintSince(pod, taint), *stay.ms));
    if (is_over && by == nullptr) by = &taint;
  }
  return by;
}

}  // namespace

bool IsSilent(const Node& node) {
  const Condition* ready = FindCondition(node.status.conditions, "Ready");
  return ready != nullptr && ready->status == ConditionStatus::kUnknown &&
         ready->reason == kNodeStatusUnknown;
}

std::optional<int64_t> UnreachableTolerationOf(const PodSpec& spec, int64_t default_ms) {
  const Stay stay = StayUnder(TolerationsOf(spec), UnreachableTaint());
  return stay.is_tolerated ? stay.ms : std::optional(default_ms);
}

bool EvictsPods(const Node& node) {
  return IsSilent(node) || std::any_of(node.spec.taints.begin(), node.spec.taints.end(),
                                       [](const Taint& taint) { return EvictsPods(taint); });
}

std::string WhyPodsStay(const ClusterState& state) {
  size_t silent = 0;
  size_t known = 0;
  state.ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
    if (IsRevoked(*node)) return;
    ++known;
    if (IsSilent(*node)) ++silent;
  });
  if (silent * 2 <= known) return "";
  if (known == 1) return "its pods are not replaced, as there is no other host";
  return "its pods are not replaced, as " + std::to_string(silent) + " of " +
         std::to_string(known) +
         " hosts are silent: is the controller cut off? A host that is gone for good is taken out "
         "by `reconcile node revoke`";
}

void EvictFromSilent(Turn* turn, const Node& node) {
  if (IsSilent(node)) EvictUnreachable(turn, node);
}

void EvictByTaints(Turn* turn, const Node& node) {
  const auto& taints = node.spec.taints;
  const auto evicts = [](const Taint& taint) { return EvictsPods(taint); };
  if (std::none_of(taints.begin(), taints.end(), evicts)) return;
  if (!StampTaints(turn, node)) return;  // visited again
  for (const PodPtr& pod : ActivePodsOf(*turn, node)) {
    if (IsSilent(node) && !IsReplaceable(*pod)) continue;
    const Taint* taint = DrivenAwayBy(turn, node, *pod);
    if (taint == nullptr || turn->TakeDeletes(1) == 0) continue;
    Evict(turn, *pod,
          "Node " + node.metadata.name + " has the NoExecute taint " + ToString(*taint) +
              ", which it does not tolerate, or no longer");
  }
}

}  // namespace reconcile
