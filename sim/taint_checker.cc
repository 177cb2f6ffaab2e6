#include "sim/taint_checker.h"

#include <optional>

#include "schema/tolerations.h"

namespace reconcile {
namespace {

constexpr int64_t kTooEarlyMs = 5'000;  // between the stamp and the state that has it

// Of the people's, on this node.
std::optional<Taint> TaintOf(const ClusterState& state, const std::string& name) {
  const auto node = state.Find<Node>("", name);
  if (node == nullptr) return std::nullopt;
  for (const Taint& taint : node->spec.taints) {
    if (taint.key == kSimTaint) return taint;
  }
  return std::nullopt;
}

bool IsUnheard(const ClusterState& state, const std::string& name) {
  const auto node = state.Find<Node>("", name);
  const Condition* ready =
      node == nullptr ? nullptr : FindCondition(node->status.conditions, "Ready");
  return ready != nullptr && ready->reason == kNodeStatusUnknown;
}

SimTemplate TemplateOf(const Pod& pod) { return ReadTemplate(pod.spec).value_or(SimTemplate()); }

bool IsKeptAway(const Pod& pod, const Taint& taint) {
  const auto tolerance = TemplateOf(pod).tolerance;
  if (tolerance == SimTemplate::Tolerance::kForever) return false;
  return taint.effect == TaintEffect::kNoSchedule || tolerance == SimTemplate::Tolerance::kNone;
}

// What runs already was placed by another lineage.
bool IsFromInventory(const Pod& pod) {
  return pod.status.start_time || pod.metadata.annotations.contains("reconcile.dev/recovered") ||
         pod.metadata.origin.file == "(recovered)";
}

}  // namespace

std::vector<UnderTaint> PodsUnderTaints(const ClusterState& state) {
  std::vector<UnderTaint> found;
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    const std::string& node = pod->spec.node_name;
    const auto taint = TaintOf(state, node);
    if (!taint || taint->effect != TaintEffect::kNoExecute || !taint->time_added) return;
    const std::optional<int64_t> stay_ms = StayUnderSimTaint(TemplateOf(*pod));
    if (!IsActive(*pod) || !stay_ms) return;
    const bool waits = ControllerOf(pod->metadata) == nullptr && IsUnheard(state, node);
    found.push_back(
        {pod->metadata.name, pod->metadata.uid, node, taint->time_added->ms, *stay_ms, waits});
  });
  return found;
}

std::vector<UnderTaint> TaintChecker::OnState(const ClusterState* before, const ClusterState& after,
                                              MonoTime now, int64_t clock_ms) {
  if (before != nullptr) CheckPlaced(*before, after);
  std::vector<UnderTaint> fresh;
  for (UnderTaint& pod : PodsUnderTaints(after)) {
    if (seen_.emplace(pod.Key(), Seen{now, clock_ms}).second) fresh.push_back(std::move(pod));
  }
  return fresh;
}

bool TaintChecker::MayGo(const Pod& pod, const ClusterState& after, MonoTime now,
                         int64_t clock_ms) {
  const auto taint = TaintOf(after, pod.spec.node_name);
  const std::optional<int64_t> stay_ms = StayUnderSimTaint(TemplateOf(pod));
  if (!taint || taint->effect != TaintEffect::kNoExecute || !taint->time_added || !stay_ms) {
    return false;
  }
  if (*stay_ms > 0) {
    const auto seen = seen_.find({pod.metadata.uid, pod.spec.node_name, taint->time_added->ms});
    if (seen == seen_.end()) return false;
    const bool is_over = now - seen->second.since >= *stay_ms - kTooEarlyMs;
    if (!is_over && seen->second.clock_ms == clock_ms) return false;
  }
  ++driven_out_;
  return true;
}

void TaintChecker::CheckPlaced(const ClusterState& before, const ClusterState& after) {
  // Pods that hosts are to run, and have not begun, come from inventories without a mark.
  const auto cluster = before.Find<Cluster>("", "cluster");
  if (cluster != nullptr && cluster->recovering) return;
  after.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    if (pod->spec.node_name.empty() || IsFromInventory(*pod)) return;
    const auto was = As<Pod>(before.Find(pod->key()));
    const bool is_same = was != nullptr && was->metadata.uid == pod->metadata.uid;
    if (is_same && !was->spec.node_name.empty()) return;
    const auto taint = TaintOf(after, pod->spec.node_name);
    if (!taint || !IsKeptAway(*pod, *taint)) return;
    violations_.Add("revision " + std::to_string(after.revision()) + ": pod " + pod->metadata.name +
                    " was placed on " + pod->spec.node_name + ", whose taint " + ToString(*taint) +
                    " it does not tolerate");
  });
}

void TaintChecker::CheckGone(const UnderTaint& pod, const ClusterState& state) {
  for (const UnderTaint& other : PodsUnderTaints(state)) {
    if (other.Key() != pod.Key() || other.waits_for_host) continue;
    violations_.Add("revision " + std::to_string(state.revision()) + ": pod " + pod.pod +
                    " is still on " + pod.node + ", whose NoExecute taint it tolerates for " +
                    std::to_string(pod.stay_ms) + " ms");
  }
}

}  // namespace reconcile
