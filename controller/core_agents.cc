#include <algorithm>

#include "base/ids.h"
#include "base/log.h"
#include "base/planted_bug.h"
#include "controller/core.h"
#include "net/ipam.h"
#include "reconciler/declared.h"

namespace reconcile {
namespace {

constexpr size_t kMaxEventsPerNode = 500;  // waiting for a turn
constexpr int64_t kResendMs = 5'000;       // an assignment that was not taken by then was lost

Reason ReasonFor(const AgentEvent& event, const std::string& node) {
  Reason reason;
  reason.key = event.pod_uid.empty() ? ObjectKey{Kind::kNode, "", node}
                                     : ObjectKey{Kind::kPod, event.namespace_name, event.pod_name};
  reason.type = event.type;
  reason.reason = event.reason;
  reason.message = event.message;
  reason.component = "agent";
  return reason;
}

std::shared_ptr<Node> NewNode(const std::string& name, const ClusterState& state, Now now) {
  const auto cluster = state.Find<Cluster>("", "cluster");
  auto node = std::make_shared<Node>();
  node->metadata.name = name;
  node->metadata.creation_timestamp = now.wall;
  node->metadata.uid = DeriveUid({"node", cluster->cluster_id, name});
  return node;
}

// A pod subnet for a node that has none; the message says why when the range is used up.
Status LeasePodCidr(Node* node, const ClusterState& state, int node_prefix) {
  const auto cluster = state.Find<Cluster>("", "cluster");
  const Result<Cidr> range = Cidr::Parse(cluster->pod_cidr);
  if (!range.ok()) return range.status();
  std::set<std::string> used;
  state.ForEach<Node>([&](const std::shared_ptr<const Node>& other) {
    if (!other->spec.pod_cidr.empty()) used.insert(other->spec.pod_cidr);
  });
  const Result<std::string> cidr = AllocateNodeCidr(*range, node_prefix, used);
  if (!cidr.ok()) return cidr.status();
  node->spec.pod_cidr = *cidr;
  return OkStatus();
}

// Readiness as this controller sees it: what the agent says, for as long as it says anything.
bool SameNode(const Node& a, const Node& b) {
  return a.metadata == b.metadata && a.spec == b.spec && a.status == b.status;
}

// Keeps the stamps of conditions whose status did not change.
void KeepTransitionTimes(const std::vector<Condition>& before, std::vector<Condition>* after,
                         WallTime now) {
  for (Condition& condition : *after) {
    const Condition* old = FindCondition(before, condition.type);
    const bool same = old != nullptr && old->status == condition.status;
    condition.last_transition_time = same ? old->last_transition_time : std::optional(now);
  }
}

}  // namespace

void Controller::Core::OnConnected(const std::string& node) {
  Heard& heard = heard_[node];
  heard.connected = true;
  heard.sent.reset();
  RequestTurn();
}

void Controller::Core::OnDisconnected(const std::string& node) {
  Heard& heard = heard_[node];
  heard.connected = false;
  heard.sent.reset();
}

void Controller::Core::OnReport(const Report& report) {
  Heard& heard = heard_[report.node];
  if (heard.agent_start == report.agent_start && report.sequence <= heard.sequence) return;
  if (heard.agent_start != report.agent_start) heard.sent.reset();
  heard.agent_start = report.agent_start;
  heard.sequence = report.sequence;
  heard.last_heard = loop_->now().mono;
  for (const AgentEvent& event : report.events) {
    if (heard.pending_events.size() < kMaxEventsPerNode) heard.pending_events.push_back(event);
  }
  heard.pending = report;
  RequestTurn();
}

void Controller::Core::TakeReports(ClusterState* state, WriteSet* writes,
                                   std::vector<Reason>* reasons, Now now) {
  for (auto& [name, heard] : heard_) {
    if (heard.pending) TakeReport(&heard, state, writes, reasons, now);
  }
  MarkSilentNodes(state, writes, now);
}

void Controller::Core::TakeReport(Heard* heard, ClusterState* state, WriteSet* writes,
                                  std::vector<Reason>* reasons, Now now) {
  const Report& report = *heard->pending;
  const auto existing = state->Find<Node>("", report.node);
  auto node = existing ? std::make_shared<Node>(*existing) : NewNode(report.node, *state, now);
  if (node->spec.pod_cidr.empty()) {
    const Status leased = LeasePodCidr(node.get(), *state, options_.node_prefix);
    if (!leased.ok()) {
      LogError("no pod subnet for a node", {{"node", report.node}, {"error", leased.message()}});
    }
  }
  for (const auto& [label, value] : report.labels) {
    if (!DeclaresLabel(node->metadata, label)) node->metadata.labels[label] = value;
  }
  const std::vector<Condition> before = node->status.conditions;
  node->status = report.node_status;
  KeepTransitionTimes(before, &node->status.conditions, now.wall);
  const bool same = existing && SameNode(*existing, *node) && !PlantedBug("write-on-every-report");
  if (!same) PutBoth(node, state, writes);
  for (const PodReport& pod : report.pods) TakePodReport(report.node, pod, state, writes);
  for (const AgentEvent& event : heard->pending_events) {
    reasons->push_back(ReasonFor(event, report.node));
  }
  // The agent tells every time which assignment it follows: one that it never got is sent again.
  const bool behind =
      heard->sent && (!report.applied || report.applied->epoch < heard->sent->fence.epoch ||
                      report.applied->revision < heard->sent->fence.revision);
  if (behind && report.held.empty() && now.mono - heard->sent_at >= kResendMs) heard->sent.reset();
}

void Controller::Core::TakePodReport(const std::string& node, const PodReport& report,
                                     ClusterState* state, WriteSet* writes) {
  const auto pod = state->Find<Pod>(report.namespace_name, report.name);
  const bool ours =
      pod != nullptr && pod->metadata.uid == report.uid && pod->spec.node_name == node;
  if (!ours) return;
  if (report.gone) {
    // Gone without having been asked to go: the assignment that holds it brings it back.
    if (PlantedBug("ignore-gone-report")) return;
    if (pod->metadata.deletion_timestamp) DeleteBoth(pod->key(), state, writes);
    return;
  }
  if (pod->status == report.status) return;
  auto updated = std::make_shared<Pod>(*pod);
  updated->status = report.status;
  PutBoth(updated, state, writes);
}

// Silence of a lease makes a node NotReady, and the pods on it with it: nobody knows how they are.
void Controller::Core::MarkSilentNodes(ClusterState* state, WriteSet* writes, Now now) {
  std::set<std::string> silent;
  for (auto& [name, heard] : heard_) {
    const MonoTime due = heard.last_heard + options_.node_silent_ms;
    if (now.mono >= due) {
      silent.insert(name);
    } else {
      ScheduleTurn(due);
    }
  }
  if (silent.empty()) return;
  for (const std::string& name : silent) {
    const auto existing = state->Find<Node>("", name);
    if (existing == nullptr || !IsReady(*existing)) continue;
    auto node = std::make_shared<Node>(*existing);
    SetCondition(&node->status.conditions,
                 {.type = "Ready",
                  .status = ConditionStatus::kUnknown,
                  .reason = "NodeStatusUnknown",
                  .message = "the agent has said nothing for " +
                             FormatAge(options_.node_silent_ms) + "; is the host up?"},
                 now.wall);
    PutBoth(node, state, writes);
  }
  std::vector<std::shared_ptr<Pod>> unknown;
  state->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    if (silent.contains(pod->spec.node_name) && IsReady(*pod)) {
      unknown.push_back(std::make_shared<Pod>(*pod));
    }
  });
  for (const std::shared_ptr<Pod>& pod : unknown) {
    SetCondition(&pod->status.conditions,
                 {.type = "Ready",
                  .status = ConditionStatus::kFalse,
                  .reason = "NodeStatusUnknown",
                  .message = "node " + pod->spec.node_name + " is silent"},
                 now.wall);
    PutBoth(pod, state, writes);
  }
}

void Controller::Core::HandOut(const ClusterState& state) {
  const std::map<std::string, NodePods> by_node = PodsByNode(state);
  for (auto& [name, heard] : heard_) {
    if (!heard.connected || state.Find<Node>("", name) == nullptr) continue;
    const auto pods = by_node.find(name);
    HandOutTo(name, &heard, pods == by_node.end() ? NodePods() : pods->second, state);
  }
}

void Controller::Core::HandOutTo(const std::string& node, Heard* heard, const NodePods& pods,
                                 const ClusterState& state) {
  Assignment assignment = AssignmentOf(node, pods, state);
  assignment.tombstones = heard->tombstones;
  if (heard->sent && PlantedBug("never-hand-out-twice")) return;
  if (heard->sent && SameForAgent(*heard->sent, assignment)) return;
  const Status sent = link_->Send(node, assignment);
  if (!sent.ok()) {
    LogDebug("assignment not sent", {{"node", node}, {"error", sent.ToString()}});
    return;  // its reconnection asks again
  }
  heard->sent = std::move(assignment);
  heard->sent_at = loop_->now().mono;
}

}  // namespace reconcile
