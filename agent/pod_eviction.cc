#include <algorithm>

#include "agent/pod_turn.h"

namespace reconcile {
namespace {

// Of hard thresholds and limits, whatever the pod says: its programs get their stop signal, and are
// killed soon (the kubelet's immediateEvictionGracePeriodSeconds).
constexpr int64_t kEvictionGraceSeconds = 1;

}  // namespace

bool AnyLive(const PodTurn& turn) {
  return std::any_of(turn.containers.by_name.begin(), turn.containers.by_name.end(),
                     [](const auto& entry) { return LiveOf(entry.second) != nullptr; });
}

void StopAll(PodTurn* turn, const std::string& reason, int64_t grace_seconds) {
  for (const auto& [name, containers] : turn->containers.by_name) {
    for (const ContainerInfo* container : containers) {
      if (IsLive(*container)) turn->Stop(*container, reason, grace_seconds);
    }
  }
}

bool StopEvicted(PodTurn* turn) {
  if (turn->memory.evicted.empty()) return false;
  StopAll(turn, "its pod is evicted", kEvictionGraceSeconds);
  return true;
}

bool EndIsKept(const PodTurn& turn) {
  return turn.context.seen.ends_saved || !turn.memory.evicted.empty();
}

void EndEvicted(const PodTurn& turn, PodStatus* status) {
  if (turn.memory.evicted.empty() || AnyLive(turn)) return;
  // What begins to run only now is seen first.
  if (turn.context.IsPodBusy(turn.uid())) return;
  status->phase = PodPhase::kFailed;
  status->reason = "Evicted";
  status->message = turn.memory.evicted;
}

}  // namespace reconcile
