#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/planted_bug.h"
#include "controller/core.h"

namespace reconcile {
namespace {

constexpr int64_t kWordsPerLease = 3;  // of an agent: one of them may be late

bool IsOneNetwork(const NetworkLists& a, const NetworkLists& b) {
  return a.nodes.IsOneWith(b.nodes) && a.services.IsOneWith(b.services) &&
         a.endpoint_slices.IsOneWith(b.endpoint_slices) && a.namespaces.IsOneWith(b.namespaces);
}

}  // namespace

void Controller::Core::HandOut(const std::shared_ptr<const ClusterState>& snapshot) {
  const ClusterState& state = *snapshot;
  const auto concerned =
      handed_out_ == nullptr ? std::nullopt : NodesConcerned(*handed_out_, state);
  const NetworkLists network =
      handed_out_ == nullptr ? NetworkOf(state) : NetworkAfter(network_, *handed_out_, state);
  const bool is_new_network = !IsOneNetwork(network, network_);
  network_ = network;
  handed_out_ = snapshot;
  for (auto& [name, heard] : heard_) {
    if (!concerned || concerned->contains(name)) heard.to_tell = true;
    heard.to_tell_network |= is_new_network;
  }
  // One that is under way goes on to the last host, and then begins again: news that comes all the
  // time keeps nobody from his.
  hand_out_again_ = !hand_out_from_.empty();
  if (hand_out_again_) return;
  hand_out_from_ = kFirstName;
  HandOutToSome();
}

// A few hosts at a time, with room for everything else between them: each costs a millisecond or
// two where a hundred pods are.
void Controller::Core::HandOutToSome() {
  const ClusterState& state = *handed_out_;
  size_t left = std::max(kLeastHostsAtOnce, heard_.size() / kMostRounds);
  for (auto next = heard_.lower_bound(hand_out_from_); next != heard_.end(); ++next) {
    auto& [name, heard] = *next;
    if (IsRevokedNow(name)) continue;
    if (heard.sent && !heard.to_tell && !heard.to_tell_network) continue;
    if (!heard.connected || state.Find<Node>("", name) == nullptr) continue;
    // Nothing until it is known what it follows, and what it runs by that.
    if (!heard.told || NeedsInventory(heard) || IsSuperseded(heard)) continue;
    if (left == 0) return HandOutFrom(name);
    --left;
    HandOutTo(name, &heard, state);
  }
  hand_out_from_.clear();
  if (std::exchange(hand_out_again_, false)) HandOutFrom(kFirstName);
}

void Controller::Core::HandOutFrom(const std::string& name) {
  hand_out_from_ = name;
  loop_->Post([weak = weak_from_this()] {
    const auto core = weak.lock();
    if (core != nullptr && core->started_) core->HandOutToSome();
  });
}

void Controller::Core::HandOutTo(const std::string& node, Heard* heard, const ClusterState& state) {
  Assignment assignment = heard->sent && !heard->to_tell
                              ? WithNetwork(*heard->sent, network_, state)
                              : AssignmentOf(node, PodsOn(node, state), network_, state);
  assignment.tombstones = heard->tombstones;
  assignment.heartbeat_ms =
      std::clamp(options_.node_silent_ms / kWordsPerLease, kLeastHeartbeatMs, kHeartbeatMs);
  NoteStops(heard, &assignment);
  if (heard->sent && PlantedBug("never-hand-out-twice")) return;
  if (heard->sent && SameForAgent(*heard->sent, assignment)) {
    heard->to_tell = heard->to_tell_network = false;
    return;
  }
  const Status sent = SendAssignment(assignment, heard, state);
  if (!sent.ok()) LogDebug("assignment not sent", {{"node", node}, {"error", sent.ToString()}});
  // After a broken connection its return asks again; what is too large is not tried at every turn.
  if (!sent.ok() && sent.code() != StatusCode::kInvalid) return;
  heard->to_tell = heard->to_tell_network = false;
  heard->sent_at = loop_->now().mono;
  traces_.Assigned(assignment, heard->sent_at);
  heard->sent = std::move(assignment);
}

Status Controller::Core::SendAssignment(const Assignment& assignment, Heard* heard,
                                        const ClusterState& state) {
  Status sent = link_->Send(assignment.node, assignment);
  std::string too_large;
  if (sent.code() == StatusCode::kInvalid) {
    const ObjectSizes sizes = MeasureObjects(assignment);
    too_large = "what this host is to run cannot be sent in full: " + sent.message() +
                "; the largest are " + LargestObjects(sizes);
    // Stops must reach the host even so.
    const std::optional<Assignment> fitting =
        FitAssignment(assignment, sizes, PodsOn(assignment.node, state), state);
    if (fitting) {
      const size_t left_out = assignment.pods.size() - fitting->pods.size();
      too_large += ". " + std::to_string(left_out) + " pods that have not begun wait";
      sent = link_->Send(assignment.node, *fitting);
    } else {
      too_large += ". Nothing is sent";
    }
  }
  const bool news = heard->too_large != too_large;
  if (news && !too_large.empty()) {
    LogError("assignment too large", {{"node", assignment.node}, {"reason", too_large}});
  }
  heard->too_large = too_large;
  if (news) RequestTurn();  // the node's condition says it
  return sent;
}

}  // namespace reconcile
