#include "agent/init_containers.h"

#include <algorithm>

#include "schema/sidecar.h"

namespace reconcile {
namespace {

constexpr std::string_view kContainersNotInitialized = "ContainersNotInitialized";

bool HasFailed(const ContainerInfo& dead) { return dead.exit_code != 0 || !dead.error.empty(); }

// The newest of a container that was started in this sandbox; nullptr when there is none.
const ContainerInfo* NewestIn(const PodTurn& turn, const std::string& name, int32_t sandbox) {
  const ContainerInfo* newest = NewestOf(turn.Of(name));
  const bool joined =
      newest != nullptr && NumberLabelOf(*newest, kLabelSandbox, -1) == int64_t{sandbox};
  return joined ? newest : nullptr;
}

int32_t DoneIn(const PodTurn& turn, const Container& init) {
  const auto memory = turn.memory.memory.find(init.name);
  return memory == turn.memory.memory.end() ? -1 : memory->second.done_in_sandbox;
}

// Not its sandbox's end, but its own word: as for other containers that never restart.
bool HasFailedForGood(const PodTurn& turn, const Container& init) {
  if (IsSidecar(init) || LiveOf(turn.Of(init.name)) != nullptr) return false;
  if (RestartPolicyOf(turn.pod.spec, init) != RestartPolicy::kNever || IsDone(turn, init)) {
    return false;
  }
  if (const ContainerInfo* dead = NewestDeadOf(turn.Of(init.name))) return HasFailed(*dead);
  // It vanished: nobody knows how it ended, unless it was seen to end.
  const auto memory = turn.memory.memory.find(init.name);
  if (memory == turn.memory.memory.end() || memory->second.attempt < 0) return false;
  const auto& end = memory->second.last_reported.state.terminated;
  return !end || end->exit_code != 0;
}

bool AnyOtherWantsToRun(const PodTurn& turn) {
  const auto& containers = turn.pod.spec.containers;
  return std::any_of(containers.begin(), containers.end(),
                     [&](const Container& container) { return WantsToRun(turn, container); });
}

void WaitForInits(PodTurn* turn, const Container& container) {
  const bool waits = LiveOf(turn->Of(container.name)) == nullptr && WantsToRun(*turn, container);
  if (waits) turn->waiting[container.name] = {std::string(kPodInitializing), ""};
}

}  // namespace

bool IsDone(const PodTurn& turn, const Container& init) {
  const ContainerInfo* sandbox = LiveOf(turn.containers.sandboxes);
  return sandbox != nullptr && DoneIn(turn, init) >= AttemptOf(*sandbox);
}

bool IsInit(const PodSpec& spec, const Container& container) {
  return std::any_of(spec.init_containers.begin(), spec.init_containers.end(),
                     [&](const Container& init) { return init.name == container.name; });
}

RestartPolicy RestartPolicyOf(const PodSpec& spec, const Container& container) {
  const Value* own = container.others.Find("restartPolicy");
  if (own != nullptr && own->IsString()) {
    if (own->AsString() == "Always") return RestartPolicy::kAlways;
    if (own->AsString() == "OnFailure") return RestartPolicy::kOnFailure;
    if (own->AsString() == "Never") return RestartPolicy::kNever;
  }
  const bool once = spec.restart_policy == RestartPolicy::kAlways && IsInit(spec, container);
  return once ? RestartPolicy::kOnFailure : spec.restart_policy;
}

void RememberInits(PodTurn* turn) {
  const PodSpec& spec = turn->pod.spec;
  const ContainerInfo* sandbox = LiveOf(turn->containers.sandboxes);
  if (spec.init_containers.empty() || sandbox == nullptr) return;
  const int32_t attempt = AttemptOf(*sandbox);
  bool later_ran =
      std::any_of(spec.containers.begin(), spec.containers.end(), [&](const Container& container) {
        return NewestIn(*turn, container.name, attempt) != nullptr;
      });
  for (auto init = spec.init_containers.rbegin(); init != spec.init_containers.rend(); ++init) {
    const ContainerInfo* newest = NewestIn(*turn, init->name, attempt);
    const bool succeeded = newest != nullptr && IsDead(*newest) && !HasFailed(*newest);
    const bool done = later_ran || (succeeded && !IsSidecar(*init));
    int32_t* done_in = &turn->memory.memory[init->name].done_in_sandbox;
    if (done) *done_in = std::max(*done_in, attempt);
    later_ran = done || newest != nullptr;
  }
}

bool IsInitialized(const PodTurn& turn) {
  const auto& inits = turn.pod.spec.init_containers;
  return std::all_of(inits.begin(), inits.end(),
                     [&](const Container& init) { return IsDone(turn, init); });
}

bool HasFailedInit(const PodTurn& turn) {
  const auto& inits = turn.pod.spec.init_containers;
  return std::any_of(inits.begin(), inits.end(),
                     [&](const Container& init) { return HasFailedForGood(turn, init); });
}

bool InitWantsToRun(const PodTurn& turn, const Container& init) {
  if (!IsSidecar(init) && IsDone(turn, init)) return false;
  return AnyOtherWantsToRun(turn);
}

bool HasStarted(const PodTurn& turn, const Container& sidecar) {
  const ContainerInfo* live = LiveOf(turn.Of(sidecar.name));
  if (live != nullptr && IsOfOtherSandbox(*live, LiveOf(turn.containers.sandboxes))) return false;
  const auto memory = turn.memory.memory.find(sidecar.name);
  return live != nullptr && memory != turn.memory.memory.end() &&
         HealthOf(sidecar, memory->second, *live).started;
}

bool StepInits(PodTurn* turn, const ContainerInfo& sandbox) {
  bool passed = true;
  for (const Container& init : turn->pod.spec.init_containers) {
    const bool done = IsDone(*turn, init);
    if (!passed && !done) {
      WaitForInits(turn, init);
      continue;
    }
    if (IsSidecar(init)) {
      StepContainer(turn, init, &sandbox);
      passed = passed && (done || HasStarted(*turn, init));
    } else if (!done) {
      StepContainer(turn, init, &sandbox);
      passed = false;
    }
  }
  if (passed) return true;
  for (const Container& container : turn->pod.spec.containers) WaitForInits(turn, container);
  return false;
}

void KeepSidecars(PodTurn* turn) {
  const PodSpec& spec = turn->pod.spec;
  const ContainerInfo* sandbox = LiveOf(turn->containers.sandboxes);
  if (sandbox == nullptr) return;
  if (!spec.host_network && turn->memory.attached_owner_id != sandbox->id) return;
  const bool needed = std::any_of(spec.containers.begin(), spec.containers.end(),
                                  [&](const Container& c) { return LiveOf(turn->Of(c.name)); });
  if (!needed || turn->context.now.mono >= *turn->memory.stop_deadline) return;
  for (const Container& init : spec.init_containers) {
    const bool ended = IsSidecar(init) && NewestDeadOf(turn->Of(init.name)) != nullptr;
    if (ended && LiveOf(turn->Of(init.name)) == nullptr) StepContainer(turn, init, sandbox);
  }
}

bool StopSidecars(PodTurn* turn) {
  bool any = false;
  const auto& inits = turn->pod.spec.init_containers;
  for (auto init = inits.rbegin(); init != inits.rend(); ++init) {
    const ContainerInfo* live = LiveOf(turn->Of(init->name));
    if (live == nullptr) continue;
    turn->Stop(*live, "the containers that it stands beside are done",
               turn->pod.spec.termination_grace_period_seconds);
    turn->stops.back().signals = !any;
    any = true;
  }
  return any;
}

Condition InitializedCondition(const PodTurn& turn, const PodStatus& status) {
  Condition condition;
  condition.type = "Initialized";
  condition.status = ConditionStatus::kTrue;
  const bool any_started =
      std::any_of(status.container_statuses.begin(), status.container_statuses.end(),
                  [](const ContainerStatus& container) {
                    return container.state.running || container.state.terminated ||
                           container.last_state.terminated;
                  });
  if (any_started) return condition;
  std::string incomplete;
  const auto& inits = turn.pod.spec.init_containers;
  for (size_t i = 0; i < inits.size(); ++i) {
    const ContainerStatus& init = status.init_container_statuses[i];
    if (IsSidecar(inits[i]) ? init.started : init.ready) continue;
    incomplete += (incomplete.empty() ? "" : " ") + init.name;
  }
  if (incomplete.empty()) return condition;
  condition.status = ConditionStatus::kFalse;
  condition.reason = kContainersNotInitialized;
  condition.message = "containers with incomplete status: [" + incomplete + "]";
  return condition;
}

}  // namespace reconcile
