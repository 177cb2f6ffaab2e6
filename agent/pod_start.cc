#include <algorithm>
#include <limits>

#include "agent/container_config.h"
#include "agent/pod_turn.h"
#include "agent/restart.h"
#include "net/ipam.h"

namespace reconcile {
namespace {

std::string SandboxKey(const PodTurn& turn) { return turn.Key("sandbox"); }
std::string NetworkKey(const PodTurn& turn) { return turn.Key("network"); }

// All containers that do not run wait for this.
void AllWait(PodTurn* turn, const std::string& reason, const std::string& message) {
  for (const Container& container : turn->pod.spec.containers) {
    if (LiveOf(turn->Of(container.name)) == nullptr && WantsToRun(*turn, container)) {
      turn->waiting[container.name] = {reason, message};
    }
  }
}

// `lost`: it may have ended with its sandbox, and is not to blame.
void RememberAttempts(const std::vector<const ContainerInfo*>& containers,
                      int64_t (*backoff_ms)(int32_t), bool lost, Now now, ContainerMemory* memory) {
  const ContainerInfo* newest = NewestOf(containers);
  if (newest == nullptr) return;
  const int32_t attempt = AttemptOf(*newest);
  if (memory->attempt < 0) memory->backoff_steps = CrashesOf(*newest);  // adopted
  if (attempt > memory->attempt) {
    memory->attempt = attempt;
    memory->image_wanted_since.reset();
  }
  if (!IsDead(*newest)) return;
  if (lost && attempt > memory->counted_attempt) {
    memory->counted_attempt = attempt;
    memory->restart_at = now.mono;
  }
  NoteEnd(*newest, backoff_ms, now, memory);
}

// The newest sandbox that a container has joined, whether it is there or not: its attempt is never
// used again, or what ended with it would seem to have ended on its own.
int32_t NewestJoined(const PodContainers& containers) {
  int64_t newest = -1;
  for (const auto& [name, list] : containers.by_name) {
    for (const ContainerInfo* container : list) {
      newest = std::max(newest, NumberLabelOf(*container, kLabelSandbox, -1));
    }
  }
  return static_cast<int32_t>(std::min<int64_t>(newest, std::numeric_limits<int32_t>::max() - 1));
}

WallTime StartTimeOf(const PodContainers& containers, WallTime fallback) {
  int64_t start = std::numeric_limits<int64_t>::max();
  const auto take = [&](const ContainerInfo* container) {
    start = std::min(start, NumberLabelOf(*container, kLabelPodStart, start));
  };
  for (const ContainerInfo* sandbox : containers.sandboxes) take(sandbox);
  for (const auto& [name, list] : containers.by_name) std::for_each(list.begin(), list.end(), take);
  return start == std::numeric_limits<int64_t>::max() ? fallback : WallTime{start};
}

// An attachment that this agent has not made itself: an earlier run of it has. The address is
// routed by the last line of what attaches (net/compile.h), so the sandbox has all that it needs;
// and no other sandbox of the pod is made before it is detached.
void AdoptAttachment(PodTurn* turn) {
  const ContainerInfo* sandbox = LiveOf(turn->containers.sandboxes);
  PodSeen& memory = turn->memory;
  const Seen& seen = turn->context.seen;
  const bool attached = seen.network_listed && !memory.address.empty() &&
                        seen.attached_addresses.contains(memory.address);
  // Whoever wrote no files in this run made no sandbox in it.
  const bool earlier = memory.attached_sandbox_id.empty() && memory.files_address.empty();
  if (sandbox != nullptr && attached && earlier) {
    memory.attached_sandbox_id = sandbox->id;
    memory.attached_process_id = sandbox->process_id;
  }
}

bool HasAddress(PodTurn* turn) {
  StepContext& context = turn->context;
  const Result<Cidr> subnet = Cidr::Parse(context.assignment.node_pod_cidr);
  if (!subnet.ok()) {
    AllWait(turn, "ContainerCreating", "this host has no pod subnet yet");
    return false;
  }
  std::string& address = turn->memory.address;
  const Result<uint32_t> current = ParseIpv4(address);
  if (current.ok() && subnet->Contains(*current)) return true;
  const Result<std::string> allocated =
      AllocateAddress(*subnet, context.used_addresses, context.result.last_address);
  if (!allocated.ok()) {
    AllWait(turn, "ContainerCreating", allocated.status().message());
    return false;
  }
  address = *allocated;
  context.used_addresses.insert(address);
  context.result.last_address = address;
  return true;
}

// The host's own preparations; Step asks for them.
bool HostIsReady(PodTurn* turn) {
  const StepContext& context = turn->context;
  std::string missing;
  if (!context.seen.prepared) {
    missing = "the host's network is being prepared. " + context.FailureOf("network");
  } else if (!context.seen.network_listed) {
    missing = "the host's network is being looked at";
  } else if (context.seen.pause_image_id.empty()) {
    missing = "the sandbox's image is being loaded. " + context.FailureOf("pause");
  }
  if (missing.empty()) return true;
  AllWait(turn, "ContainerCreating", missing);
  return false;
}

bool FilesAreWritten(PodTurn* turn) {
  PodSeen& memory = turn->memory;
  if (memory.files_address == memory.address) return true;
  const std::string key = turn->Key("files");
  AllWait(turn, "ContainerCreating", turn->context.FailureOf(key));
  turn->Add(key, "the pod's hosts, hostname and resolv.conf are to be written",
            WritePodFiles{turn->uid(), HostnameOf(turn->pod), memory.address});
  return false;
}

// True when nothing of an earlier sandbox is left. Its containers can talk to nobody any more.
bool OldSandboxIsGone(PodTurn* turn) {
  bool gone = true;
  for (const auto& [name, containers] : turn->containers.by_name) {
    for (const ContainerInfo* container : containers) {
      if (!IsLive(*container)) continue;
      gone = false;
      turn->memory.memory[name].stopped_attempt = AttemptOf(*container);
      turn->Add(StopKey(container->id), "its sandbox is gone",
                StopContainerOp{container->id, turn->pod.spec.termination_grace_period_seconds});
    }
  }
  for (const ContainerInfo* sandbox : turn->containers.sandboxes) {
    gone = false;
    if (turn->context.IsBusy(SandboxKey(*turn))) continue;
    turn->Add(RemoveKey(sandbox->id), "the sandbox does not run", RemoveContainerOp{sandbox->id});
  }
  if (!turn->context.seen.attached_addresses.contains(turn->memory.address)) {
    turn->memory.attached_sandbox_id.clear();
  } else if (gone) {
    gone = false;
    turn->Add(NetworkKey(*turn), "the sandbox of this address is gone",
              DetachNetwork{turn->uid(), turn->memory.address});
  }
  return gone;
}

// Names of containers that are done: the next sandbox's label remembers them.
std::string EndedContainers(const PodTurn& turn) {
  std::string names;
  for (const Container& container : turn.pod.spec.containers) {
    const ContainerInfo* dead = NewestDeadOf(turn.Of(container.name));
    if (dead == nullptr || WantsToRun(turn, container)) continue;
    names += (names.empty() ? "" : ",") + container.name;
  }
  return names;
}

// Pods without a resolv.conf of ours need the engine's copy.
NetworkStart NetworkStartOf(const PodTurn& turn) {
  return turn.memory.has_resolver ? NetworkStart::kBare : NetworkStart::kEngines;
}

void MakeSandbox(PodTurn* turn) {
  ContainerMemory& memory = turn->memory.memory[std::string(kSandboxContainer)];
  AllWait(turn, "ContainerCreating", turn->context.FailureOf(SandboxKey(*turn)));
  if (!HostIsReady(turn) || !OldSandboxIsGone(turn) || !HasAddress(turn)) return;
  if (turn->context.now.mono < memory.restart_at) {
    turn->context.WakeAt(memory.restart_at);
    return AllWait(turn, "ContainerCreating",
                   "the pod's sandbox ends again and again; waiting " +
                       FormatAge(memory.backoff_ms) + " before the next");
  }
  if (!FilesAreWritten(turn)) return;
  const SandboxBasis basis = {turn->context.seen.pause_image_id,
                              turn->memory.address,
                              memory.attempt + 1,
                              memory.backoff_steps,
                              turn->memory.start_time.value_or(turn->context.now.wall),
                              EndedContainers(*turn),
                              NetworkStartOf(*turn)};
  turn->Add(
      SandboxKey(*turn),
      basis.attempt == 0 ? "the pod is to run"
                         : "Pod sandbox changed, it will be killed and re-created.",
      RunSandbox{turn->uid(), basis.attempt,
                 MakeSandboxConfig(turn->context.assignment.fence.cluster_id, turn->pod, basis)});
}

// Images come while the sandbox is being made.
void AskForImages(PodTurn* turn) {
  for (const Container& container : turn->pod.spec.containers) {
    if (LiveOf(turn->Of(container.name)) != nullptr || !WantsToRun(*turn, container)) continue;
    std::string image_id;
    (void)NeedImage(turn, container, &image_id);
  }
}

void RemoveOtherSandboxes(PodTurn* turn, const ContainerInfo& keep) {
  if (turn->context.IsBusy(SandboxKey(*turn))) return;
  for (const ContainerInfo* sandbox : turn->containers.sandboxes) {
    if (sandbox == &keep) continue;
    turn->Add(RemoveKey(sandbox->id), "the pod has a newer sandbox",
              RemoveContainerOp{sandbox->id});
  }
}

// Somebody started the sandbox again by hand: another namespace, that nobody has looked at.
bool IsAnotherProcess(const ContainerInfo& sandbox, PodSeen* memory) {
  if (memory->attached_process_id == 0) memory->attached_process_id = sandbox.process_id;
  return sandbox.process_id != 0 && sandbox.process_id != memory->attached_process_id;
}

// Nothing is started in a sandbox of which this is false: it has no network.
bool IsAttached(PodTurn* turn, const ContainerInfo& sandbox) {
  const Seen& seen = turn->context.seen;
  PodSeen& memory = turn->memory;
  const bool has_address = seen.attached_addresses.contains(memory.address);
  if (has_address && memory.attached_sandbox_id == sandbox.id) {
    if (!IsAnotherProcess(sandbox, &memory)) return true;
    AllWait(turn, "ContainerCreating", "the pod's sandbox was started again by hand");
    turn->Add(RemoveKey(sandbox.id), "the sandbox was started again by hand",
              RemoveContainerOp{sandbox.id});
    return false;
  }
  AllWait(turn, "ContainerCreating", turn->context.FailureOf(NetworkKey(*turn)));
  if (!HostIsReady(turn)) return false;
  if (sandbox.awaits_inspection) return false;
  if (sandbox.process_id == 0) {
    turn->Add(RemoveKey(sandbox.id), "the engine does not tell the sandbox's process",
              RemoveContainerOp{sandbox.id});
  } else if (memory.address.empty()) {  // its label is gone: nothing can be attached to it
    turn->Add(RemoveKey(sandbox.id), "the sandbox has no address", RemoveContainerOp{sandbox.id});
  } else if (has_address) {
    turn->Add(NetworkKey(*turn), "the address belongs to an earlier sandbox",
              DetachNetwork{turn->uid(), memory.address});
  } else {
    turn->Add(NetworkKey(*turn), "the sandbox has no network",
              AttachNetwork{{turn->uid(), sandbox.process_id, memory.address}, sandbox.id});
  }
  return false;
}

}  // namespace

void Remember(PodTurn* turn) {
  PodSeen& memory = turn->memory;
  const Now now = turn->context.now;
  const ContainerInfo* sandbox = LiveOf(turn->containers.sandboxes);
  for (const Container& container : turn->pod.spec.containers) {
    ContainerMemory& of = memory.memory[container.name];
    const ContainerInfo* dead = NewestDeadOf(turn->Of(container.name));
    const bool lost =
        dead != nullptr &&
        (sandbox == nullptr ||
         NumberLabelOf(*dead, kLabelSandbox, AttemptOf(*sandbox)) != AttemptOf(*sandbox));
    RememberAttempts(turn->Of(container.name), CrashBackoffMs, lost, now, &of);
    const bool changed = dead != nullptr && !SameSpec(LabelOf(*dead, kLabelSpecHash), container);
    if (changed) of.backoff_steps = 0;  // another program: its crashes are its own
    if (dead != nullptr && EndCounts(*turn, container, *dead)) of.ended_attempt = AttemptOf(*dead);
  }
  ContainerMemory& of_sandbox = memory.memory[std::string(kSandboxContainer)];
  RememberAttempts(turn->containers.sandboxes, SandboxBackoffMs, false, now, &of_sandbox);
  of_sandbox.attempt = std::max(of_sandbox.attempt, NewestJoined(turn->containers));
  if (!memory.start_time) memory.start_time = StartTimeOf(turn->containers, now.wall);
  if (memory.address.empty() && !turn->containers.sandboxes.empty()) {
    memory.address = LabelOf(*turn->containers.sandboxes.front(), kLabelAddress);
  }
  AdoptAttachment(turn);
}

void StartPod(PodTurn* turn) {
  if (turn->memory.terminal) return ReleaseSandbox(turn);
  CleanUp(turn);
  const auto& containers = turn->pod.spec.containers;
  const bool wanted = std::any_of(containers.begin(), containers.end(),
                                  [&](const Container& c) { return WantsToRun(*turn, c); });
  if (!wanted) return ReleaseSandbox(turn);
  const ContainerInfo* sandbox = LiveOf(turn->containers.sandboxes);
  if (sandbox == nullptr) {
    const bool only_live =
        std::all_of(containers.begin(), containers.end(), [&](const Container& c) {
          return LiveOf(turn->Of(c.name)) != nullptr || !WantsToRun(*turn, c);
        });
    const bool never = turn->pod.spec.restart_policy == RestartPolicy::kNever;
    if (only_live && never) {
      (void)OldSandboxIsGone(turn);
      return;
    }
    MakeSandbox(turn);
    return AskForImages(turn);
  }
  RemoveOtherSandboxes(turn, *sandbox);
  if (!IsAttached(turn, *sandbox)) return AskForImages(turn);
  const bool starts = std::any_of(containers.begin(), containers.end(), [&](const Container& c) {
    return LiveOf(turn->Of(c.name)) == nullptr && WantsToRun(*turn, c);
  });
  if (starts && !FilesAreWritten(turn)) return;
  for (const Container& container : containers) StepContainer(turn, container, *sandbox);
}

}  // namespace reconcile
