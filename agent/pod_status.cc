#include <algorithm>

#include "agent/active_deadline.h"
#include "agent/end_messages.h"
#include "agent/init_containers.h"
#include "agent/pod_turn.h"
#include "schema/sidecar.h"

namespace reconcile {
namespace {

constexpr int32_t kUnknownExitCode = 137;

ContainerStateTerminated Terminated(const PodTurn& turn, const ContainerInfo& dead) {
  ContainerStateTerminated state;
  state.message = EndMessageOf(turn.context.seen, dead);
  state.exit_code = dead.exit_code;
  state.reason = dead.exit_code == 0 ? "Completed" : "Error";
  if (dead.oom_killed) state.reason = "OOMKilled";
  if (!dead.error.empty()) {
    state.reason = "ContainerCannotRun";
    if (state.exit_code == 0) state.exit_code = kUnknownExitCode;
  }
  state.started_at = dead.started_at;
  state.finished_at = dead.finished_at;
  state.container_id = "docker://" + dead.id;
  return state;
}

// Removed from the engine behind our back.
ContainerStateTerminated TerminatedUnknown(const ContainerStatus& last) {
  ContainerStateTerminated state;
  state.exit_code = kUnknownExitCode;
  state.reason = "ContainerStatusUnknown";
  state.message = "the container is no longer there; somebody has removed it";
  if (last.state.running) state.started_at = last.state.running->started_at;
  state.container_id = last.container_id;
  return state;
}

void SetIds(const ContainerInfo& container, ContainerStatus* status) {
  status->image_id = container.image_id;
  status->container_id = "docker://" + container.id;
  status->restart_count = std::max(AttemptOf(container), 0);
}

void SetWaiting(const PodTurn& turn, const std::string& name, ContainerState* state) {
  const auto waiting = turn.waiting.find(name);
  state->waiting = waiting == turn.waiting.end()
                       ? ContainerStateWaiting{std::string(CreatingReason(turn.pod.spec)), ""}
                       : waiting->second;
}

// Nothing of the container is on the host.
ContainerStatus StatusOfAbsent(const PodTurn& turn, const Container& container,
                               const ContainerMemory& memory, ContainerStatus status) {
  const ContainerStatus& last = memory.last_reported;
  const bool stopping = turn.pod.metadata.deletion_timestamp.has_value();
  if (stopping && !last.name.empty()) {
    status = last;
    status.ready = false;
    if (last.state.running) status.state = {{}, {}, TerminatedUnknown(last)};
    return status;
  }
  status.restart_count = std::max(memory.attempt, 0);
  if (memory.attempt >= 0) {
    status.last_state = last.last_state;
    if (last.state.running) status.last_state.terminated = TerminatedUnknown(last);
    if (last.state.terminated) status.last_state.terminated = last.state.terminated;
  }
  // Nobody remembers how it ended, but what came after it says that it did well.
  const bool done = IsInit(turn.pod.spec, container) && !IsSidecar(container) &&
                    memory.attempt < 0 && IsDone(turn, container);
  if (done) {
    status.state.terminated = ContainerStateTerminated();
    status.state.terminated->reason = "Completed";
    return status;
  }
  if (memory.attempt >= 0 && !WantsToRun(turn, container)) {
    status.state.terminated =
        last.state.terminated ? *last.state.terminated : TerminatedUnknown(last);
    status.last_state = last.last_state;
    return status;
  }
  SetWaiting(turn, container.name, &status.state);
  return status;
}

ContainerStatus StatusOf(const PodTurn& turn, const Container& container,
                         const ContainerMemory& memory) {
  ContainerStatus status;
  status.name = container.name;
  status.image = container.image;
  const auto& containers = turn.Of(container.name);
  const ContainerInfo* live = LiveOf(containers);
  const ContainerInfo* dead = NewestDeadOf(containers);
  if (live == nullptr && dead == nullptr) {
    return StatusOfAbsent(turn, container, memory, std::move(status));
  }
  SetIds(live != nullptr ? *live : *dead, &status);
  const ContainerInfo* last = DeadBefore(containers, live != nullptr ? live : dead);
  // It waits for its network.
  const bool waits = live != nullptr && turn.waiting.contains(container.name);
  if (live != nullptr && !waits) {
    status.state.running = ContainerStateRunning{live->started_at};
    const ProgramHealth health = HealthOf(container, memory, *live);
    status.started = health.started;
    status.ready = health.ready && live->state == ContainerRunState::kRunning;
  } else if (turn.waiting.contains(container.name)) {
    SetWaiting(turn, container.name, &status.state);
    if (live == nullptr) last = dead;
  } else {
    status.state.terminated = Terminated(turn, *dead);
  }
  if (last != nullptr) {
    status.last_state.terminated = Terminated(turn, *last);
  } else if (status.restart_count > 0) {
    status.last_state = memory.last_reported.last_state;  // the engine has nothing of it any more
  }
  return status;
}

// Of an init container that must end: it is ready when it has succeeded, and never "started".
ContainerStatus StatusOfInit(const PodTurn& turn, const Container& init,
                             const ContainerMemory& memory) {
  ContainerStatus status = StatusOf(turn, init, memory);
  if (IsSidecar(init)) return status;
  status.started = false;
  status.ready = status.state.terminated && status.state.terminated->exit_code == 0;
  return status;
}

bool AnyWantsToRun(const PodTurn& turn) {
  if (turn.pod.metadata.deletion_timestamp) return false;
  const auto& containers = turn.pod.spec.containers;
  return std::any_of(containers.begin(), containers.end(),
                     [&](const Container& container) { return WantsToRun(turn, container); });
}

// Of a pod all of whose containers have ended, by the policy of each (SEMANTICS 8.1).
PodPhase PhaseAtEnd(const PodSpec& spec, const std::vector<ContainerStatus>& statuses) {
  bool any_failed = false;
  for (size_t i = 0; i < statuses.size(); ++i) {
    const ContainerStatus& status = statuses[i];
    const auto& end = status.state.waiting ? status.last_state.terminated : status.state.terminated;
    const bool failed = end->exit_code != 0;
    const RestartPolicy policy = RestartPolicyOf(spec, spec.containers[i]);
    if (policy == RestartPolicy::kAlways) return PodPhase::kRunning;
    if (policy == RestartPolicy::kOnFailure && failed) return PodPhase::kRunning;
    any_failed = any_failed || failed;
  }
  return any_failed ? PodPhase::kFailed : PodPhase::kSucceeded;
}

// SEMANTICS 8.1.
PodPhase PhaseOf(const PodTurn& turn, const std::vector<ContainerStatus>& statuses) {
  bool running = false;
  for (const ContainerStatus& status : statuses) {
    if (status.state.running) {
      running = true;
      continue;
    }
    const auto& end = status.state.waiting ? status.last_state.terminated : status.state.terminated;
    if (!end && !HasFailedInit(turn)) return PodPhase::kPending;
  }
  // Sidecars stop after the others, and the pod ends with the last of them.
  const bool sidecars_run = !turn.pod.spec.init_containers.empty() && AnyLive(turn);
  if (HasFailedInit(turn)) return sidecars_run ? PodPhase::kPending : PodPhase::kFailed;
  if (running || sidecars_run || AnyWantsToRun(turn)) return PodPhase::kRunning;
  return PhaseAtEnd(turn.pod.spec, statuses);
}

bool IsEnd(PodPhase phase) { return phase == PodPhase::kSucceeded || phase == PodPhase::kFailed; }

// The newest moment at which a container changed, as far as the engine tells: a restarted agent
// says the same as the one before it.
WallTime LastChange(const std::vector<ContainerStatus>& statuses, WallTime start) {
  WallTime last = start;
  for (const ContainerStatus& status : statuses) {
    if (status.state.running && status.state.running->started_at) {
      last = std::max(last, *status.state.running->started_at);
    }
    const auto& end = status.state.waiting ? status.last_state.terminated : status.state.terminated;
    if (end && end->finished_at) last = std::max(last, *end->finished_at);
  }
  return last;
}

Condition ReadyCondition(std::string_view type, const PodSpec& spec, const PodStatus& status) {
  Condition condition;
  condition.type = type;
  std::string unready;
  const auto note = [&](const ContainerStatus& container) {
    if (!container.ready) unready += (unready.empty() ? "" : " ") + container.name;
  };
  for (size_t i = 0; i < spec.init_containers.size(); ++i) {
    if (IsSidecar(spec.init_containers[i])) note(status.init_container_statuses[i]);
  }
  for (const ContainerStatus& container : status.container_statuses) note(container);
  condition.status = unready.empty() ? ConditionStatus::kTrue : ConditionStatus::kFalse;
  if (unready.empty()) return condition;
  if (status.phase == PodPhase::kSucceeded) {
    condition.reason = "PodCompleted";
  } else if (status.phase == PodPhase::kFailed) {
    condition.reason = "PodFailed";
  } else {
    condition.reason = "ContainersNotReady";
    condition.message = "containers with unready status: [" + unready + "]";
  }
  return condition;
}

WallTime TransitionTime(const Condition* before, const Condition& after, WallTime from_facts,
                        WallTime now) {
  if (before == nullptr || !before->last_transition_time) return from_facts;
  if (before->status == after.status) return *before->last_transition_time;
  return from_facts > *before->last_transition_time ? from_facts : now;
}

void SetConditions(const PodTurn& turn, PodStatus* status) {
  const WallTime start = *status->start_time;
  const WallTime init_change = LastChange(status->init_container_statuses, start);
  const WallTime change = std::max({init_change, LastChange(status->container_statuses, start),
                                    HealthChangedAt(turn).value_or(start)});
  Condition scheduled;
  scheduled.type = "PodScheduled";
  scheduled.status = ConditionStatus::kTrue;
  scheduled.last_transition_time = start;
  status->conditions.push_back(std::move(scheduled));
  Condition initialized = InitializedCondition(turn, *status);
  initialized.last_transition_time =
      TransitionTime(FindCondition(turn.memory.conditions, initialized.type), initialized,
                     init_change, turn.context.now.wall);
  status->conditions.push_back(std::move(initialized));
  for (const std::string_view type : {"ContainersReady", "Ready"}) {
    Condition condition = ReadyCondition(type, turn.pod.spec, *status);
    condition.last_transition_time = TransitionTime(FindCondition(turn.memory.conditions, type),
                                                    condition, change, turn.context.now.wall);
    status->conditions.push_back(condition);
  }
}

// A restarted agent believes the label until it has looked at the host's network. Between two
// attempts of a container that owns it, the address stays the pod's, as in Kubernetes.
bool HasAddress(const PodTurn& turn) {
  const ContainerInfo* owner = LiveOf(turn.containers.owners);
  if (turn.pod.spec.host_network) return owner != nullptr;
  const bool attached = owner != nullptr && (turn.memory.attached_owner_id == owner->id ||
                                             !turn.context.seen.network_listed);
  return attached || (!NeedsSandbox(turn) && NewestDeadOf(turn.containers.owners) != nullptr);
}

// What keeps a pod that is being stopped, in the engine's or the system's words.
std::string WhyNotGone(const PodTurn& turn) {
  if (!turn.pod.metadata.deletion_timestamp) return "";
  const StepContext& context = turn.context;
  const auto of_container = [&](const std::string& name, const ContainerInfo& container) {
    const std::string stop = context.FailureOf(StopKey(container.id));
    const std::string remove = context.FailureOf(RemoveKey(container.id));
    if (!remove.empty()) return name + " cannot be removed: " + remove;
    return stop.empty() || !IsLive(container) ? "" : name + " cannot be stopped: " + stop;
  };
  for (const auto& [name, containers] : turn.containers.by_name) {
    for (const ContainerInfo* container : containers) {
      const std::string why = of_container("container " + name, *container);
      if (!why.empty()) return why;
    }
  }
  for (const ContainerInfo* sandbox : turn.containers.sandboxes) {
    const std::string why = of_container("the sandbox", *sandbox);
    if (!why.empty()) return why;
  }
  const bool attached = context.seen.attached_addresses.contains(turn.memory.address);
  const std::string network = context.FailureOf(turn.Key("network"));
  if (attached && !network.empty()) return "its network cannot be detached: " + network;
  const std::string files = context.FailureOf(turn.Key("forget"));
  return files.empty() ? "" : "its files cannot be removed: " + files;
}

}  // namespace

PodStatus BuildPodStatus(PodTurn* turn) {
  PodSeen& memory = turn->memory;
  if (memory.terminal) {
    PodStatus ended = *memory.terminal;
    const std::string why = WhyNotGone(*turn);
    if (!why.empty()) ended.message = why;
    return ended;
  }
  PodStatus status;
  status.message = WhyNotGone(*turn);
  status.host_ip = turn->context.host.host_ip;
  status.start_time = memory.start_time;
  status.qos_class = QosClassOf(turn->pod.spec);
  if (HasAddress(*turn)) {
    status.pod_ip = memory.address;
    status.pod_ips = {{memory.address}};
  }
  for (const Container& init : turn->pod.spec.init_containers) {
    ContainerMemory& of = memory.memory[init.name];
    status.init_container_statuses.push_back(StatusOfInit(*turn, init, of));
    of.last_reported = status.init_container_statuses.back();
  }
  for (const Container& container : turn->pod.spec.containers) {
    ContainerMemory& of = memory.memory[container.name];
    status.container_statuses.push_back(StatusOf(*turn, container, of));
    of.last_reported = status.container_statuses.back();
  }
  LimitEndMessages(&status);
  status.phase = PhaseOf(*turn, status.container_statuses);
  EndEvicted(*turn, &status);
  if (memory.evicted.empty() && IsPastDeadline(turn)) FailAtDeadline(*turn, &status);
  SetConditions(*turn, &status);
  memory.conditions = status.conditions;
  const bool stopping = turn->pod.metadata.deletion_timestamp.has_value();
  if (IsEnd(status.phase) && !stopping && EndsAreRead(*turn)) memory.terminal = status;
  return status;
}

}  // namespace reconcile
