#include <algorithm>

#include "agent/agent_core.h"
#include "agent/containers.h"
#include "agent/end_messages.h"
#include "agent/pod_files.h"
#include "agent/pod_volumes.h"
#include "base/log.h"

namespace reconcile {
namespace {

constexpr int64_t kMostWaitForVictimMs = 30'000;  // as the kubelet (podCleanupTimeout)

// What a pod can fill of the agent's disk: its volumes there, and the files of its termination
// messages, which nothing else bounds.
std::vector<std::string> DiskFoldersOf(const Pod& pod, const PodSeen& seen) {
  std::vector<std::string> paths = {EndFilesFolder(pod.metadata.uid)};
  for (const Volume& volume : VolumesOf(pod.spec)) {
    const bool on_disk = volume.kind == Volume::Kind::kEmptyDir && !volume.in_memory;
    if (!on_disk || !seen.volumes.contains(volume.name)) continue;
    paths.push_back(VolumePath(pod.metadata.uid, volume.name));
  }
  return paths;
}

int64_t AmountOf(Signal signal, const ContainerUse& use) {
  if (signal == Signal::kMemoryAvailable) return use.memory_bytes;
  return signal == Signal::kPidAvailable ? use.processes : use.disk_bytes;
}

}  // namespace

// Pods being measured for one shortage. What could not be is taken out at the end.
struct Agent::Core::PodsMeasured {
  Shortage shortage;
  std::vector<Shortage> others;  // to be looked at when this one has no victim
  std::vector<PodUse> uses;
  std::set<size_t> unknown;  // numbers of `uses`
  size_t waiting = 1;
};

// What the last one gave back shows only when it has gone.
bool Agent::Core::VictimIsGoing() const {
  if (victim_.empty() || loop_->now().mono - victim_at_ >= kMostWaitForVictimMs) return false;
  const auto pod = seen_.pods.find(victim_);
  if (pod == seen_.pods.end()) return false;
  if (!pod->second.terminal) return true;
  if (!IsShortOf(Pressure::kDisk)) return false;
  const auto busy = seen_.busy.lower_bound(PodKeyPrefix(victim_));
  if (busy != seen_.busy.end() && busy->starts_with(PodKeyPrefix(victim_))) return true;
  return std::any_of(seen_.containers.begin(), seen_.containers.end(), [&](const auto& entry) {
    return LabelOf(entry.second, kLabelPodUid) == victim_;
  });
}

void Agent::Core::ConsiderEviction(bool may_be_for_disk) {
  if (!applied_ || !seen_.engine_up || !listed_ || VictimIsGoing()) return;
  std::vector<Shortage> shortages;
  for (const Shortage& shortage : shortages_) {
    const bool is_disk = PressureOf(shortage.signal) == Pressure::kDisk;
    if (measuring_pods_.contains(is_disk) || (is_disk && !may_be_for_disk)) continue;
    shortages.push_back(shortage);
  }
  if (!shortages.empty()) MeasurePods(std::move(shortages));
}

void Agent::Core::MeasurePods(std::vector<Shortage> shortages) {
  measuring_pods_.insert(PressureOf(shortages.front().signal) == Pressure::kDisk);
  const auto measured = std::make_shared<PodsMeasured>();
  measured->shortage = shortages.front();
  shortages.erase(shortages.begin());
  measured->others = std::move(shortages);
  for (const auto& pod : applied_->pods) {
    const auto seen = seen_.pods.find(pod->metadata.uid);
    if (seen == seen_.pods.end() || seen->second.terminal || !seen->second.evicted.empty() ||
        pod->metadata.deletion_timestamp) {
      continue;
    }
    measured->uses.push_back({pod, {}, 0});
    MeasurePod(measured, seen->second);
  }
  OnPodMeasured(measured);  // the one that waited for all to begin
}

void Agent::Core::MeasurePod(const std::shared_ptr<PodsMeasured>& measured, const PodSeen& seen) {
  const Signal signal = measured->shortage.signal;
  const bool is_disk = PressureOf(signal) == Pressure::kDisk;
  const bool is_one = sample_.IsOneFileSystem();
  const bool of_state = signal == Signal::kNodefsAvailable || signal == Signal::kNodefsInodesFree;
  const size_t number = measured->uses.size() - 1;
  const Pod& pod = *measured->uses.back().pod;
  for (const auto& [id, container] : seen_.containers) {
    if (is_disk && of_state && !is_one) break;  // layers are elsewhere
    if (LabelOf(container, kLabelPodUid) != pod.metadata.uid) continue;
    if (!IsLive(container) || IsSandbox(container)) continue;
    ++measured->waiting;
    runtime_->MeasureContainer(
        id, is_disk,
        Guarded([this, measured, number,
                 name = LabelOf(container, kLabelContainer)](const Result<ContainerUse>& use) {
          if (use.ok()) {
            measured->uses[number].containers[name] = AmountOf(measured->shortage.signal, *use);
          } else {
            measured->unknown.insert(number);
          }
          OnPodMeasured(measured);
        }));
  }
  if (!is_disk || (!of_state && !is_one)) return;
  ++measured->waiting;
  files_->MeasureFolders(DiskFoldersOf(pod, seen),
                         Guarded([this, measured, number](const std::vector<int64_t>& bytes) {
                           int64_t& total = measured->uses[number].volumes;
                           for (const int64_t each : bytes) {
                             if (__builtin_add_overflow(total, each, &total)) total = INT64_MAX;
                           }
                           OnPodMeasured(measured);
                         }));
}

void Agent::Core::OnPodMeasured(const std::shared_ptr<PodsMeasured>& measured) {
  if (--measured->waiting > 0) return;
  measuring_pods_.erase(PressureOf(measured->shortage.signal) == Pressure::kDisk);
  std::vector<PodUse> known;
  for (size_t i = 0; i < measured->uses.size(); ++i) {
    if (!measured->unknown.contains(i)) known.push_back(std::move(measured->uses[i]));
  }
  // It may have been relieved meanwhile.
  const auto still = std::find_if(
      shortages_.begin(), shortages_.end(),
      [&](const Shortage& shortage) { return shortage.signal == measured->shortage.signal; });
  const std::optional<Victim> victim =
      still == shortages_.end() ? std::nullopt : ChooseVictim(*still, known);
  std::erase_if(measured->others, [&](const Shortage& shortage) {
    return measuring_pods_.contains(PressureOf(shortage.signal) == Pressure::kDisk);
  });
  if (!victim && !measured->others.empty()) return MeasurePods(std::move(measured->others));
  // Another shortage may have had its victim meanwhile.
  if (!victim || VictimIsGoing()) return;
  AgentEvent event;
  event.type = EventType::kWarning;
  event.reason = "EvictionThresholdMet";
  event.message = "Attempting to reclaim " + std::string(ResourceOf(still->signal));
  if (events_.size() < kMaxPendingEvents) events_.push_back(std::move(event));
  LogWarning("a pod is evicted",
             {{kObjectField,
               LogObject("Pod", victim->pod->metadata.namespace_name, victim->pod->metadata.name)},
              {"why", victim->message}});
  victim_ = victim->pod->metadata.uid;
  victim_at_ = loop_->now().mono;
  Evict(*victim->pod, victim->message);
}

}  // namespace reconcile
