#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/step.h"

namespace reconcile {

// Labels of the agent's own, besides those of runtime/container_runtime.h: what it needs to carry
// on after it forgot everything.
inline constexpr std::string_view kLabelPodStart = "dev.reconcile.pod-start";   // wall, ms
inline constexpr std::string_view kLabelGrace = "dev.reconcile.grace-seconds";  // the pod's
inline constexpr std::string_view kLabelSandbox = "dev.reconcile.sandbox";      // its attempt
inline constexpr std::string_view kLabelCrashes = "dev.reconcile.crashes";      // before it
// On sidecars: their place among the pod's initContainers. They stop in reverse order.
inline constexpr std::string_view kLabelSidecar = "dev.reconcile.sidecar";
// On containers that have one: their preStop hook, as WriteHook has it. References in its command
// are replaced already.
inline constexpr std::string_view kLabelPreStop = "dev.reconcile.pre-stop";
// On the sandbox: names of containers that were done before it was made, by ','.
inline constexpr std::string_view kLabelEnded = "dev.reconcile.ended";

// The label's value, or "".
const std::string& LabelOf(const ContainerInfo& container, std::string_view label);
// The label's number, or `fallback` when it is absent or no number.
int64_t NumberLabelOf(const ContainerInfo& container, std::string_view label, int64_t fallback);
int32_t AttemptOf(const ContainerInfo& container);  // -1 without the label
int32_t CrashesOf(const ContainerInfo& container);  // 0 without the label

// Running or paused.
bool IsLive(const ContainerInfo& container);
// It ran and ended, or could not be started: nothing more will come of it.
bool IsDead(const ContainerInfo& container);
// Created, and nobody has tried to start it.
bool IsUnstarted(const ContainerInfo& container);

bool IsSandbox(const ContainerInfo& container);
// The pod's network namespace is this container's: a sandbox's, or that of a pod's only container.
// Its label has the pod's address.
bool OwnsNetwork(const ContainerInfo& container);
// It joined an earlier sandbox of the pod. False where `sandbox` is null, or the container's label
// does not say.
bool IsOfOtherSandbox(const ContainerInfo& container, const ContainerInfo* sandbox);

// Containers of one pod, as the engine has them. Pointers into Seen::containers.
struct PodContainers {
  std::vector<const ContainerInfo*> sandboxes;                       // newest attempt first
  std::map<std::string, std::vector<const ContainerInfo*>> by_name;  // each newest attempt first
  // Those that own its network, or did: sandboxes first, each kind newest attempt first.
  std::vector<const ContainerInfo*> owners;
  bool empty() const { return sandboxes.empty() && by_name.empty(); }
};
// By pod uid. Containers without a pod's label are left out: nobody knows what they are.
std::map<std::string, PodContainers> GroupByPod(const Seen& seen);

// Of one container name, newest first as above. nullptr when there is none.
const ContainerInfo* NewestOf(const std::vector<const ContainerInfo*>& containers);
const ContainerInfo* LiveOf(const std::vector<const ContainerInfo*>& containers);
const ContainerInfo* NewestDeadOf(const std::vector<const ContainerInfo*>& containers);
// The dead one before `container`.
const ContainerInfo* DeadBefore(const std::vector<const ContainerInfo*>& containers,
                                const ContainerInfo* container);

}  // namespace reconcile
