#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/containers.h"
#include "agent/env.h"
#include "agent/pod_volumes.h"
#include "agent/step.h"

namespace reconcile {

// Collects what one Step decides. Internal to Step.
class StepContext {
 public:
  StepContext(const Assignment& assignment_in, const Seen& seen_in, const HostFacts& host_in,
              Now now_in);

  // Adds the operation unless its like is under way or waits after a failure. Asking for it is
  // enough: what is under way ends as a change of Seen.
  void Add(Operation operation);
  void WakeAt(MonoTime time);
  void ProbesAt(MonoTime time);
  bool IsBusy(const std::string& key) const { return seen.busy.contains(key); }
  // Something is under way for this pod.
  bool IsPodBusy(const std::string& pod_uid) const;
  // Why this operation failed the last time; "" when it did not.
  std::string FailureOf(const std::string& key) const;

  const Assignment& assignment;
  const Seen& seen;
  const HostFacts& host;
  const Now now;
  StepResult result;
  std::set<std::string> used_addresses;  // of this host's pods
  ContentHashes content_hashes;          // of what volumes are made from
};

// That a container is to be stopped. It is decided anew in every step for as long as it is wanted;
// CarryOutStops does what is due for it.
struct StopDecision {
  const ContainerInfo* container = nullptr;
  std::string reason;         // for a person
  int64_t grace_ms = 0;       // from now to the kill
  bool signals = true;        // false: its preStop hook runs, and its stop signal waits
  int64_t least_seconds = 0;  // from its stop signal to the kill
};

// One pod's turn in a Step.
struct PodTurn {
  StepContext& context;
  const Pod& pod;
  const PodContainers& containers;
  PodSeen& memory;
  std::map<std::string, ContainerStateWaiting> waiting;  // why a container does not run, by name
  std::vector<StopDecision> stops;

  const std::string& uid() const { return pod.metadata.uid; }
  std::string Key(std::string_view what) const { return PodKeyPrefix(uid()) + std::string(what); }
  const std::vector<const ContainerInfo*>& Of(const std::string& container) const;
  // Adds an operation for this pod.
  template <typename Action>
  void Add(std::string key, std::string reason, Action action) {
    context.Add({std::move(key), std::move(reason), std::move(action), pod.metadata.namespace_name,
                 pod.metadata.name, uid()});
  }
  // Decides that a container is to be stopped.
  void Stop(const ContainerInfo& container, std::string reason, int64_t grace_seconds) {
    stops.push_back({&container, std::move(reason), grace_seconds * 1000});
  }
  // What operations and events of this pod are named by.
  Operation Named() const;
  // Says something once for each occurrence, which `announced` names.
  void Announce(const std::string& occurrence, EventType type, const std::string& reason,
                const std::string& message, ContainerMemory* of);
};

// Why a container waits that is being made, as `kubectl` tells it.
inline constexpr std::string_view kPodInitializing = "PodInitializing";
inline std::string_view CreatingReason(const PodSpec& spec) {
  return spec.init_containers.empty() ? "ContainerCreating" : kPodInitializing;
}

std::string StopKey(const std::string& container_id);
std::string HookKey(const std::string& container_id, HookKind kind);
std::string RemoveKey(const std::string& container_id);

// ---- pod_start.cc ----
// A pod that is to run: everything from the first file to the last restart.
void StartPod(PodTurn* turn);
// False for a pod of one container that waits for its network by itself, and owns it.
bool NeedsSandbox(const PodTurn& turn);
// Puts what the containers' labels say into memory: attempts, ends, address, start time.
void Remember(PodTurn* turn);

// ---- container_start.cc ----
// `sandbox` is null for a container that owns the pod's network.
void StepContainer(PodTurn* turn, const Container& container, const ContainerInfo* sandbox);
// Whether the end of `dead` says anything of its program: not when it was of another spec or went
// with its sandbox, for then it may have been stopped by us. Also after a restart of the agent, by
// labels and times; what they leave open does not count, and the container runs again.
bool EndCounts(const PodTurn& turn, const Container& container, const ContainerInfo& dead);
// False when it is done for good: it ended, and its policy does not restart it.
bool WantsToRun(const PodTurn& turn, const Container& container);
// Stops doubles, removes what never started and dead ones older than the last.
void CleanUp(PodTurn* turn);

// ---- volume_step.cc ----
// Asks for the volumes that are not there, or were made from something else by now, also while
// containers run.
void KeepVolumes(PodTurn* turn);
// Why a container of the pod has to wait for its volumes; nothing when they are there. All are
// waited for, as in Kubernetes.
std::optional<ContainerStateWaiting> NeedVolumes(PodTurn* turn);
// Adds the container's volumeMounts to what is run; `env` is for subPathExpr. Invalid says which
// has no place.
Status AddMounts(const PodTurn& turn, const Container& container, const EnvList& env,
                 RunContainer* run);
// Of a pod that is done: takes its volumes away.
void ReleaseVolumes(PodTurn* turn);
// What variables and files of the pod come from.
EnvSources SourcesOf(const PodTurn& turn);

// ---- pod_eviction.cc ----
bool AnyLive(const PodTurn& turn);
// Stops every container of the pod that runs; it stays, and ends.
void StopAll(PodTurn* turn, const std::string& reason, int64_t grace_seconds);
// True while an evicted pod ends: nothing of it is started.
bool StopEvicted(PodTurn* turn);
// Whether what else tells of the end of a pod that is done may go. That of an evicted pod does in
// any case: on a full disk nothing can be written before something goes.
bool EndIsKept(const PodTurn& turn);
// The status of a pod that was evicted and has ended.
void EndEvicted(const PodTurn& turn, PodStatus* status);

// ---- images.cc ----
// Asks for the container's image; why it has to wait, or nothing and the image's id.
std::optional<ContainerStateWaiting> NeedImage(PodTurn* turn, const Container& container,
                                               std::string* image_id);

// ---- probe_step.cc ----
// Of every container of the pod that runs: asks for the probes that are due, and for the stop of
// one whose program failed for good.
void StepProbes(PodTurn* turn);
struct ProgramHealth {
  bool started = true;
  bool ready = true;
};
// What the probes of the container say of the program that runs as `live`.
ProgramHealth HealthOf(const Container& container, const ContainerMemory& memory,
                       const ContainerInfo& live);
// When the last of the containers with probes or postStart hooks became ready, or ceased to be.
std::optional<WallTime> HealthChangedAt(const PodTurn& turn);

// ---- container_stop.cc ----
// The one room in which running containers are stopped. Each that has a preStop hook runs it first,
// within its grace period; the stop signal follows when the hook has ended or the time is over,
// with at least kLeastGraceAfterHookSeconds (SEMANTICS 8.7). A grace period of 0 runs no hook. What
// the hook is, the container's label says: the pod itself may be unknown. `named` names the pod.
void CarryOutStops(StepContext* context, const Operation& named, const PodContainers& containers,
                   const std::vector<StopDecision>& decisions, PodSeen* memory);

// ---- post_start.cc ----
// Puts into memory what an earlier run of the agent knew of hooks.
void RememberPostStarts(PodTurn* turn);
// Of a container that runs as `live`: runs its postStart hook, and decides to stop it when that has
// failed. Until it has ended the container waits, as one that does not run yet (SEMANTICS 8.8).
void StepPostStart(PodTurn* turn, const Container& container, const ContainerInfo& live);
// Whether it has no postStart hook, or that has ended well.
bool IsPastPostStart(const Container& container, const ContainerMemory& memory,
                     const ContainerInfo& live);
// Whether those after it in the list wait for it, as upstream, where containers start one after
// another: while it starts and has a postStart hook, but not while it fails to.
bool HoldsLaterOnes(const PodTurn& turn, const Container& container);

// ---- pod_stop.cc ----
// What stops next: all that are no sidecars, then the sidecars one by one, the last first; when
// the time is over, everything (SEMANTICS 9.3). By labels: the pod itself may be unknown.
std::vector<const ContainerInfo*> NextToStop(const PodContainers& containers, bool time_is_over);
// Decides to stop what runs, in that order: hooks begin with all at once, signals wait for their
// turn. Without a reason that is the usual one.
void StopInOrder(const PodContainers& containers, const std::string& reason, int64_t grace_ms,
                 bool time_is_over, std::vector<StopDecision>* stops);
// Stops and takes away everything of a pod. True when nothing is left.
bool TearDown(StepContext* context, const Operation& named, const PodContainers& containers,
              int64_t grace_seconds, PodSeen* memory, std::vector<StopDecision>* stops);
void StopPod(PodTurn* turn, bool* gone);
// Of a pod that is done: its dead containers stay for their logs, until the host is short of disk.
void ReleaseNetwork(PodTurn* turn);
void ReleaseContainers(PodTurn* turn);

// ---- sweep.cc ----
// Pods that run here and are not assigned: those in `may_remove` go.
void Sweep(StepContext* context, const std::map<std::string, PodContainers>& pods,
           const std::set<std::string>& may_remove);

// ---- start_times.cc ----
// Follows the pod's first start, if it is `new_here`, and says how it went once it is ready.
void WatchStart(PodTurn* turn, bool new_here, const PodStatus& status);

// ---- pod_status.cc ----
PodStatus BuildPodStatus(PodTurn* turn);

}  // namespace reconcile
