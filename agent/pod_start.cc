#include <algorithm>
#include <limits>

#include "agent/active_deadline.h"
#include "agent/container_config.h"
#include "agent/init_containers.h"
#include "agent/pod_files.h"
#include "agent/pod_turn.h"
#include "agent/restart.h"
#include "net/dns/from_objects.h"
#include "net/ipam.h"
#include "runtime/start_program.h"
#include "schema/not_honoured.h"
#include "schema/security.h"
#include "schema/sidecar.h"

namespace reconcile {
namespace {

std::string SandboxKey(const PodTurn& turn) { return turn.Key("sandbox"); }
std::string NetworkKey(const PodTurn& turn) { return turn.Key("network"); }

// All containers that do not run wait for this, and so does one that waits for its own network.
void AllWait(PodTurn* turn, const std::string& reason, const std::string& message) {
  for (const Container* container : AllContainersOf(turn->pod.spec)) {
    const ContainerInfo* live = LiveOf(turn->Of(container->name));
    const bool runs = live != nullptr && !OwnsNetwork(*live);
    if (!runs && WantsToRun(*turn, *container)) turn->waiting[container->name] = {reason, message};
  }
}

void AllWaitToBeMade(PodTurn* turn, const std::string& message) {
  AllWait(turn, std::string(CreatingReason(turn->pod.spec)), message);
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

// An attachment that this agent has not made itself: an earlier run of it has, and may not have
// finished (KeepAttachment).
void AdoptAttachment(PodTurn* turn) {
  const ContainerInfo* owner = LiveOf(turn->containers.owners);
  PodSeen& memory = turn->memory;
  const Seen& seen = turn->context.seen;
  const bool attached = seen.network_listed && !memory.address.empty() &&
                        seen.attached_addresses.contains(memory.address);
  // Whoever wrote no files in this run made no container in it.
  const bool earlier = memory.attached_owner_id.empty() && memory.files_address.empty();
  if (owner == nullptr || !attached || !earlier) return;
  memory.attached_owner_id = owner->id;
  memory.attached_process_id = owner->process_id;
  memory.attached_mtu = 0;
}

bool HasAddress(PodTurn* turn) {
  StepContext& context = turn->context;
  if (turn->pod.spec.host_network) {
    turn->memory.address = context.host.host_ip;
    return true;
  }
  const Result<Cidr> subnet = Cidr::Parse(context.assignment.node_pod_cidr);
  if (!subnet.ok()) {
    AllWaitToBeMade(turn, "this host has no pod subnet yet");
    return false;
  }
  std::string& address = turn->memory.address;
  const Result<uint32_t> current = ParseIpv4(address);
  if (current.ok() && subnet->Contains(*current)) return true;
  const Result<std::string> allocated =
      AllocateAddress(*subnet, context.used_addresses, context.result.last_address);
  if (!allocated.ok()) {
    AllWaitToBeMade(turn, allocated.status().message());
    return false;
  }
  address = *allocated;
  context.used_addresses.insert(address);
  context.result.last_address = address;
  return true;
}

// What the host itself still lacks; Step asks for it.
std::string MissingOnHost(const StepContext& context) {
  if (!context.seen.prepared) {
    return "the host's network is being prepared. " + context.FailureOf("network");
  }
  return context.seen.network_listed ? "" : "the host's network is being looked at";
}

bool HostIsReady(PodTurn* turn, bool for_sandbox) {
  const StepContext& context = turn->context;
  std::string missing = MissingOnHost(context);
  if (missing.empty() && for_sandbox && context.seen.pause_image_id.empty()) {
    missing = "the sandbox's image is being loaded. " + context.FailureOf("pause");
  }
  if (missing.empty()) return true;
  AllWaitToBeMade(turn, missing);
  return false;
}

bool FilesAreWritten(PodTurn* turn) {
  PodSeen& memory = turn->memory;
  if (memory.files_address == memory.address) return true;
  const std::string key = turn->Key("files");
  AllWaitToBeMade(turn, turn->context.FailureOf(key));
  turn->Add(key, "the pod's hosts, hostname and resolv.conf are to be written",
            WritePodFiles{turn->uid(), HostnameOf(turn->pod), memory.address,
                          HostAliasLines(turn->pod.spec), PodDnsOf(turn->pod),
                          ClusterDnsOf(turn->context.assignment)});
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
      turn->Stop(*container, "its sandbox is gone",
                 turn->pod.spec.termination_grace_period_seconds);
    }
  }
  for (const ContainerInfo* sandbox : turn->containers.sandboxes) {
    gone = false;
    if (turn->context.IsBusy(SandboxKey(*turn))) continue;
    turn->Add(RemoveKey(sandbox->id), "the sandbox does not run", RemoveContainerOp{sandbox->id});
  }
  if (!turn->context.seen.attached_addresses.contains(turn->memory.address)) {
    turn->memory.attached_owner_id.clear();
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

void MakeSandbox(PodTurn* turn) {
  ContainerMemory& memory = turn->memory.memory[std::string(kSandboxContainer)];
  AllWaitToBeMade(turn, turn->context.FailureOf(SandboxKey(*turn)));
  if (!HostIsReady(turn, true) || !OldSandboxIsGone(turn) || !HasAddress(turn)) return;
  if (turn->context.now.mono < memory.restart_at) {
    turn->context.WakeAt(memory.restart_at);
    return AllWaitToBeMade(turn, "the pod's sandbox ends again and again; waiting " +
                                     FormatAge(memory.backoff_ms) + " before the next");
  }
  if (!FilesAreWritten(turn)) return;
  const SandboxBasis basis = {turn->context.seen.pause_image_id,
                              turn->memory.address,
                              memory.attempt + 1,
                              memory.backoff_steps,
                              turn->memory.start_time.value_or(turn->context.now.wall),
                              EndedContainers(*turn),
                              turn->memory.has_resolver};
  turn->Add(
      SandboxKey(*turn),
      basis.attempt == 0 ? "the pod is to run"
                         : "Pod sandbox changed, it will be killed and re-created.",
      RunSandbox{turn->uid(), basis.attempt,
                 MakeSandboxConfig(turn->context.assignment.fence.cluster_id, turn->pod, basis)});
}

bool Starts(const PodTurn& turn, const Container& container) {
  return LiveOf(turn.Of(container.name)) == nullptr && WantsToRun(turn, container);
}

bool AnyStarts(const PodTurn& turn) {
  const auto all = AllContainersOf(turn.pod.spec);
  return std::any_of(all.begin(), all.end(), [&](const Container* c) { return Starts(turn, *c); });
}

// Images come while the sandbox is being made; those that are due after an init container later.
void AskForImages(PodTurn* turn) {
  for (const Container* container : AllContainersOf(turn->pod.spec)) {
    if (!Starts(*turn, *container)) continue;
    std::string image_id;
    (void)NeedImage(turn, *container, &image_id);
    if (IsInit(turn->pod.spec, *container)) return;
  }
}

// What nothing restarts stays ended when its sandbox is lost.
bool NeverRestarts(const PodSpec& spec) {
  return std::all_of(spec.containers.begin(), spec.containers.end(), [&](const Container& c) {
    return RestartPolicyOf(spec, c) == RestartPolicy::kNever;
  });
}

void RemoveOtherSandboxes(PodTurn* turn, const ContainerInfo& keep) {
  if (turn->context.IsBusy(SandboxKey(*turn))) return;
  for (const ContainerInfo* sandbox : turn->containers.sandboxes) {
    if (sandbox == &keep) continue;
    turn->Add(RemoveKey(sandbox->id), "the pod has a newer sandbox",
              RemoveContainerOp{sandbox->id});
  }
}

// Somebody started it again by hand: another namespace, that nobody has looked at.
bool IsAnotherProcess(const ContainerInfo& owner, PodSeen* memory) {
  if (memory->attached_process_id == 0) memory->attached_process_id = owner.process_id;
  return owner.process_id != 0 && owner.process_id != memory->attached_process_id;
}

void Attach(PodTurn* turn, const ContainerInfo& owner, const std::string& why) {
  PodAttachment attachment = {turn->uid(), owner.process_id, turn->memory.address};
  for (const auto& [name, value] : SysctlsOf(turn->pod.spec)) {
    attachment.own_settings.push_back(name);
  }
  if (!IsSandbox(owner)) attachment.waits_as = kStartProgramPath;
  turn->Add(NetworkKey(*turn), why, AttachNetwork{std::move(attachment), owner.id});
}

// What is attached is attached again, which changes nothing where all is there; the pod runs on.
// - Where the host's network has got another MTU, since its own or the back end is another.
// - Once where an earlier run of the agent did it: maybe with another MTU, and of a container that
//   needs no sandbox maybe not to the last step, or for the one before it.
void KeepAttachment(PodTurn* turn, const ContainerInfo& owner) {
  const std::optional<HostNetworkConfig>& prepared = turn->context.seen.prepared;
  const int attached_mtu = turn->memory.attached_mtu;
  if (!prepared || attached_mtu == prepared->mtu || owner.process_id == 0) return;
  Attach(turn, owner,
         attached_mtu == 0 ? "an earlier run of the agent has attached it"
                           : "the MTU of the host's network is another");
}

// True when there is a process to attach; else the container goes.
bool HasProcess(PodTurn* turn, const ContainerInfo& owner) {
  if (owner.awaits_inspection) return false;
  const std::string what = IsSandbox(owner) ? "the sandbox" : "the container";
  if (owner.process_id == 0) {
    turn->Add(RemoveKey(owner.id), "the engine does not tell the process of " + what,
              RemoveContainerOp{owner.id});
  } else if (turn->memory.address.empty()) {  // its label is gone: nothing can be attached to it
    turn->Add(RemoveKey(owner.id), what + " has no address", RemoveContainerOp{owner.id});
  } else {
    return true;
  }
  return false;
}

// Nothing is started in a sandbox of which this is false: it has no network.
bool SandboxIsAttached(PodTurn* turn, const ContainerInfo& sandbox) {
  PodSeen& memory = turn->memory;
  if (turn->pod.spec.host_network) {
    memory.address = turn->context.host.host_ip;  // which may be another by now
    return true;
  }
  const bool has_address = turn->context.seen.attached_addresses.contains(memory.address);
  if (has_address && memory.attached_owner_id == sandbox.id) {
    if (!IsAnotherProcess(sandbox, &memory)) {
      KeepAttachment(turn, sandbox);
      return true;
    }
    AllWaitToBeMade(turn, "the pod's sandbox was started again by hand");
    turn->Add(RemoveKey(sandbox.id), "the sandbox was started again by hand",
              RemoveContainerOp{sandbox.id});
    return false;
  }
  AllWaitToBeMade(turn, turn->context.FailureOf(NetworkKey(*turn)));
  if (!HostIsReady(turn, true) || !HasProcess(turn, sandbox)) return false;
  if (has_address) {
    turn->Add(NetworkKey(*turn), "the address belongs to an earlier sandbox",
              DetachNetwork{turn->uid(), memory.address});
  } else {
    Attach(turn, sandbox, "the sandbox has no network");
  }
  return false;
}

// The program of a container that owns the pod's network waits in it until this has been done; also
// in a namespace that is new because somebody started the container again by hand. What is left of
// an earlier container's attachment makes way.
void AttachOwner(PodTurn* turn, const ContainerInfo& owner) {
  PodSeen& memory = turn->memory;
  const bool attached = turn->context.seen.attached_addresses.contains(memory.address) &&
                        memory.attached_owner_id == owner.id && !IsAnotherProcess(owner, &memory);
  if (attached) return KeepAttachment(turn, owner);
  // A restarted agent believes that it is, until it has looked.
  if (!turn->context.seen.network_listed && memory.attached_owner_id.empty()) return;
  const std::string missing = MissingOnHost(turn->context);
  AllWaitToBeMade(turn, missing.empty() ? turn->context.FailureOf(NetworkKey(*turn)) : missing);
  if (!missing.empty() || !HasProcess(turn, owner)) return;
  Attach(turn, owner, "the container has no network");
}

// All at once, but for those that come after one whose postStart hook has to end first.
void StartInTurn(PodTurn* turn, const ContainerInfo& sandbox) {
  std::string held;  // by this one
  for (const Container& container : turn->pod.spec.containers) {
    if (!held.empty() && Starts(*turn, container)) {
      turn->waiting[container.name] = {
          std::string(CreatingReason(turn->pod.spec)),
          "the postStart hook of container " + held + " has to end before"};
      continue;
    }
    StepContainer(turn, container, &sandbox);
    if (held.empty() && HoldsLaterOnes(*turn, container)) held = container.name;
  }
}

void StartInSandbox(PodTurn* turn) {
  const auto& containers = turn->pod.spec.containers;
  const ContainerInfo* sandbox = LiveOf(turn->containers.sandboxes);
  if (sandbox == nullptr) {
    const bool only_live = std::none_of(containers.begin(), containers.end(),
                                        [&](const Container& c) { return Starts(*turn, c); });
    if (only_live && NeverRestarts(turn->pod.spec)) {
      (void)OldSandboxIsGone(turn);
      return;
    }
    MakeSandbox(turn);
    return AskForImages(turn);
  }
  RemoveOtherSandboxes(turn, *sandbox);
  if (!SandboxIsAttached(turn, *sandbox)) return AskForImages(turn);
  if (AnyStarts(*turn) && !FilesAreWritten(turn)) return;
  if (!StepInits(turn, *sandbox)) return;
  StartInTurn(turn, *sandbox);
}

void StartAlone(PodTurn* turn) {
  const Container& container = turn->pod.spec.containers.front();
  const ContainerInfo* live = LiveOf(turn->Of(container.name));
  for (const ContainerInfo* sandbox : turn->containers.sandboxes) {
    turn->Add(RemoveKey(sandbox->id), "the container has a network of its own",
              RemoveContainerOp{sandbox->id});
  }
  if (live != nullptr) {
    AttachOwner(turn, *live);
  } else if (!HostIsReady(turn, false) || !HasAddress(turn) || !FilesAreWritten(turn)) {
    return AskForImages(turn);
  }
  StepContainer(turn, container, nullptr);
}

// What FieldsNotHonoured names is not run without. The controller places no such pod; this is for
// one that a controller of another version placed. What runs already is left alone.
bool IsRefused(PodTurn* turn) {
  if (!AnyStarts(*turn) && LiveOf(turn->containers.owners) != nullptr) return false;
  const std::vector<std::string> fields = FieldsNotHonoured(turn->pod.spec);
  if (fields.empty()) return false;
  const std::string message = NotHonouredMessage(fields);
  AllWait(turn, std::string(kUnsupportedFields), message);
  turn->Announce("unsupported/" + message, EventType::kWarning, std::string(kUnsupportedFields),
                 message, &turn->memory.memory[std::string(kSandboxContainer)]);
  return true;
}

}  // namespace

bool NeedsSandbox(const PodTurn& turn) {
  const auto& containers = turn.pod.spec.containers;
  if (containers.size() != 1 || turn.pod.spec.host_network) return true;
  if (!turn.pod.spec.init_containers.empty()) return true;  // they share its network
  const ContainerInfo* live = LiveOf(turn.Of(containers.front().name));
  if (live != nullptr) return !OwnsNetwork(*live);
  if (SharesProcesses(turn.pod.spec)) return true;  // process 1 is the sandbox's
  return !turn.containers.sandboxes.empty() || turn.context.host.start_program_path.empty();
}

void Remember(PodTurn* turn) {
  PodSeen& memory = turn->memory;
  const Now now = turn->context.now;
  const ContainerInfo* sandbox = LiveOf(turn->containers.sandboxes);
  for (const Container* each : AllContainersOf(turn->pod.spec)) {
    const Container& container = *each;
    ContainerMemory& of = memory.memory[container.name];
    const ContainerInfo* dead = NewestDeadOf(turn->Of(container.name));
    const bool lost = dead != nullptr && !OwnsNetwork(*dead) &&
                      (sandbox == nullptr || IsOfOtherSandbox(*dead, sandbox));
    RememberAttempts(turn->Of(container.name), CrashBackoffMs, lost, now, &of);
    const bool changed = dead != nullptr && !SameSpec(LabelOf(*dead, kLabelSpecHash), container);
    if (changed) of.backoff_steps = 0;  // another program: its crashes are its own
    if (dead != nullptr && EndCounts(*turn, container, *dead)) of.ended_attempt = AttemptOf(*dead);
  }
  ContainerMemory& of_sandbox = memory.memory[std::string(kSandboxContainer)];
  RememberAttempts(turn->containers.sandboxes, SandboxBackoffMs, false, now, &of_sandbox);
  of_sandbox.attempt = std::max(of_sandbox.attempt, NewestJoined(turn->containers));
  if (!memory.start_time) memory.start_time = StartTimeOf(turn->containers, now.wall);
  const auto& owners = turn->containers.owners;
  const bool gave_it_back = memory.terminal && turn->containers.sandboxes.empty();
  if (memory.address.empty() && !owners.empty() && !gave_it_back) {
    memory.address = LabelOf(*owners.front(), kLabelAddress);
  }
  RememberInits(turn);
  RememberPostStarts(turn);
  AdoptAttachment(turn);
}

void StartPod(PodTurn* turn) {
  if (turn->memory.terminal) {
    ReleaseContainers(turn);
    ReleaseVolumes(turn);
    return ReleaseNetwork(turn);
  }
  if (StopEvicted(turn)) return;
  if (IsPastDeadline(turn)) return StopAtDeadline(turn);
  CleanUp(turn);
  const auto& containers = turn->pod.spec.containers;
  const bool wanted = std::any_of(containers.begin(), containers.end(),
                                  [&](const Container& c) { return WantsToRun(*turn, c); });
  if (!wanted) {
    if (!StopSidecars(turn)) ReleaseNetwork(turn);
    return;
  }
  if (IsRefused(turn)) return;
  KeepVolumes(turn);
  NeedsSandbox(*turn) ? StartInSandbox(turn) : StartAlone(turn);
}

}  // namespace reconcile
