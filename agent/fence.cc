#include "agent/fence.h"

#include "agent/containers.h"
#include "base/planted_bug.h"
#include "link/lineage.h"

namespace reconcile {
namespace {

std::set<std::string> Accounted(const Assignment& assignment) {
  std::set<std::string> uids(assignment.tombstones.begin(), assignment.tombstones.end());
  for (const auto& pod : assignment.pods) uids.insert(pod->metadata.uid);
  return uids;
}

bool BeingStopped(const Seen& seen, const std::string& uid) {
  const auto memory = seen.pods.find(uid);
  return memory != seen.pods.end() && memory->second.stop_deadline.has_value();
}

std::set<std::string> PodsWithContainers(const Seen& seen) {
  std::set<std::string> uids;
  for (const auto& [id, container] : seen.containers) {
    if (IsLive(container)) uids.insert(LabelOf(container, kLabelPodUid));
  }
  uids.erase("");
  return uids;
}

bool TooMany(size_t stops, size_t pods) {
  return stops > kMaxUnexplainedStops && stops * 100 > pods * kMaxUnexplainedStopPercent;
}

std::string Explain(size_t stops, size_t pods) {
  return "the controller's assignment would stop " + std::to_string(stops) + " of the " +
         std::to_string(pods) +
         " pods here without saying that they were deleted; they are kept until it names them or "
         "has them again";
}

Status CheckLineage(const Fence& newest, const Fence& fence, const VerifyProof& verify) {
  const std::string what = "an assignment of store lineage " + fence.lineage +
                           "; this host follows lineage " + newest.lineage;
  if (verify == nullptr) {
    return InvalidError(what + " (was the controller's database replaced?)");
  }
  if (fence.lineage_began_ms <= newest.lineage_began_ms) {
    return ConflictError(what +
                         ", which began later: that controller was superseded by a restored "
                         "or rebuilt one; stop it");
  }
  const LineageClaim claim{fence.cluster_id, fence.lineage, fence.lineage_began_ms};
  if (!verify(LineageText(claim), fence.lineage_proof)) {
    return InvalidError(what +
                        ", and the cluster's CA has not signed the other one: start the "
                        "controller with the cluster's folder of keys (ca)");
  }
  return OkStatus();
}

}  // namespace

Status CheckFence(const std::optional<Fence>& newest, const Assignment& incoming,
                  const std::string& node_name, const VerifyProof& verify) {
  const Fence& fence = incoming.fence;
  if (incoming.node != node_name) {
    return InvalidError("an assignment for node " + incoming.node + " reached node " + node_name);
  }
  if (fence.cluster_id.empty()) return InvalidError("an assignment without a cluster id");
  if (!newest) return OkStatus();
  if (fence.cluster_id != newest->cluster_id) {
    return InvalidError("an assignment of cluster " + fence.cluster_id +
                        "; this host belongs to cluster " + newest->cluster_id);
  }
  if (fence.lineage != newest->lineage) {
    return PlantedBug("ignore-lineage") ? OkStatus() : CheckLineage(*newest, fence, verify);
  }
  if (PlantedBug("obey-older-assignment")) return OkStatus();
  if (fence.epoch < newest->epoch) {
    return ConflictError("an assignment of an earlier controller, epoch " +
                         std::to_string(fence.epoch) + " after " + std::to_string(newest->epoch) +
                         " (was an older copy of the controller's database put back?)");
  }
  if (fence.epoch == newest->epoch && fence.revision < newest->revision) {
    return ConflictError("an assignment of revision " + std::to_string(fence.revision) + " after " +
                         std::to_string(newest->revision));
  }
  return OkStatus();
}

std::string HoldReason(const Assignment& next, const Assignment* applied, const Seen& seen) {
  const bool lineage_changes = applied != nullptr && applied->fence.lineage != next.fence.lineage;
  std::set<std::string> here;
  if (!lineage_changes) here = PodsWithContainers(seen);
  std::set<std::string> leaving;
  if (applied != nullptr) {
    for (const auto& pod : applied->pods) {
      (pod->metadata.deletion_timestamp ? leaving : here).insert(pod->metadata.uid);
    }
  }
  const std::set<std::string> accounted = Accounted(next);
  size_t stops = 0;
  for (const std::string& uid : here) {
    if (!accounted.contains(uid) && !leaving.contains(uid) && !BeingStopped(seen, uid)) ++stops;
  }
  const bool too_many = lineage_changes ? stops > 0 : TooMany(stops, here.size());
  return too_many ? Explain(stops, here.size()) : "";
}

Removable FindRemovable(const Assignment& applied, const Seen& seen) {
  const std::set<std::string> tombstones(applied.tombstones.begin(), applied.tombstones.end());
  const std::set<std::string> accounted = Accounted(applied);
  Removable removable;
  std::set<std::string> unexplained;
  for (const auto& [id, container] : seen.containers) {
    const std::string& uid = LabelOf(container, kLabelPodUid);
    if (uid.empty()) continue;
    if (tombstones.contains(uid) || BeingStopped(seen, uid)) {
      removable.pod_uids.insert(uid);
    } else if (!accounted.contains(uid)) {
      unexplained.insert(uid);
    }
  }
  const std::set<std::string> running = PodsWithContainers(seen);
  size_t stops = 0;
  for (const std::string& uid : unexplained) stops += running.contains(uid) ? 1 : 0;
  if (TooMany(stops, running.size())) {
    removable.held = Explain(stops, running.size());
  } else {
    removable.pod_uids.insert(unexplained.begin(), unexplained.end());
  }
  return removable;
}

}  // namespace reconcile
