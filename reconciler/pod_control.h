#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/turn.h"
#include "schema/workload.h"

namespace reconcile {

using PodPtr = std::shared_ptr<const Pod>;

// Starts a pod's removal. One that a host has gets its deletion stamp and goes when the host's
// agent says so; one that no host has, or whose node is not in the model, goes at once. Nothing
// happens to one that is going already. Source: SEMANTICS 8.7.
void RemovePod(Turn* turn, const Pod& pod);
// Whether one that is removed waits for its host to say so.
bool IsHosted(const Pod& pod, const ClusterState& state);
// The pod with its deletion stamp, `grace_seconds` (within bounds) from now.
std::shared_ptr<Pod> Going(const Pod& pod, int64_t grace_seconds, WallTime now);

// Creates the next pod of a controller: its name and uid derive from the owner's uid and
// `incarnation`, which grows past every name that is taken. Returns the pod.
PodPtr CreatePod(Turn* turn, const Object& owner, const PodTemplateSpec& pod_template,
                 int64_t* incarnation);

// What a pod is created with whoever creates it: creation stamp, phase, QoS class.
void PreparePod(Pod* pod, WallTime now);

OwnerReference ControllerReference(const Object& owner);

// The pods that a controller with this selector owns, after adopting matching ones that nobody owns
// and releasing owned ones that match no more (SEMANTICS 1.3). Pods that Git declares are never
// adopted: Git would put back what a scale-down removed. Terminal and going ones included.
// `component` says so in Events.
std::vector<PodPtr> ClaimPods(Turn* turn, const Object& owner,
                              const std::function<bool(const StringMap&)>& matches,
                              const std::string& component);

// Events about an object that a controller takes as its own, or lets go (SEMANTICS 1.3).
void SayAdopted(Turn* turn, const Object& owner, const Object& object,
                const std::string& component);
void SayReleased(Turn* turn, const Object& owner, const Object& object,
                 const std::string& component);

// Ready for at least `min_ready_seconds` (SEMANTICS 1.7); else *remaining_ms says how long a Ready
// pod still needs.
bool IsAvailable(const Pod& pod, int32_t min_ready_seconds, WallTime now, int64_t* remaining_ms);

// `count` of `pods` (all active) in the order of removal, as Kubernetes has it (SEMANTICS 3.2).
// `siblings` are the active pods of the whole Deployment. Two things to know:
// - Ready pods whose ready ages fall into one log2 bucket go by uid; restarts and creation order
//   pods that are not Ready. (Kubernetes goes on to restarts for stamps equal to the nanosecond,
//   which is no order: three pods can each come before the next.)
// - As there, minReadySeconds does not count: a pod that is Ready and not yet available may stay
//   for one that is available, when its deletion cost, its node or its age says so.
std::vector<PodPtr> ChooseVictims(std::vector<PodPtr> pods, const std::vector<PodPtr>& siblings,
                                  size_t count, WallTime now);

}  // namespace reconcile
