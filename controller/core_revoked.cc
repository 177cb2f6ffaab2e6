#include <algorithm>

#include "base/log.h"
#include "controller/core.h"

namespace reconcile {
namespace {

constexpr size_t kMaxRevokedRemembered = 4096;
constexpr char kRevokedComponent[] = "node-controller";

std::string RevokedMessage(const std::string& node, WallTime since) {
  return "revoked at " + FormatRfc3339({since.ms / 1000 * 1000}) +
         "; if its machine still runs, so do its containers: power it off, or run `reconcile "
         "uninstall --yes` on it. `reconcile node remove " +
         node + "` forgets it; to let it in again: `reconcile token create --node " + node + "`";
}

}  // namespace

void Controller::Core::LookAtRevocations() {
  if (options_.revoked_nodes) revoked_ = options_.revoked_nodes();
}

// Also of nodes that the model does not know (yet): they may be let in again before it does.
void Controller::Core::RememberRevocations(ClusterState* state, WriteSet* writes) {
  const auto cluster = state->Find<Cluster>("", "cluster");
  if (cluster == nullptr) return;
  const std::set<std::string> known(cluster->revoked_nodes.begin(), cluster->revoked_nodes.end());
  std::vector<std::string> nodes = cluster->revoked_nodes;
  for (const auto& [name, since] : *revoked_) {
    if (!known.contains(name) && nodes.size() < kMaxRevokedRemembered) nodes.push_back(name);
  }
  if (nodes.size() == cluster->revoked_nodes.size()) return;
  const auto updated = std::make_shared<Cluster>(*cluster);
  updated->revoked_nodes = std::move(nodes);
  PutBoth(updated, state, writes);
}

bool Controller::Core::BeginsEmpty(const std::string& node, const ClusterState& state) const {
  const auto cluster = state.Find<Cluster>("", "cluster");
  if (cluster == nullptr) return false;
  const std::vector<std::string>& revoked = cluster->revoked_nodes;
  return std::find(revoked.begin(), revoked.end(), node) != revoked.end();
}

void Controller::Core::TakeRevocations(ClusterState* state, WriteSet* writes,
                                       std::vector<Reason>* reasons, Now now) {
  std::set<std::string> nodes;
  for (const auto& [name, since] : *revoked_) {
    const auto node = state->Find<Node>("", name);
    if (node == nullptr) continue;
    nodes.insert(name);
    if (!IsRevoked(*node)) MarkRevoked(*node, since, state, writes, reasons, now);
  }
  if (!nodes.empty()) RemovePodsOf(nodes, state, writes, reasons);
}

void Controller::Core::MarkRevoked(const Node& node, WallTime since, ClusterState* state,
                                   WriteSet* writes, std::vector<Reason>* reasons, Now now) {
  const std::string& name = node.metadata.name;
  const std::string message = RevokedMessage(name, since);
  const auto marked = std::make_shared<Node>(node);
  SetCondition(&marked->status.conditions,
               {.type = "Ready",
                .status = ConditionStatus::kFalse,
                .reason = std::string(kNodeRevoked),
                .message = message},
               now.wall);
  PutBoth(marked, state, writes);
  reasons->push_back(
      {marked->key(), EventType::kWarning, std::string(kNodeRevoked), message, kRevokedComponent});
}

// A person says that the host will not come back: nobody waits for its word.
void Controller::Core::RemovePodsOf(const std::set<std::string>& nodes, ClusterState* state,
                                    WriteSet* writes, std::vector<Reason>* reasons) {
  std::vector<std::shared_ptr<const Pod>> gone;
  for (const std::string& node : nodes) {
    state->pods_by_node().ForEach(
        node, [&](const ObjectKey& key) { gone.push_back(As<Pod>(state->Find(key))); });
  }
  if (gone.empty()) return;
  for (const auto& pod : gone) {
    reasons->push_back({.key = pod->key(),
                        .reason = "Removed",
                        .message = "Its node " + pod->spec.node_name + " was revoked",
                        .component = kRevokedComponent,
                        .uid = pod->metadata.uid});
    DeleteBoth(pod->key(), state, writes);
  }
  // Some may be pods that Git declares.
  for (auto& [name, followed] : followed_) {
    followed.applied = false;
    followed.in_force_reached = false;
  }
}

void Controller::Core::SweepRejoined(const Report& report, bool behind, Heard* heard,
                                     ClusterState* state, WriteSet* writes) {
  if (!BeginsEmpty(report.node, *state)) return;
  bool swept = true;
  for (const PodReport& told : report.pods) {
    const auto pod = state->Find<Pod>(told.namespace_name, told.name);
    const bool ours =
        pod != nullptr && pod->metadata.uid == told.uid && pod->spec.node_name == report.node;
    if (ours || told.gone) continue;
    AddTombstone(told.uid, &heard->tombstones);
    heard->to_tell = true;
    swept = false;
  }
  if (!swept || behind || !report.held.empty()) return;
  const auto updated = std::make_shared<Cluster>(*state->Find<Cluster>("", "cluster"));
  std::erase(updated->revoked_nodes, report.node);
  PutBoth(updated, state, writes);
}

Status Controller::Core::RemoveNode(const std::string& name) {
  const auto state = store_->Snapshot();
  const auto node = state->Find<Node>("", name);
  if (node == nullptr) {
    return NotFoundError("no node is named '" + name + "'; `reconcile get nodes` shows them");
  }
  if (!IsRevoked(*node)) {
    return ConflictError("node " + name +
                         " is not revoked, so its host may come back: `reconcile node revoke " +
                         name + "` first, which moves its pods to other hosts");
  }
  const Origin& origin = node->metadata.origin;
  if (!origin.source.empty()) {
    return ConflictError("node " + name + " is declared in Git (source " + origin.source + ", " +
                         origin.file + ":" + std::to_string(origin.line) +
                         "): take it out there first, or it is made anew");
  }
  Transaction transaction{{{node->key(), nullptr}}};
  const Reason reason{.key = node->key(),
                      .reason = "RemovedNode",
                      .message = "A person removed it",
                      .component = kRevokedComponent,
                      .uid = node->metadata.uid};
  for (const Write& write : RecordReasons(*state, {reason}, loop_->now()).writes) {
    transaction.writes.push_back(write);
  }
  const Result<Revision> committed = store_->Commit(transaction, state->revision());
  if (!committed.ok()) return committed.status();
  LogInfo("audit: a revoked node was removed", {{"node", name}});
  const auto heard = heard_.find(name);
  if (heard != heard_.end() && !heard->second.connected) heard_.erase(heard);
  RequestTurn();
  return OkStatus();
}

}  // namespace reconcile
