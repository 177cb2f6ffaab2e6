#include <algorithm>
#include <sstream>

#include "agent/container_config.h"
#include "agent/container_rights.h"
#include "agent/init_containers.h"
#include "agent/pod_turn.h"
#include "agent/restart.h"
#include "agent/service_links.h"

namespace reconcile {
namespace {

constexpr int kAttemptsKept = 2;  // the newest, and the one before it for `logs --previous`

std::string ContainerKey(const PodTurn& turn, const std::string& container) {
  return turn.Key("container/" + container);
}

bool EndedBefore(const ContainerInfo& sandbox, const std::string& container) {
  std::istringstream names(LabelOf(sandbox, kLabelEnded));
  for (std::string name; std::getline(names, name, ',');) {
    if (name == container) return true;
  }
  return false;
}

// What ended for a reason that is not its own starts again at once.
bool EndedByUs(const ContainerInfo& dead, const Container& container,
               const ContainerInfo* sandbox) {
  if (!SameSpec(LabelOf(dead, kLabelSpecHash), container)) return true;
  if (sandbox == nullptr) return !OwnsNetwork(dead);
  return NumberLabelOf(dead, kLabelSandbox, AttemptOf(*sandbox)) != AttemptOf(*sandbox);
}

std::string StartErrorOf(const ContainerInfo* dead) { return dead == nullptr ? "" : dead->error; }

// Why the container waits for its next try; nothing when it may start now.
std::optional<ContainerStateWaiting> Backoff(PodTurn* turn, const Container& container,
                                             const ContainerInfo* dead,
                                             const ContainerInfo* sandbox,
                                             ContainerMemory* memory) {
  const bool waits = dead != nullptr && turn->context.now.mono < memory->restart_at &&
                     !EndedByUs(*dead, container, sandbox);
  if (!waits) return std::nullopt;
  turn->context.WakeAt(memory->restart_at);
  turn->Announce("backoff/" + std::to_string(memory->counted_attempt), EventType::kWarning,
                 "BackOff",
                 "Back-off restarting failed container " + container.name + " in pod " +
                     turn->pod.metadata.name,
                 memory);
  const std::string backoff = "back-off " + FormatAge(memory->backoff_ms) +
                              " restarting failed container=" + container.name +
                              " pod=" + turn->pod.metadata.name + "_" +
                              turn->pod.metadata.namespace_name + "(" + turn->uid() + ")";
  const std::string start_error = StartErrorOf(dead);
  if (start_error.empty()) return ContainerStateWaiting{"CrashLoopBackOff", backoff};
  return ContainerStateWaiting{"RunContainerError", start_error + "; " + backoff};
}

// What a container that owns its network needs besides: its whole command, which the program that
// waits for the network gets.
std::optional<ContainerStateWaiting> PrepareOwner(PodTurn* turn, const Container& container,
                                                  const EnvList& env, ContainerMemory* memory,
                                                  ContainerBasis* basis) {
  const ImageSeen& image = turn->context.seen.images.at(ImageKey(turn->pod, container.image));
  basis->address = turn->memory.address;
  basis->image_entrypoint = image.entrypoint;
  basis->image_cmd = image.cmd;
  if (!CommandOf(container, *basis, env).empty()) return std::nullopt;
  const std::string error = "no command specified: neither container " + container.name +
                            " nor its image " + container.image + " says what to run";
  turn->Announce("command/" + image.image_id, EventType::kWarning, "Failed", "Error: " + error,
                 memory);
  return ContainerStateWaiting{"CreateContainerError", error};
}

// What its own configuration says that keeps it from being made.
ContainerStateWaiting ConfigError(PodTurn* turn, const Status& status, ContainerMemory* memory) {
  turn->Announce("config/" + status.message(), EventType::kWarning, "Failed",
                 "Error: " + status.message(), memory);
  return {"CreateContainerConfigError", status.message()};
}

// Everything a new container stands on, or why it has to wait.
std::optional<ContainerStateWaiting> PrepareStart(PodTurn* turn, const Container& container,
                                                  const ContainerInfo* sandbox,
                                                  ContainerMemory* memory, RunContainer* run) {
  ContainerBasis basis;
  const auto image = NeedImage(turn, container, &basis.image_id);  // comes meanwhile
  if (auto waiting = NeedVolumes(turn)) return waiting;
  if (image) return image;
  const StepContext& context = turn->context;
  const Result<ResolvedEnv> env = ResolveEnv(SourcesOf(*turn), container);
  if (!env.ok()) return ConfigError(turn, env.status(), memory);
  basis.image_user = context.seen.images.at(ImageKey(turn->pod, container.image)).user;
  if (const Status status = CheckNonRoot(turn->pod, container, basis.image_user); !status.ok()) {
    return ConfigError(turn, status, memory);
  }
  if (const Status status = CheckAppArmor(turn->pod, container, context.host.has_apparmor);
      !status.ok()) {
    return ConfigError(turn, status, memory);
  }
  if (sandbox != nullptr) {
    basis.sandbox_id = sandbox->id;
    basis.sandbox_attempt = AttemptOf(*sandbox);
  } else if (auto waiting = PrepareOwner(turn, container, env->variables, memory, &basis)) {
    return waiting;
  }
  basis.attempt = memory->attempt + 1;
  basis.crashes = memory->backoff_steps;
  basis.has_resolver = turn->memory.has_resolver;
  basis.pod_start = turn->memory.start_time.value_or(context.now.wall);
  run->pod_uid = turn->uid();
  run->container = container.name;
  run->image_key = ImageKey(turn->pod, container.image);
  run->attempt = basis.attempt;
  run->seccomp_file = SeccompFileOf(turn->pod.spec, container);
  run->config = MakeContainerConfig(context.assignment.fence.cluster_id, turn->pod, container,
                                    basis, env->variables, context.host);
  if (const Status status = AddMounts(*turn, container, env->variables, run); !status.ok()) {
    return ConfigError(turn, status, memory);
  }
  for (const std::string& warning : env->warnings) {
    run->events.push_back({turn->uid(), turn->pod.metadata.namespace_name, turn->pod.metadata.name,
                           EventType::kWarning, "InvalidEnvironmentVariableNames", warning});
  }
  if (env->links_left_out > 0) {
    run->events.push_back({turn->uid(), turn->pod.metadata.namespace_name, turn->pod.metadata.name,
                           EventType::kWarning, "ServiceLinksLeftOut",
                           LinksLeftOutMessage(container.name, env->links_left_out)});
  }
  return std::nullopt;
}

// A change of spec replaces the running container, but only once its successor could start.
void ReplaceIfChanged(PodTurn* turn, const Container& container, const ContainerInfo& live,
                      const ContainerInfo* sandbox, ContainerMemory* memory) {
  if (SameSpec(LabelOf(live, kLabelSpecHash), container)) {
    const bool stops =
        turn->context.IsBusy(StopKey(live.id)) || turn->memory.stops.contains(live.id);
    if (!stops) memory->stopped_attempt = -1;
    memory->image_wanted_since.reset();
    return;
  }
  RunContainer successor;
  if (PrepareStart(turn, container, sandbox, memory, &successor)) return;
  memory->stopped_attempt = AttemptOf(live);
  turn->Stop(live, "Container " + container.name + " definition changed",
             turn->pod.spec.termination_grace_period_seconds);
}

// It came to run while its sandbox ended, and is in a network that nobody reaches.
void StopStray(PodTurn* turn, const Container& container, const ContainerInfo& live,
               ContainerMemory* memory) {
  memory->stopped_attempt = AttemptOf(live);
  turn->Stop(live, "the sandbox of container " + container.name + " is gone",
             turn->pod.spec.termination_grace_period_seconds);
}

std::string ReasonToRun(const PodTurn& turn, const Container& container) {
  const ContainerInfo* dead = NewestDeadOf(turn.Of(container.name));
  if (dead != nullptr) {
    return "container " + container.name + " ended with exit code " +
           std::to_string(dead->exit_code);
  }
  const auto memory = turn.memory.memory.find(container.name);
  const bool ran = memory != turn.memory.memory.end() && memory->second.attempt >= 0;
  return "container " + container.name + (ran ? " has vanished" : " is to run");
}

}  // namespace

bool EndCounts(const PodTurn& turn, const Container& container, const ContainerInfo& dead) {
  if (!SameSpec(LabelOf(dead, kLabelSpecHash), container)) return false;
  const auto memory = turn.memory.memory.find(container.name);
  if (memory != turn.memory.memory.end()) {
    if (memory->second.ended_attempt >= AttemptOf(dead)) return true;
    if (memory->second.stopped_attempt >= AttemptOf(dead)) return false;
  }
  if (OwnsNetwork(dead)) return true;
  const int64_t joined = NumberLabelOf(dead, kLabelSandbox, -1);
  for (const ContainerInfo* sandbox : turn.containers.sandboxes) {
    if (AttemptOf(*sandbox) > joined && EndedBefore(*sandbox, container.name)) return true;
    if (AttemptOf(*sandbox) != joined) continue;
    if (IsLive(*sandbox)) return true;
    return dead.finished_at && sandbox->finished_at && *dead.finished_at <= *sandbox->finished_at;
  }
  return false;
}

bool WantsToRun(const PodTurn& turn, const Container& container) {
  const auto& containers = turn.Of(container.name);
  if (LiveOf(containers) != nullptr) return true;
  if (HasFailedInit(turn)) return false;
  if (IsInit(turn.pod.spec, container)) return InitWantsToRun(turn, container);
  const RestartPolicy policy = RestartPolicyOf(turn.pod.spec, container);
  if (const ContainerInfo* dead = NewestDeadOf(containers)) {
    if (RestartsAfter(policy, *dead)) return true;
    // As in Kubernetes, a loss of the sandbox runs nothing of a Never pod again; a new spec does.
    const bool never = policy == RestartPolicy::kNever;
    return never ? !SameSpec(LabelOf(*dead, kLabelSpecHash), container)
                 : !EndCounts(turn, container, *dead);
  }
  // It vanished: nobody knows how it ended.
  const auto memory = turn.memory.memory.find(container.name);
  const bool ran = memory != turn.memory.memory.end() && memory->second.attempt >= 0;
  return !ran || policy != RestartPolicy::kNever;
}

void CleanUp(PodTurn* turn) {
  for (const auto& [name, containers] : turn->containers.by_name) {
    const ContainerInfo* keep = LiveOf(containers);
    int dead_kept = keep == nullptr ? 0 : 1;  // in place of the one that runs
    for (const ContainerInfo* container : containers) {
      if (IsLive(*container) && container != keep) {
        turn->Stop(*container, "a second " + name + " runs",
                   turn->pod.spec.termination_grace_period_seconds);
      } else if (IsUnstarted(*container) && !turn->context.IsBusy(ContainerKey(*turn, name))) {
        turn->Add(RemoveKey(container->id), "it was created and never started",
                  RemoveContainerOp{container->id});
      } else if (IsDead(*container) && ++dead_kept > kAttemptsKept) {
        turn->Add(RemoveKey(container->id), "a later attempt is kept for its log",
                  RemoveContainerOp{container->id});
      }
    }
  }
}

void StepContainer(PodTurn* turn, const Container& container, const ContainerInfo* sandbox) {
  const auto& containers = turn->Of(container.name);
  ContainerMemory* memory = &turn->memory.memory[container.name];
  if (const ContainerInfo* live = LiveOf(containers)) {
    if (IsOfOtherSandbox(*live, sandbox)) return StopStray(turn, container, *live, memory);
    ReplaceIfChanged(turn, container, *live, sandbox, memory);
    return StepPostStart(turn, container, *live);
  }
  if (!WantsToRun(*turn, container)) return;
  const ContainerInfo* dead = NewestDeadOf(containers);
  if (auto waiting = Backoff(turn, container, dead, sandbox, memory)) {
    turn->waiting[container.name] = *waiting;
    return;
  }
  RunContainer run;
  if (auto waiting = PrepareStart(turn, container, sandbox, memory, &run)) {
    turn->waiting[container.name] = *waiting;
    return;
  }
  const std::string key = ContainerKey(*turn, container.name);
  if (const std::string error = turn->context.FailureOf(key); !error.empty()) {
    turn->waiting[container.name] = {"CreateContainerError", error};
  }
  const bool leftover = std::any_of(containers.begin(), containers.end(),
                                    [](const ContainerInfo* c) { return IsUnstarted(*c); });
  if (leftover) return;  // CleanUp has asked for its removal
  turn->Add(key, ReasonToRun(*turn, container), std::move(run));
}

}  // namespace reconcile
