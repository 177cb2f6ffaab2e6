#include "reconciler/eviction.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "reconciler/controllers.h"
#include "reconciler/pod_control.h"

namespace reconcile {
namespace {

constexpr char kNodeComponent[] = "node-controller";

bool ToleratesUnreachable(const Value& toleration) {
  const std::string key = toleration.GetString("key");
  const std::string comparison = toleration.GetString("operator", "Equal");
  const std::string effect = toleration.GetString("effect");
  if (!effect.empty() && effect != "NoExecute") return false;
  if (key.empty()) return comparison == "Exists";
  if (key != kUnreachableTaint) return false;
  // The taint has no value.
  return comparison == "Exists" || (comparison == "Equal" && toleration.GetString("value").empty());
}

// Those that somebody else makes again: a pod that is declared by itself cannot be made anew while
// it may still run.
bool IsReplaceable(const Pod& pod) {
  return IsActive(pod) && ControllerOf(pod.metadata) != nullptr;
}

void Evict(Turn* turn, const Node& node, const Pod& pod) {
  turn->Record({.key = pod.key(),
                .type = EventType::kWarning,
                .reason = "TaintManagerEviction",
                .message = "Node " + node.metadata.name +
                           " is silent: another pod takes its place, and it is stopped when the "
                           "host is heard again",
                .component = kNodeComponent});
  RemovePod(turn, pod);
}

int64_t DefaultTolerationMs(const ClusterState& state) {
  const auto cluster = state.Find<Cluster>("", "cluster");
  return cluster == nullptr ? Cluster().unreachable_toleration_ms
                            : cluster->unreachable_toleration_ms;
}

void EvictPodsOf(Turn* turn, const Node& node) {
  const int64_t default_ms = DefaultTolerationMs(turn->state());
  const Condition& ready = *FindCondition(node.status.conditions, "Ready");
  const int64_t since_ms = ready.last_transition_time.value_or(turn->now().wall).ms;
  std::vector<PodPtr> pods;
  turn->state().pods_by_node().ForEach(node.metadata.name, [&](const ObjectKey& key) {
    auto pod = As<Pod>(turn->state().Find(key));
    if (IsReplaceable(*pod)) pods.push_back(std::move(pod));
  });
  for (const PodPtr& pod : pods) {
    const std::optional<int64_t> tolerated_ms = UnreachableTolerationOf(pod->spec, default_ms);
    if (!tolerated_ms) continue;
    // A stamp from the future (a clock set back) waits no longer than the whole time.
    const int64_t left_ms =
        std::clamp<int64_t>(*tolerated_ms - (turn->now().wall.ms - since_ms), 0, *tolerated_ms);
    if (left_ms > 0) {
      turn->WakeIn(left_ms);
    } else if (turn->TakeDeletes(1) == 1) {
      Evict(turn, node, *pod);
    }
  }
}

}  // namespace

bool IsSilent(const Node& node) {
  const Condition* ready = FindCondition(node.status.conditions, "Ready");
  return ready != nullptr && ready->status == ConditionStatus::kUnknown &&
         ready->reason == kNodeStatusUnknown;
}

std::optional<int64_t> UnreachableTolerationOf(const PodSpec& spec, int64_t default_ms) {
  const Value* tolerations = spec.others.Find("tolerations");
  if (tolerations == nullptr || !tolerations->IsList()) return default_ms;
  bool tolerates = false;
  std::optional<int64_t> shortest_s;
  for (const Value& toleration : tolerations->AsList()) {
    if (!ToleratesUnreachable(toleration)) continue;
    tolerates = true;
    if (toleration.Find("tolerationSeconds") == nullptr) continue;
    constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 1000;
    const int64_t seconds = std::clamp<int64_t>(toleration.GetInt("tolerationSeconds"), 0, kMost);
    shortest_s = std::min(shortest_s.value_or(seconds), seconds);
  }
  if (!tolerates) return default_ms;
  if (!shortest_s) return std::nullopt;
  return *shortest_s * 1000;
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

void EvictFromSilentNodes(Turn* turn) {
  std::optional<bool> stay;
  turn->VisitDue<Node>([&](const std::shared_ptr<const Node>& node) {
    if (!IsSilent(*node)) return;
    if (!stay) stay = !WhyPodsStay(turn->state()).empty();
    if (!*stay) EvictPodsOf(turn, *node);
  });
}

}  // namespace reconcile
