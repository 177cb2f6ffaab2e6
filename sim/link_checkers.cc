#include "sim/link_checkers.h"

#include "schema/codec.h"

namespace reconcile {
namespace {

std::string TextOf(const Fence& fence) {
  return "lineage " + fence.lineage + ", epoch " + std::to_string(fence.epoch) + ", revision " +
         std::to_string(fence.revision);
}

std::string StatusText(const Pod& pod, const PodStatus& status) {
  Pod told;
  told.metadata.name = pod.metadata.name;
  told.status = status;
  return EncodeObjectJson(told, EncodeFor::kUser);
}

bool IsOlder(const Fence& a, const Fence& b) {
  return a.epoch != b.epoch ? a.epoch < b.epoch : a.revision < b.revision;
}

// The model knows by the controller's clock when the pod was placed.
bool IsWhatWasTold(const Pod& pod, PodStatus told) {
  const Condition* placed = FindCondition(pod.status.conditions, "PodScheduled");
  for (Condition& condition : told.conditions) {
    const bool is_placing = placed != nullptr && condition.type == placed->type;
    if (is_placing) condition.last_transition_time = placed->last_transition_time;
  }
  return pod.status == told;
}

}  // namespace

void FenceChecker::OnSent(const Report& report, MonoTime now) {
  const auto found = nodes_.find(report.node);
  const std::string where = "at " + std::to_string(now.ms) + " ms: " + report.node;
  if (!report.applied) {
    if (found != nodes_.end()) violations_.Add(where + " forgot what it obeyed");
    return;
  }
  const Fence& fence = *report.applied;
  if (found == nodes_.end()) {
    nodes_[report.node].newest = fence;
    return;
  }
  Obeyed& obeyed = found->second;
  const std::string what = " obeys " + TextOf(fence) + " after " + TextOf(obeyed.newest);
  if (fence.cluster_id != obeyed.newest.cluster_id) {
    violations_.Add(where + " follows another cluster, " + fence.cluster_id);
  } else if (obeyed.left.contains(fence.lineage)) {
    violations_.Add(where + what + ", a lineage that it had left");
  } else if (fence.lineage == obeyed.newest.lineage) {
    if (IsOlder(fence, obeyed.newest)) violations_.Add(where + what);
  } else if (fence.lineage_began_ms <= obeyed.newest.lineage_began_ms) {
    violations_.Add(where + what + ", a lineage that began no later");
  } else {
    obeyed.left.insert(obeyed.newest.lineage);
    ++lineages_followed_;
  }
  obeyed.newest = fence;
}

std::string FenceChecker::LineageOf(const std::string& node) const {
  const auto found = nodes_.find(node);
  return found == nodes_.end() ? "" : found->second.newest.lineage;
}

uint64_t ReportChecker::OnArrived(uint64_t process, const Report& report) {
  Newest& newest = nodes_[report.node];
  const bool older = newest.process == process && newest.report.agent_start == report.agent_start &&
                     report.sequence <= newest.report.sequence;
  if (older) return 0;
  newest = {process, ++reports_, report};
  return newest.number;
}

void ReportChecker::Check(const std::string& node, uint64_t number, const ClusterState& state,
                          MonoTime now) {
  const Newest& newest = nodes_[node];
  const auto cluster = state.Find<Cluster>("", "cluster");
  const std::optional<Fence>& applied = newest.report.applied;
  const bool waits = cluster != nullptr &&
                     (cluster->recovering || (applied && applied->lineage != cluster->lineage));
  if (newest.number != number || waits) return;
  ++checked_;
  for (const PodReport& told : newest.report.pods) {
    const auto pod = state.Find<Pod>(told.namespace_name, told.name);
    const bool here =
        pod != nullptr && pod->metadata.uid == told.uid && pod->spec.node_name == node;
    if (!here) continue;
    const bool goes = told.gone && pod->metadata.deletion_timestamp;
    if (!goes && (told.gone || IsWhatWasTold(*pod, told.status))) continue;
    violations_.Add("at " + std::to_string(now.ms) + " ms: the model does not have what " + node +
                    " said of pod " + told.name + " in report " +
                    std::to_string(newest.report.sequence) + ": " + StatusText(*pod, told.status) +
                    (told.gone ? " (gone)" : "") + ", but " + StatusText(*pod, pod->status));
  }
}

}  // namespace reconcile
