#include "agent/agent_core.h"
#include "agent/pod_files.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/planted_bug.h"
#include "schema/sidecar.h"

namespace reconcile {
namespace {

constexpr char kTerminalFile[] = "ended-pods";
constexpr int64_t kSaveAgainMs = 5'000;

// The fence alone.
Assignment Bare(const Assignment& assignment) {
  Assignment bare;
  bare.fence = assignment.fence;
  bare.node = assignment.node;
  return bare;
}

// Whether the two are of one controller, and `b` is later.
bool IsLater(const Fence& a, const Fence& b) {
  return a.lineage == b.lineage && a.epoch == b.epoch && a.revision < b.revision;
}

}  // namespace

void Agent::Core::Restore() {
  const Result<std::string> text = files_->ReadSealed(std::string(kAssignmentFile));
  Result<Assignment> assignment = text.ok() ? ReadAssignment(*text) : text.status();
  if (assignment.ok()) {
    applied_ = std::move(assignment).value();
    RestoreNetwork();
    JoinCluster(applied_->fence.cluster_id);
  } else if (assignment.status().code() != StatusCode::kNotFound) {
    LogError("the last assignment cannot be read; waiting for the controller",
             {{"error", assignment.status().message()}});
  }
  const Result<std::string> kept = files_->ReadSealed(std::string(kLineageFile));
  const Result<Assignment> fence = kept.ok() ? ReadAssignment(*kept) : kept.status();
  if (fence.ok() && (!applied_ || applied_->fence.lineage != fence->fence.lineage)) {
    kept_fence_ = fence->fence;
  } else if (fence.ok() && IsLater(applied_->fence, fence->fence)) {
    applied_->fence = fence->fence;  // nothing else that is kept here was another by then
  }
  const Result<std::vector<std::string>> folders = files_->List(std::string(kPodsFolder));
  if (folders.ok()) seen_.pod_folders.insert(folders->begin(), folders->end());
  RestoreTerminalPods();
  RestoreProbes();
  RestoreHooks();
  RestoreImages();
}

// How pods ended outlives their containers, which somebody may prune: what is done is not done
// again.
void Agent::Core::RestoreTerminalPods() {
  const Result<std::string> text = files_->ReadSealed(kTerminalFile);
  if (!text.ok()) return;
  const Result<Report> report = ReadReport(*text);
  if (!report.ok())
    return LogWarning("ends of pods cannot be read", {{"error", report.status().message()}});
  for (const PodReport& pod : report->pods) {
    seen_.pods[pod.uid].terminal = pod.status;
    seen_.pods[pod.uid].start_time = pod.status.start_time;
    saved_terminal_.insert(pod.uid);
  }
}

void Agent::Core::SaveTerminalPods() {
  std::set<std::string> ended;
  Report report;
  report.node = options_.node_name;
  for (const auto& [uid, memory] : seen_.pods) {
    if (!memory.terminal) continue;
    ended.insert(uid);
    report.pods.push_back({"", "", uid, *memory.terminal, false});
  }
  if (ended == saved_terminal_ && seen_.ends_saved) return;
  if (!seen_.ends_saved && loop_->now().mono < save_ends_again_at_) return;
  const Result<std::string> text = WriteReport(report);
  const Status saved = text.ok() ? files_->WriteSealed(kTerminalFile, *text) : text.status();
  NoteFiles("ended pods", saved);
  seen_.ends_saved = saved.ok();
  if (saved.ok()) {
    saved_terminal_ = std::move(ended);
    return RequestTurn();
  }
  LogWarning("the ends of pods cannot be saved", {{"error", saved.message()}});
  save_ends_again_at_ = loop_->now().mono + kSaveAgainMs;
  After(kSaveAgainMs, [this] { RequestTurn(); });
}

void Agent::Core::NoteFiles(const std::string& which, const Status& status) {
  if (status.ok()) {
    health_.files_errors.erase(which);
  } else {
    health_.files_errors[which] = status.message();
  }
}

void Agent::Core::JoinCluster(const std::string& cluster_id) {
  cluster_id_ = cluster_id;
  runtime_->SubscribeEvents(cluster_id_,
                            Guarded([this](const EngineEvent& event) { OnEngineEvent(event); }));
  RequestList();
}

std::optional<Fence> Agent::Core::NewestFence() const {
  if (pending_) return pending_->fence;
  if (kept_fence_) return kept_fence_;
  if (applied_) return applied_->fence;
  return std::nullopt;
}

// What a lineage replaced is never followed again, also when this agent restarts before it obeys
// the new one.
Status Agent::Core::KeepLineage(const Assignment& assignment) {
  const Result<std::string> text = WriteAssignment(Bare(assignment));
  if (!text.ok()) return text.status();
  RETURN_IF_ERROR(files_->WriteSealed(std::string(kLineageFile), *text)
                      .WithContext("the store lineage to follow cannot be saved"));
  kept_fence_ = assignment.fence;
  LogInfo("following another lineage of the cluster's store",
          {{"lineage", assignment.fence.lineage}});
  return OkStatus();
}

void Agent::Core::OnAssignment(const Assignment& assignment) {
  const std::optional<Fence> newest = NewestFence();
  Status status = CheckFence(newest, assignment, options_.node_name, options_.verify);
  if (status.ok() && newest && newest->lineage != assignment.fence.lineage) {
    status = KeepLineage(assignment);
  }
  // One that was overtaken by its successor is no refusal, whenever it arrives; one of an earlier
  // controller that speaks now is.
  if (status.code() == StatusCode::kConflict &&
      (newest_spoke_ ||
       (assignment.fence.lineage == newest->lineage && assignment.fence.epoch == newest->epoch))) {
    LogInfo("older assignment ignored", {{"reason", status.message()}});
    return;
  }
  if (!status.ok()) {
    if (refused_ != status.message()) {
      LogError("assignment refused", {{"reason", status.message()}});
    }
    refused_ = status.message();
    return ReportIfChanged();
  }
  refused_.clear();
  newest_spoke_ = true;
  if (cluster_id_.empty()) JoinCluster(assignment.fence.cluster_id);
  pending_ = assignment;
  seen_.received_at = loop_->now().mono;
  RequestTurn();
}

void Agent::Core::ConsiderPending() {
  if (!pending_) return;
  // Without an assignment to compare with, what runs here says what it would stop.
  if (!applied_ && !listed_) return;
  const std::string held = HoldReason(*pending_, applied_ ? &*applied_ : nullptr, seen_);
  if (held != pending_held_ && !held.empty()) LogError("assignment held", {{"reason", held}});
  pending_held_ = held;
  if (!held.empty()) return;
  const Status saved = PlantedBug("obey-before-saving") ? OkStatus() : SavePending();
  NoteFiles("assignment", saved);
  if (!saved.ok()) {
    pending_held_ = "the assignment cannot be saved: " + saved.message();
    return;
  }
  applied_ = std::move(pending_);
  pending_.reset();
  kept_fence_.reset();
  if (heartbeat_planned_ms_ != HeartbeatMs()) PlanHeartbeat();
  ForgetUnused();
}

// Nothing is obeyed that a restarted agent would not know of.
Status Agent::Core::SavePending() {
  const bool is_same = applied_ && DiffersInNetworkAlone(*applied_, *pending_);
  const Result<std::string> text =
      WriteAssignment(is_same ? Bare(*pending_) : WithoutLists(*pending_));
  if (!text.ok()) return text.status();
  const std::string hash = Sha256Hex(*text);
  if (hash == saved_) return OkStatus();
  if (save_error_ && loop_->now().mono < save_again_at_) return *save_error_;
  const Status saved =
      files_->WriteSealed(std::string(is_same ? kLineageFile : kAssignmentFile), *text);
  if (saved.ok()) {
    saved_ = hash;
    save_error_.reset();
    return saved;
  }
  LogError("the assignment cannot be saved", {{"error", saved.message()}});
  save_error_ = saved;
  save_again_at_ = loop_->now().mono + kSaveAgainMs;
  After(kSaveAgainMs, [this] { RequestTurn(); });
  return saved;
}

// Images that no pod names any more, and failures of pods that are gone.
void Agent::Core::ForgetUnused() {
  std::set<std::string> keys;
  for (const auto& pod : applied_->pods) {
    for (const Container* container : AllContainersOf(pod->spec)) {
      keys.insert(ImageKey(*pod, container->image));
    }
  }
  std::erase_if(seen_.images, [&](const auto& entry) { return !keys.contains(entry.first); });
  std::erase_if(seen_.failed, [&](const auto& entry) {
    const std::string& key = entry.first;
    if (seen_.busy.contains(key) || !key.starts_with("pod/")) return false;
    return !seen_.pods.contains(key.substr(4, key.find('/', 4) - 4));
  });
  std::erase_if(health_.files_errors, [&](const auto& entry) {
    if (!entry.first.starts_with(PodFilesKey(""))) return false;
    return !seen_.pods.contains(entry.first.substr(PodFilesKey("").size()));
  });
}

}  // namespace reconcile
