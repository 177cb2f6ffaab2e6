#pragma once

#include "agent/pod_turn.h"

// Internal to Step, PURE: initContainers (SEMANTICS 9). Init containers run one after another, each
// to success, before the others start; a sidecar among them stays and counts once it has started.
// All of them run anew in a new sandbox.

namespace reconcile {

// Whether a container of the pod is one of its initContainers.
bool IsInit(const PodSpec& spec, const Container& container);
// A container's own policy; else the pod's. What must succeed once is not run again after that.
RestartPolicy RestartPolicyOf(const PodSpec& spec, const Container& container);

// Puts into memory which of them are done in which sandbox, as labels tell it: a container that
// came later in the same sandbox proves those before it.
void RememberInits(PodTurn* turn);
// Whether it has succeeded in the sandbox that lives.
bool IsDone(const PodTurn& turn, const Container& init);
// Whether the sandbox that lives is past them.
bool IsInitialized(const PodTurn& turn);
// One of them has failed for good: nothing else of the pod starts.
bool HasFailedInit(const PodTurn& turn);
// WantsToRun of one that does not run.
bool InitWantsToRun(const PodTurn& turn, const Container& init);
// Whether the next may start beside this sidecar.
bool HasStarted(const PodTurn& turn, const Container& sidecar);

// Starts what is due in the sandbox. True when the other containers may start.
bool StepInits(PodTurn* turn, const ContainerInfo& sandbox);
// Of a pod that is being stopped: its sidecars are restarted until it is their turn to stop.
void KeepSidecars(PodTurn* turn);
// Of a pod whose other containers are done: stops its sidecars, the last first. True while one
// runs.
bool StopSidecars(PodTurn* turn);

// The condition Initialized, without times.
Condition InitializedCondition(const PodTurn& turn, const PodStatus& status);

}  // namespace reconcile
