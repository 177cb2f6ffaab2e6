#include <algorithm>

#include "agent/agent_core.h"
#include "agent/container_rights.h"
#include "agent/pod_volumes.h"

namespace reconcile {

void Agent::Core::Run(const Operation& operation, const SetUpVolumes& action) {
  seen_.pod_folders.insert(action.pod_uid);
  files_->SetUpVolumes(action.orders,
                       Guarded([this, operation, action](const std::vector<Status>& made) {
                         OnVolumesSetUp(operation, action, made);
                       }));
}

void Agent::Core::OnVolumesSetUp(const Operation& operation, const SetUpVolumes& action,
                                 const std::vector<Status>& made) {
  const auto before = seen_.failed.find(operation.key);
  const std::string told = before == seen_.failed.end() ? "" : before->second.message;
  Status failure;
  for (size_t i = 0; i < action.orders.size(); ++i) {
    const VolumeOrder& order = action.orders[i];
    if (made[i].ok()) {
      seen_.pods[action.pod_uid].volumes[order.name] = action.versions[i];
      continue;
    }
    const std::string message =
        "MountVolume.SetUp failed for volume \"" + order.name + "\" : " + made[i].message();
    if (told.find(message) == std::string::npos) {
      Say(operation, EventType::kWarning, "FailedMount", message);
    }
    failure = Status(made[i].code(), failure.ok() ? message : failure.message() + "; " + message);
  }
  failure.ok() ? Succeed(operation.key) : Fail(operation.key, failure, false);
}

// Parts of volumes are mounted first: what is mounted there is what was looked at.
void Agent::Core::Run(const Operation& operation, const RunContainer& action) {
  if (action.parts.empty()) return Create(operation, action);
  files_->MountParts(action.parts, Guarded([this, operation, action](const Status& mounted) {
                       if (mounted.ok()) return Create(operation, action);
                       FailToPrepare(operation, mounted);
                     }));
}

// Nothing was made. Said once for each different failure.
void Agent::Core::FailToPrepare(const Operation& operation, const Status& status) {
  const auto before = seen_.failed.find(operation.key);
  if (before == seen_.failed.end() || before->second.message != status.message()) {
    Say(operation, EventType::kWarning, "Failed", "Error: " + status.message());
  }
  Fail(operation.key, status, false);
}

// The engine takes the filter itself, not the name of its file.
Status Agent::Core::AddSeccomp(const RunContainer& action, ContainerConfig* config) const {
  if (action.seccomp_file.empty()) return OkStatus();
  const std::string where =
      "cannot load the seccomp profile \"" + files_->AbsolutePath(action.seccomp_file) + "\"";
  const Result<std::string> profile = files_->Read(action.seccomp_file);
  if (!profile.ok()) return profile.status().WithContext(where);
  if (profile->size() > kMaxSeccompBytes) {
    return InvalidError(where + ": it has more than " + std::to_string(kMaxSeccompBytes) +
                        " bytes");
  }
  const Result<Value> parsed = ParseJson(*profile);
  if (!parsed.ok() || !parsed->IsMap()) {
    return InvalidError(where + ": " +
                        (parsed.ok() ? "it is not a JSON object" : parsed.status().message()));
  }
  config->rights.security_options.push_back("seccomp=" + WriteJson(*parsed));
  return OkStatus();
}

void Agent::Core::Create(const Operation& operation, const RunContainer& action) {
  ContainerConfig config = action.config;
  if (const Status loaded = AddSeccomp(action, &config); !loaded.ok()) {
    return FailToPrepare(operation, loaded);
  }
  const Status made = MakeEndFile(action);
  NoteFiles(PodFilesKey(action.pod_uid), made);
  if (!made.ok()) return Fail(operation.key, made, false);
  CreateAndStart(
      operation, config,
      [this, operation, action] {
        NoteCreated(&seen_, action.pod_uid, loop_->now().mono);
        Say(operation, EventType::kNormal, "Created", "Created container " + action.container);
        for (const AgentEvent& event : action.events) {
          if (events_.size() < kMaxPendingEvents) events_.push_back(event);
        }
      },
      [this, operation, action](const Status& started, const std::string& id) {
        OnContainerStarted(operation, action, started, id);
      });
}

// Disk that volumes take beyond their limits ends their pods (SEMANTICS 12.7). What is in memory
// cannot grow beyond its.
void Agent::Core::MeasureVolumes() {
  After(kMeasureMs, [this] { MeasureVolumes(); });
  if (!applied_) return;
  for (const auto& pod : applied_->pods) {
    const std::string& uid = pod->metadata.uid;
    const auto seen = seen_.pods.find(uid);
    if (measuring_.contains(uid) || seen == seen_.pods.end() || seen->second.terminal ||
        !seen->second.evicted.empty() || pod->metadata.deletion_timestamp) {
      continue;
    }
    std::vector<std::pair<std::string, int64_t>> limits;
    std::vector<std::string> paths;
    for (const Volume& volume : VolumesOf(pod->spec)) {
      const bool made = seen->second.volumes.contains(volume.name);
      if (!made || volume.in_memory || volume.size_limit_bytes == 0) continue;
      limits.emplace_back(volume.name, volume.size_limit_bytes);
      paths.push_back(VolumePath(uid, volume.name));
    }
    if (paths.empty()) continue;
    measuring_.insert(uid);
    files_->MeasureFolders(std::move(paths),
                           Guarded([this, uid, limits](const std::vector<int64_t>& bytes) {
                             OnMeasured(uid, limits, bytes);
                           }));
  }
}

void Agent::Core::OnMeasured(const std::string& uid,
                             const std::vector<std::pair<std::string, int64_t>>& limits,
                             const std::vector<int64_t>& bytes) {
  measuring_.erase(uid);
  if (!applied_) return;
  const auto pod = std::find_if(applied_->pods.begin(), applied_->pods.end(),
                                [&](const auto& p) { return p->metadata.uid == uid; });
  if (pod == applied_->pods.end()) return;
  for (size_t i = 0; i < limits.size(); ++i) {
    if (bytes[i] <= limits[i].second) continue;
    const std::string limit =
        Quantity::FromUnits(limits[i].second, Quantity::Family::kBinary).ToString();
    return Evict(**pod, "Usage of EmptyDir volume \"" + limits[i].first +
                            "\" exceeds the limit \"" + limit + "\". ");
  }
}

void Agent::Core::Evict(const Pod& pod, const std::string& message) {
  PodSeen& seen = seen_.pods[pod.metadata.uid];
  if (seen.terminal || !seen.evicted.empty()) return;
  seen.evicted = message;
  if (events_.size() < kMaxPendingEvents) {
    events_.push_back({pod.metadata.uid, pod.metadata.namespace_name, pod.metadata.name,
                       EventType::kWarning, "Evicted", message});
  }
  RequestTurn();
}

}  // namespace reconcile
