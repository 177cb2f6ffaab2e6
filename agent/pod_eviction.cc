#include "agent/pod_turn.h"

namespace reconcile {

bool StopEvicted(PodTurn* turn) {
  if (turn->memory.evicted.empty()) return false;
  for (const auto& [name, containers] : turn->containers.by_name) {
    for (const ContainerInfo* container : containers) {
      if (!IsLive(*container)) continue;
      // At once, as the kubelet does it.
      turn->Add(StopKey(container->id), "Stopping container " + name,
                StopContainerOp{container->id, 0});
    }
  }
  return true;
}

void EndEvicted(const PodTurn& turn, PodStatus* status) {
  if (turn.memory.evicted.empty()) return;
  for (const auto& [name, containers] : turn.containers.by_name) {
    if (LiveOf(containers) != nullptr) return;
  }
  // What begins to run only now is seen first.
  if (turn.context.IsPodBusy(turn.uid())) return;
  status->phase = PodPhase::kFailed;
  status->reason = "Evicted";
  status->message = turn.memory.evicted;
}

}  // namespace reconcile
