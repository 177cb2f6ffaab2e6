#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "base/planted_bug.h"
#include "controller/convergence.h"
#include "controller/core.h"
#include "controller/source_status.h"
#include "link/report_delta.h"
#include "net/ipam.h"
#include "reconciler/declared.h"
#include "reconciler/eviction.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kMaxEventsPerNode = 500;  // waiting for a turn
constexpr int64_t kResendMs = 5'000;       // an assignment that was not taken by then was lost
constexpr int64_t kTakeAnywayMs =
    60'000;                            // a report without news, so that nothing stays overlooked
constexpr int64_t kLooksPerLease = 5;  // at the clock, whether this process slept
constexpr int64_t kWordsMissed = 2;    // before an agent that speaks more seldom is silent
constexpr char kNodeComponent[] = "node-controller";

Reason ReasonFor(const AgentEvent& event, const std::string& node) {
  Reason reason;
  reason.key = event.pod_uid.empty() ? ObjectKey{Kind::kNode, "", node}
                                     : ObjectKey{Kind::kPod, event.namespace_name, event.pod_name};
  reason.type = event.type;
  reason.reason = event.reason;
  reason.message = event.message;
  reason.component = "agent";
  reason.uid = event.pod_uid;
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
  for (const std::string& missing : cluster->missing_nodes) {
    if (missing == node->metadata.name) continue;
    return UnavailableError("node " + missing +
                            " was not heard since the controller's database was lost, and its pod "
                            "subnet may be any: start that host, or `reconcile node revoke " +
                            missing + "` and start the controller again");
  }
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

// Why the agent does not follow; empty when it does. An agent that follows something newer than
// what is here says nothing of it when it only takes this controller's words for late ones.
std::string WhyHeld(const Report& report, const ClusterState& state) {
  const auto cluster = state.Find<Cluster>("", "cluster");
  if (!report.held.empty() || !report.applied || cluster == nullptr) return report.held;
  const Fence& applied = *report.applied;
  const bool ours =
      applied.cluster_id == cluster->cluster_id && applied.lineage == cluster->lineage;
  const std::pair theirs(applied.epoch, applied.revision);
  if (!ours || theirs <= std::pair(cluster->epoch, state.revision())) return "";
  return "it follows epoch " + std::to_string(applied.epoch) + ", revision " +
         std::to_string(applied.revision) +
         ", which is newer than what this controller has (was an older copy of its database put "
         "back?)";
}

// The agent follows something older than what it was sent.
bool IsBehind(const Report& report, const Fence& sent) {
  return !report.applied || report.applied->lineage != sent.lineage ||
         report.applied->epoch < sent.epoch || report.applied->revision < sent.revision;
}

std::string Superseded(const Fence& applied) {
  return "it follows lineage " + applied.lineage + " of this cluster's store, which began later (" +
         FormatRfc3339(WallTime{applied.lineage_began_ms}) +
         "): this controller was superseded by a restored or rebuilt one, and sends it nothing. "
         "Stop this one; if it is the one to follow, set its clock right and rebuild it "
         "(docs/operations.md)";
}

// What a report changes about a node's readiness.
std::optional<Reason> ReadinessNews(const Node* before, const Node& after) {
  Reason reason{.key = after.key(), .component = kNodeComponent};
  if (before == nullptr) {
    reason.reason = "RegisteredNode";
    reason.message = "the host's agent reports for the first time";
    return reason;
  }
  if (IsReady(*before) == IsReady(after)) return std::nullopt;
  const Condition* ready = FindCondition(after.status.conditions, "Ready");
  reason.type = IsReady(after) ? EventType::kNormal : EventType::kWarning;
  reason.reason = IsReady(after) ? "NodeReady" : "NodeNotReady";
  reason.message = ready == nullptr ? "the agent says nothing of it" : ready->message;
  return reason;
}

// A node that a recovery missed is there.
void NoteFound(const std::string& node, ClusterState* state, WriteSet* writes) {
  const auto cluster = state->Find<Cluster>("", "cluster");
  const std::vector<std::string>& missing = cluster->missing_nodes;
  if (std::find(missing.begin(), missing.end(), node) == missing.end()) return;
  const auto updated = std::make_shared<Cluster>(*cluster);
  std::erase(updated->missing_nodes, node);
  PutBoth(updated, state, writes);
}

}  // namespace

void Controller::Core::OnConnected(const std::string& node) {
  Tell([&](ControllerObserver* observer) { observer->OnAgentConnected(node); });
  Heard& heard = heard_[node];
  heard.connected = true;
  heard.sent.reset();
  heard.told = false;
  heard.asked = false;
  RequestTurn();
}

void Controller::Core::OnDisconnected(const std::string& node) {
  Tell([&](ControllerObserver* observer) { observer->OnAgentDisconnected(node); });
  Heard& heard = heard_[node];
  heard.connected = false;
  heard.sent.reset();
  LookAtDrains();
}

void Controller::Core::OnReport(const Report& report) {
  Tell([&](ControllerObserver* observer) { observer->OnAgentReport(report.node); });
  Heard& heard = heard_[report.node];
  const bool same_start =
      heard.agent_start == report.agent_start || PlantedBug("count-reports-across-starts");
  if (same_start && report.sequence <= heard.sequence) return;
  if (heard.agent_start != report.agent_start) heard.sent.reset();
  heard.agent_start = report.agent_start;
  heard.sequence = report.sequence;
  const Now now = loop_->now();
  traces_.Heard(report, now.mono);
  const bool first_word = !heard.told;
  heard.told = true;
  heard.applied = report.applied;
  if (FollowsUs(heard)) heard.follows_us = true;
  std::string held =
      IsSuperseded(heard) ? Superseded(*report.applied) : WhyHeld(report, *store_->Snapshot());
  const bool clock_news = heard.clock.Take(report.clock_ms, now);
  const bool news = first_word || clock_news || held != heard.held || IsNews(heard, report, now);
  heard.last_heard = now.mono;
  heard.heartbeat_ms = report.heartbeat_ms > 0 ? report.heartbeat_ms : kHeartbeatMs;
  heard.held = std::move(held);
  TakeNetworkRevision(report, &heard);
  for (const AgentEvent& event : report.events) {
    if (heard.pending_events.size() < kMaxEventsPerNode) heard.pending_events.push_back(event);
  }
  usage_.Take(report, *store_->Snapshot(), now.mono);
  heard.pending = report;
  if (news) RequestTurn();
}

bool Controller::Core::IsNews(const Heard& heard, const Report& report, Now now) const {
  if (!heard.taken || !SaysNothingNew(*heard.taken, report)) return true;
  const bool was_silent = now.mono - heard.last_heard >= LeaseOf(heard);
  return was_silent || heard.marked_silent || !heard.sent || IsBehind(report, heard.sent->fence) ||
         now.mono - heard.taken_at >= kTakeAnywayMs;
}

void Controller::Core::TakeReports(ClusterState* state, WriteSet* writes,
                                   std::vector<Reason>* reasons, Now now) {
  for (auto& [name, heard] : heard_) {
    // Where its pods are not known, its subnet is not either.
    if (WaitsForInventory(heard) || IsRevokedNow(name)) continue;
    if (heard.pending) TakeReport(&heard, state, writes, reasons, now);
    TakeAcceptance(name, heard, state, writes, reasons, now);
    TakeClock(name, heard, state, writes, reasons, now);
  }
  MarkSilentNodes(state, writes, reasons, now);
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
  NoteFound(report.node, state, writes);
  MergeReportedLabels(report.labels, &node->metadata);
  const std::vector<Condition> before = node->status.conditions;
  std::optional<NodeCordon> cordon = std::move(node->status.cordon);
  std::optional<NodeDrain> drain = std::move(node->status.drain);
  std::vector<ContainerImage> images = std::move(node->status.images);
  node->status = report.node_status;
  // An agent that has just begun has not looked yet.
  node->status.images = report.images ? TellableImages(*report.images) : std::move(images);
  node->status.cordon = std::move(cordon);  // what people told
  node->status.drain = std::move(drain);
  for (const std::string_view own : {kAssignmentAccepted, kClockSkewed}) {
    // This controller's, not the agent's.
    if (const Condition* kept = FindCondition(before, own))
      node->status.conditions.push_back(*kept);
  }
  KeepTransitionTimes(before, &node->status.conditions, now.wall);
  const bool same = existing && SameNode(*existing, *node) && !PlantedBug("write-on-every-report");
  if (!same) PutBoth(node, state, writes);
  if (auto news = ReadinessNews(existing.get(), *node)) reasons->push_back(std::move(*news));
  for (const PodReport& pod : report.pods) TakePodReport(report.node, pod, state, writes);
  for (const AgentEvent& event : heard->pending_events) {
    reasons->push_back(ReasonFor(event, report.node));
  }
  // The agent tells every time which assignment it follows: one that it never got is sent again.
  const bool behind = heard->sent && IsBehind(report, heard->sent->fence);
  SweepRejoined(report, behind || !heard->sent, heard, state, writes);
  if (behind && report.held.empty() && now.mono - heard->sent_at >= kResendMs) heard->sent.reset();
}

void Controller::Core::TakeAcceptance(const std::string& node, const Heard& heard,
                                      ClusterState* state, WriteSet* writes,
                                      std::vector<Reason>* reasons, Now now) {
  const auto existing = state->Find<Node>("", node);
  if (existing == nullptr || heard.agent_start.empty()) return;  // its agent has said nothing yet
  Condition accepted{.type = std::string(kAssignmentAccepted),
                     .status = ConditionStatus::kTrue,
                     .reason = "AssignmentAccepted",
                     .message = "the agent follows its assignment"};
  if (!heard.too_large.empty()) {
    accepted.status = ConditionStatus::kFalse;
    accepted.reason = "AssignmentTooLarge";
    accepted.message = heard.too_large;
  } else if (!heard.held.empty()) {
    accepted.status = ConditionStatus::kFalse;
    accepted.reason = IsSuperseded(heard) ? "Superseded" : "AssignmentHeld";
    accepted.message = CutText(heard.held, kMaxConditionBytes);
  }
  const Condition* before = FindCondition(existing->status.conditions, kAssignmentAccepted);
  if (before != nullptr && before->status == accepted.status && before->reason == accepted.reason &&
      before->message == accepted.message) {
    return;
  }
  const bool followed = accepted.status == ConditionStatus::kTrue;
  const bool said = before == nullptr ? followed : before->reason == accepted.reason;
  if (!said) {
    reasons->push_back({{Kind::kNode, "", node},
                        followed ? EventType::kNormal : EventType::kWarning,
                        accepted.reason,
                        accepted.message,
                        kNodeComponent});
  }
  auto updated = std::make_shared<Node>(*existing);
  if (SetCondition(&updated->status.conditions, accepted, now.wall)) {
    PutBoth(updated, state, writes);
  }
}

// The promise of an agent is bounded, so that none is waited for without end.
int64_t Controller::Core::LeaseOf(const Heard& heard) const {
  return std::max(options_.node_silent_ms,
                  kWordsMissed * std::min(heard.heartbeat_ms, kHeartbeatMs));
}

void Controller::Core::NoticeSleep(MonoTime now) {
  const bool slept = now - awake_at_ > 2 * options_.node_silent_ms / kLooksPerLease;
  const int64_t for_ms = now - awake_at_;
  awake_at_ = now;
  if (!slept) return;
  LogInfo("this process did not run for a while; nodes have a lease from now on",
          {{"for", FormatAge(for_ms)}});
  for (auto& [name, heard] : heard_) {
    heard.last_heard = now;
    heard.unheard_of = true;
  }
}

void Controller::Core::WatchSleep() {
  NoticeSleep(loop_->now().mono);
  sleep_timer_ = loop_->After(options_.node_silent_ms / kLooksPerLease, [weak = weak_from_this()] {
    if (auto core = weak.lock()) core->WatchSleep();
  });
}

// While this process was not there, or slept, or was cut off from most hosts, nobody knows who was
// silent: pods are not replaced for that time.
void Controller::Core::CountSilenceAnew(ClusterState* state, WriteSet* writes, Now now) {
  const bool was_cut_off = std::exchange(is_cut_off_, !WhyPodsStay(*state).empty());
  for (auto& [name, heard] : heard_) {
    if (was_cut_off && !is_cut_off_) heard.unheard_of = true;
    if (!heard.unheard_of) continue;
    heard.unheard_of = false;
    const auto existing = state->Find<Node>("", name);
    if (existing == nullptr || !IsSilent(*existing)) continue;
    auto node = std::make_shared<Node>(*existing);
    for (Condition& condition : node->status.conditions) {
      if (condition.type == "Ready") condition.last_transition_time = now.wall;
    }
    PutBoth(node, state, writes);
  }
}

// Silence of a lease makes a node NotReady, and the pods on it with it: nobody knows how they are.
void Controller::Core::MarkSilentNodes(ClusterState* state, WriteSet* writes,
                                       std::vector<Reason>* reasons, Now now) {
  std::set<std::string> silent;
  CountSilenceAnew(state, writes, now);
  for (auto& [name, heard] : heard_) {
    if (IsRevokedNow(name)) continue;  // nobody waits for its word
    const MonoTime due = heard.last_heard + LeaseOf(heard);
    if (now.mono >= due) {
      silent.insert(name);
    } else {
      ScheduleTurn(due);
    }
  }
  if (silent.empty()) return;
  for (const std::string& name : silent) {
    heard_[name].marked_silent = true;
    const auto existing = state->Find<Node>("", name);
    if (existing == nullptr || !IsReady(*existing)) continue;
    auto node = std::make_shared<Node>(*existing);
    const std::string message =
        "the agent has said nothing for " + FormatAge(LeaseOf(heard_[name])) + "; is the host up?";
    SetCondition(&node->status.conditions,
                 {.type = "Ready",
                  .status = ConditionStatus::kUnknown,
                  .reason = std::string(kNodeStatusUnknown),
                  .message = message},
                 now.wall);
    reasons->push_back({node->key(), EventType::kWarning, "NodeNotReady", message, kNodeComponent});
    PutBoth(node, state, writes);
  }
  MarkSilentPods(silent, state, writes, reasons, now);
  is_cut_off_ = !WhyPodsStay(*state).empty();
}

void Controller::Core::MarkSilentPods(const std::set<std::string>& silent, ClusterState* state,
                                      WriteSet* writes, std::vector<Reason>* reasons, Now now) {
  std::vector<std::shared_ptr<Pod>> unknown;
  for (const std::string& node : silent) {
    state->pods_by_node().ForEach(node, [&](const ObjectKey& key) {
      const auto pod = As<Pod>(state->Find(key));
      if (IsReady(*pod)) unknown.push_back(std::make_shared<Pod>(*pod));
    });
  }
  for (const std::shared_ptr<Pod>& pod : unknown) {
    const std::string message = "node " + pod->spec.node_name + " is silent";
    const Heard& heard = heard_[pod->spec.node_name];
    const int64_t seen_ms = now.wall.ms - (now.mono - heard.last_heard);
    std::string seen = "; last seen " + std::string(ToString(pod->status.phase));
    // Before this process began nobody noted when.
    if (!heard.agent_start.empty()) seen += " at " + FormatRfc3339({seen_ms / 1000 * 1000});
    SetCondition(&pod->status.conditions,
                 {.type = "Ready",
                  .status = ConditionStatus::kFalse,
                  .reason = std::string(kNodeStatusUnknown),
                  .message = message + seen},
                 now.wall);
    reasons->push_back({pod->key(), EventType::kWarning, "NodeNotReady", message, kNodeComponent});
    PutBoth(pod, state, writes);
  }
}

}  // namespace reconcile
