#include <algorithm>
#include <limits>

#include "agent/init_containers.h"
#include "agent/pod_drain.h"
#include "agent/pod_turn.h"

namespace reconcile {
namespace {

constexpr int64_t kKillSlackMs = 5'000;  // for the engine to kill, after the grace period
constexpr int64_t kSidecarGraceSeconds = 2;
constexpr int64_t kMinGraceMs = 2'000;  // when the grace period is over before stopping began

Operation Named(const Operation& named, std::string key, std::string reason) {
  Operation operation = named;
  operation.key = std::move(key);
  operation.reason = std::move(reason);
  return operation;
}

template <typename Action>
void Add(StepContext* context, const Operation& named, std::string key, std::string reason,
         Action action) {
  Operation operation = Named(named, std::move(key), std::move(reason));
  operation.action = std::move(action);
  context->Add(std::move(operation));
}

bool IsSidecarContainer(const ContainerInfo& container) {
  return !LabelOf(container, kLabelSidecar).empty();
}

// Stops what runs; true when nothing does.
bool StopContainers(StepContext* context, const Operation& named, const PodContainers& containers,
                    MonoTime deadline, std::vector<StopDecision>* stops) {
  const std::vector<const ContainerInfo*> all = NextToStop(containers, true);
  if (all.empty()) return true;
  const int64_t left_ms = deadline - context->now.mono;
  if (left_ms + kKillSlackMs > 0) {
    const bool some_wait = NextToStop(containers, left_ms <= 0).size() < all.size();
    context->WakeAt(some_wait ? deadline : deadline + kKillSlackMs);
    StopInOrder(containers, "", left_ms, left_ms <= 0, stops);
    return false;
  }
  for (const ContainerInfo* container : all) {
    Add(context, named, RemoveKey(container->id),
        "container " + LabelOf(*container, kLabelContainer) + " did not stop in its grace period",
        RemoveContainerOp{container->id});
  }
  return false;
}

void RemoveContainers(StepContext* context, const Operation& named,
                      const std::vector<const ContainerInfo*>& containers) {
  for (const ContainerInfo* container : containers) {
    Add(context, named, RemoveKey(container->id), "the pod is being removed",
        RemoveContainerOp{container->id, true});
  }
}

// Takes the address from the host; true when nothing of it is left.
bool Detach(StepContext* context, const Operation& named, const PodSeen& memory) {
  const bool attached =
      !memory.address.empty() && context->seen.attached_addresses.contains(memory.address);
  if (attached) {
    Add(context, named, PodKeyPrefix(named.pod_uid) + "network", "the pod is being removed",
        DetachNetwork{named.pod_uid, memory.address});
  }
  return !attached;
}

// How long a pod that is being deleted has from now. By the stamp, so that an agent that comes
// late or back does not start over, within what the pod was promised.
int64_t GraceMs(const Pod& pod, int64_t grace_seconds, Now now) {
  const int64_t grace_ms = std::max<int64_t>(grace_seconds, 0) * 1000;
  const int64_t left_ms = pod.metadata.deletion_timestamp->ms - now.wall.ms;
  return std::clamp(left_ms, std::min(kMinGraceMs, grace_ms), grace_ms);
}

void SetDeadline(MonoTime deadline, int64_t grace_seconds, PodSeen* memory) {
  if (memory->stop_deadline && grace_seconds >= memory->stop_grace_seconds) return;
  memory->stop_deadline =
      memory->stop_deadline ? std::min(*memory->stop_deadline, deadline) : deadline;
  memory->stop_grace_seconds = grace_seconds;
}

}  // namespace

std::vector<const ContainerInfo*> NextToStop(const PodContainers& containers, bool time_is_over) {
  std::vector<const ContainerInfo*> next;
  int64_t place = -1;  // of the sidecars in `next`
  for (const auto& [name, list] : containers.by_name) {
    for (const ContainerInfo* container : list) {
      if (!IsLive(*container)) continue;
      constexpr int64_t kNoSidecar = std::numeric_limits<int64_t>::max();
      const int64_t own = NumberLabelOf(*container, kLabelSidecar, kNoSidecar);
      if (own < place && !time_is_over) continue;
      if (own > place && !time_is_over) next.clear();
      place = std::max(place, own);
      next.push_back(container);
    }
  }
  return next;
}

void StopInOrder(const PodContainers& containers, const std::string& reason, int64_t grace_ms,
                 bool time_is_over, std::vector<StopDecision>* stops) {
  const std::vector<const ContainerInfo*> next = NextToStop(containers, time_is_over);
  for (const ContainerInfo* container : NextToStop(containers, true)) {
    const std::string& name = LabelOf(*container, kLabelContainer);
    StopDecision decision{container, reason.empty() ? "Stopping container " + name : reason};
    decision.grace_ms = std::max<int64_t>(grace_ms, 0);
    decision.signals = std::find(next.begin(), next.end(), container) != next.end();
    // Sidecars that were kept for the others have a moment of their own.
    if (IsSidecarContainer(*container)) decision.least_seconds = kSidecarGraceSeconds;
    stops->push_back(std::move(decision));
  }
}

bool TearDown(StepContext* context, const Operation& named, const PodContainers& containers,
              int64_t grace_seconds, PodSeen* memory, std::vector<StopDecision>* stops) {
  const std::string& uid = named.pod_uid;
  SetDeadline(context->now.mono + std::max<int64_t>(grace_seconds, 0) * 1000, grace_seconds,
              memory);
  if (!StopContainers(context, named, containers, *memory->stop_deadline, stops)) return false;
  if (context->IsPodBusy(uid)) return false;
  for (const auto& [name, list] : containers.by_name) RemoveContainers(context, named, list);
  const bool detached = Detach(context, named, *memory);
  if (!containers.by_name.empty()) return false;
  // A network that cannot be undone keeps the address, not the sandbox.
  if (!detached && context->FailureOf(PodKeyPrefix(uid) + "network").empty()) return false;
  RemoveContainers(context, named, containers.sandboxes);
  if (!containers.sandboxes.empty() || !detached) return false;
  if (!context->seen.pod_folders.contains(uid)) return true;
  Add(context, named, PodKeyPrefix(uid) + "forget", "the pod is gone", ForgetPod{uid});
  return false;
}

void StopPod(PodTurn* turn, bool* gone) {
  const Pod& pod = turn->pod;
  const int64_t grace_seconds = pod.metadata.deletion_grace_period_seconds.value_or(
      pod.spec.termination_grace_period_seconds);
  const Now now = turn->context.now;
  SetDeadline(now.mono + GraceMs(pod, grace_seconds, now), grace_seconds, &turn->memory);
  KeepSidecars(turn);
  const bool drains = WaitsForDrain(turn, *turn->memory.stop_deadline);
  *gone = TearDown(&turn->context, turn->Named(), turn->containers, grace_seconds, &turn->memory,
                   &turn->stops);
  // Hooks begin meanwhile; only the signals wait.
  for (StopDecision& stop : turn->stops) stop.signals = stop.signals && !drains;
}

void ReleaseContainers(PodTurn* turn) {
  if (!turn->context.host.is_short_of_disk || !EndIsKept(*turn)) return;
  for (const auto& [name, containers] : turn->containers.by_name) {
    for (const ContainerInfo* container : containers) {
      if (IsLive(*container)) continue;
      turn->Add(RemoveKey(container->id), "the pod has ended, and the host is short of disk",
                RemoveContainerOp{container->id});
    }
  }
}

void ReleaseNetwork(PodTurn* turn) {
  PodSeen& memory = turn->memory;
  if (turn->context.IsPodBusy(turn->uid()) || !turn->context.seen.ends_saved) return;
  if (!Detach(&turn->context, turn->Named(), memory)) return;
  for (const ContainerInfo* sandbox : turn->containers.sandboxes) {
    turn->Add(RemoveKey(sandbox->id), "the pod has ended", RemoveContainerOp{sandbox->id});
  }
  // Until it is known how the pod ended, the address is its status's.
  if (!turn->containers.sandboxes.empty() || !memory.terminal) return;
  memory.address.clear();
  memory.attached_owner_id.clear();
}

}  // namespace reconcile
