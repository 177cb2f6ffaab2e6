#include <algorithm>

#include "agent/agent_core.h"
#include "agent/containers.h"
#include "agent/pod_turn.h"

namespace reconcile {
namespace {

// What an earlier run of the agent had asked the engine for may come about in this one.
constexpr int64_t kEarlierRunMs = 10'000;
// `docker rm -f` kills, and takes away what has ended: both are seen, or only that it is gone.
constexpr int64_t kRemovalMs = 5'000;
constexpr int64_t kSayAgainMs = 10'000;  // of one host the same, whoever goes on disturbing

bool IsFresh(const ContainerInfo& ended, WallTime now) {
  return ended.finished_at && now.ms - ended.finished_at->ms <= kRemovalMs;
}

// What only somebody else does to a container: the agent starts none twice. "" when nothing was. A
// program that ended may have been killed by hand or have crashed: nobody can tell.
std::string DoneByHand(const ContainerInfo& before, const ContainerInfo* after, WallTime now) {
  if (after == nullptr) {
    return IsLive(before) || (IsDead(before) && IsFresh(before, now)) ? "removed" : "";
  }
  if (!IsLive(*after)) return "";
  if (IsDead(before)) return "started again";
  const bool is_another =
      before.process_id != 0 && after->process_id != 0 && before.process_id != after->process_id;
  return IsLive(before) && is_another ? "started again" : "";
}

std::string Named(const std::string& container) {
  return container == kSandboxContainer ? "the pod's sandbox" : "container " + container;
}

}  // namespace

// It is being stopped or taken away, or that failed and may have been done nevertheless.
bool Agent::Core::IsLeaving(const std::string& id) const {
  const std::string keys[] = {StopKey(id), RemoveKey(id), HookKey(id, HookKind::kPreStop)};
  return std::any_of(std::begin(keys), std::end(keys), [&](const std::string& key) {
    return seen_.busy.contains(key) || seen_.failed.contains(key);
  });
}

void Agent::Core::NoteChange(const ContainerInfo& before, const ContainerInfo* after) {
  const Now now = loop_->now();
  if (now.mono - began_at_ < kEarlierRunMs) return;
  const std::string what = DoneByHand(before, after, now.wall);
  if (what.empty() || IsLeaving(before.id)) return;
  const std::string& uid = LabelOf(before, kLabelPodUid);
  const Pod* pod = FindAssigned(uid);
  const auto seen = seen_.pods.find(uid);
  if (pod == nullptr || pod->metadata.deletion_timestamp || seen == seen_.pods.end()) return;
  if (seen->second.terminal || !seen->second.evicted.empty()) return;
  drifts_[{uid, LabelOf(before, kLabelContainer)}] = {before.id, what};
}

// Told when another runs in its place: what was found is no news before it is put right.
void Agent::Core::TellCorrected() {
  if (drifts_.empty()) return;
  std::set<std::pair<std::string, std::string>> replaced;
  for (const auto& [id, container] : seen_.containers) {
    const auto drift =
        drifts_.find({LabelOf(container, kLabelPodUid), LabelOf(container, kLabelContainer)});
    if (drift != drifts_.end() && IsLive(container) && drift->second.container_id != id) {
      replaced.insert(drift->first);
    }
  }
  for (auto it = drifts_.begin(); it != drifts_.end();) {
    const auto& [pod_uid, container] = it->first;
    const auto found = seen_.containers.find(it->second.container_id);
    const bool is_gone = found == seen_.containers.end() || !IsLive(found->second);
    const bool is_put_back = is_gone && replaced.contains(it->first);
    if (is_put_back) {
      TellDrift(pod_uid, "Somebody has " + it->second.what +
                             (it->second.what == "removed" ? " " : ": ") + Named(container) +
                             "; another runs in its place");
    }
    it = is_put_back || FindAssigned(pod_uid) == nullptr ? drifts_.erase(it) : std::next(it);
  }
}

void Agent::Core::TellDrift(const std::string& pod_uid, const std::string& message) {
  const Pod* pod = FindAssigned(pod_uid);
  if (pod == nullptr || events_.size() >= kMaxPendingEvents) return;
  events_.push_back({pod_uid, pod->metadata.namespace_name, pod->metadata.name, EventType::kWarning,
                     std::string(kDriftCorrected), message});
}

// `before`: what was known of the pod when its attachment began, which has succeeded.
void Agent::Core::NoteReattached(const AttachNetwork& action, const AttachedBefore& before) {
  if (before.owner_id != action.owner_id || before.process_id == 0) return;
  const PodAttachment& attachment = action.attachment;
  const auto owner = seen_.containers.find(action.owner_id);
  const std::string name =
      owner == seen_.containers.end() ? "" : LabelOf(owner->second, kLabelContainer);
  if (before.process_id != attachment.process_id) {
    drifts_.erase({attachment.pod_uid, name});
    return TellDrift(attachment.pod_uid, "Somebody has started " + Named(name) +
                                             " again; its network was attached again");
  }
  if (before.was_attached) return;
  TellDrift(attachment.pod_uid,
            "Somebody has taken away the pod's device or route; it was attached again");
}

void Agent::Core::TellPutBack(const std::vector<std::string>& put_back) {
  const MonoTime now = loop_->now().mono;
  if (put_back.empty() || now < say_put_back_at_) return;
  say_put_back_at_ = now + kSayAgainMs;
  for (const std::string& message : put_back) {
    if (events_.size() >= kMaxPendingEvents) return;
    AgentEvent event;
    event.type = EventType::kWarning;
    event.reason = kDriftCorrected;
    event.message = message;
    events_.push_back(std::move(event));
  }
}

}  // namespace reconcile
