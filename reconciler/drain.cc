#include "reconciler/drain.h"

#include <algorithm>
#include <optional>

#include "reconciler/controllers.h"
#include "reconciler/disruption.h"
#include "reconciler/eviction.h"
#include "reconciler/pod_control.h"
#include "schema/text.h"
#include "schema/volumes.h"

namespace reconcile {
namespace {

constexpr char kDrainComponent[] = "node-controller";
constexpr size_t kShownPods = 10;

bool IsOfDaemonSet(const Pod& pod) {
  const OwnerReference* owner = ControllerOf(pod.metadata);
  return owner != nullptr && owner->kind == "DaemonSet";
}

bool HasEmptyDir(const Pod& pod) {
  const std::vector<Volume> volumes = VolumesOf(pod.spec);
  return std::any_of(volumes.begin(), volumes.end(),
                     [](const Volume& volume) { return volume.kind == Volume::Kind::kEmptyDir; });
}

bool LosesData(const Pod& pod, const NodeDrain& drain) {
  return !drain.delete_empty_dir_data && HasEmptyDir(pod);
}
bool IsLost(const Pod& pod, const NodeDrain& drain) {
  return !drain.force && ControllerOf(pod.metadata) == nullptr;
}

std::vector<PodPtr> PodsToLeave(const std::string& node, const NodeDrain& drain,
                                const ClusterState& state) {
  std::vector<PodPtr> pods;
  state.pods_by_node().ForEach(node, [&](const ObjectKey& key) {
    auto pod = As<Pod>(state.Find(key));
    if (IsTerminal(*pod) || (drain.ignore_daemon_sets && IsOfDaemonSet(*pod))) return;
    pods.push_back(std::move(pod));
  });
  return pods;
}

// What a person has to ask for before the pod may go; empty when nothing.
std::string WhyAsk(const Pod& pod, const NodeDrain& drain) {
  if (IsOfDaemonSet(pod)) {
    return "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)";
  }
  if (IsLost(pod, drain)) {
    return "cannot delete Pods that declare no controller (use --force to override)";
  }
  if (LosesData(pod, drain)) {
    return "cannot delete Pods with local storage (use --delete-emptydir-data to override)";
  }
  return "";
}

void End(Turn* turn, const Node& node, EventType type, const std::string& reason,
         const std::string& message) {
  const auto ended = Mutable(node);
  ended->status.drain.reset();
  turn->Put(ended);
  turn->Record({.key = node.key(),
                .type = type,
                .reason = reason,
                .message = message,
                .component = kDrainComponent});
}

std::string TextOf(const std::vector<DrainWait>& waits) {
  std::string text;
  for (size_t i = 0; i < std::min(waits.size(), kShownPods); ++i) {
    text += (i > 0 ? "; " : "") + ToString(waits[i].pod) + ": " + waits[i].why;
  }
  if (waits.size() > kShownPods) {
    text += "; and " + std::to_string(waits.size() - kShownPods) + " more";
  }
  return text;
}

// True when the drain's time is over; else the node is visited again then.
bool IsGivenUp(Turn* turn, const NodeDrain& drain) {
  if (!drain.until) return false;
  const int64_t left_ms = drain.until->ms - turn->now().wall.ms;
  if (left_ms > 0) turn->WakeIn(left_ms);
  return left_ms <= 0;
}

void EvictOne(Turn* turn, const Node& node, const Pod& pod) {
  turn->Record({.key = pod.key(),
                .reason = "Evicted",
                .message = "Node " + node.metadata.name + " is drained",
                .component = kDrainComponent});
  RemovePod(turn, pod);
}

}  // namespace

std::vector<std::string> WhyNotDrained(const std::string& node, const NodeDrain& drain,
                                       const ClusterState& state) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const PodPtr& pod : PodsToLeave(node, drain, state)) {
    if (pod->metadata.deletion_timestamp) continue;
    const std::string why = WhyAsk(*pod, drain);
    if (why.empty()) continue;
    by_reason[why].push_back(pod->metadata.namespace_name + "/" + pod->metadata.name);
  }
  std::vector<std::string> lines;
  for (const auto& [why, pods] : by_reason) {
    std::string line = why + ": ";
    for (size_t i = 0; i < std::min(pods.size(), kShownPods); ++i) {
      line += (i > 0 ? ", " : "") + pods[i];
    }
    if (pods.size() > kShownPods) {
      line += " and " + std::to_string(pods.size() - kShownPods) + " more";
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<DrainWait> DrainWaitsOf(const std::string& node, const NodeDrain& drain,
                                    const ClusterState& state) {
  std::vector<DrainWait> waits;
  Evictions evictions(state);
  for (const PodPtr& pod : PodsToLeave(node, drain, state)) {
    DrainWait wait{.pod = pod->key(), .why = "is stopping", .is_blocked = false};
    if (!pod->metadata.deletion_timestamp) {
      const std::string ask = WhyAsk(*pod, drain);
      const std::string budget = ask.empty() ? evictions.WhyNot(*pod) : ask;
      wait.why = budget.empty() ? "is about to go" : budget;
      wait.is_blocked = !budget.empty();
    }
    waits.push_back(std::move(wait));
  }
  return waits;
}

void DrainPods(Turn* turn, const Node& node) {
  if (!node.status.drain) return;
  const NodeDrain& drain = *node.status.drain;
  const std::string& name = node.metadata.name;
  if (IsGivenUp(turn, drain)) {
    const auto waits = DrainWaitsOf(name, drain, turn->state());
    return waits.empty() ? End(turn, node, EventType::kNormal, "Drained", "Its pods are gone")
                         : End(turn, node, EventType::kWarning, "DrainTimedOut",
                               "Its time is over. " + TextOf(waits));
  }
  const std::vector<PodPtr> pods = PodsToLeave(name, drain, turn->state());
  if (pods.empty()) {
    return End(turn, node, EventType::kNormal, "Drained",
               "Its pods are gone; it takes none until `reconcile uncordon " + name + "`");
  }
  std::optional<Evictions> evictions;
  for (const PodPtr& pod : pods) {
    if (!IsActive(*pod) || !WhyAsk(*pod, drain).empty()) continue;
    if (!evictions) evictions.emplace(turn->state());
    if (!evictions->WhyNot(*pod).empty() || turn->TakeDeletes(1) == 0) continue;
    EvictOne(turn, node, *pod);
    evictions.reset();  // one less is healthy
  }
}

void SyncNodes(Turn* turn) {
  std::optional<bool> stay;
  turn->VisitDue<Node>([&](const std::shared_ptr<const Node>& node) {
    if (IsSilent(*node)) {
      if (!stay) stay = !WhyPodsStay(turn->state()).empty();
      if (!*stay) EvictFromSilent(turn, *node);
    }
    EvictByTaints(turn, *node);
    const auto now = turn->state().Find<Node>("", node->metadata.name);
    if (now != nullptr) DrainPods(turn, *now);
  });
}

}  // namespace reconcile
