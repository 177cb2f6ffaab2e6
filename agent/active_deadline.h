#pragma once

#include "agent/pod_turn.h"

namespace reconcile {

// activeDeadlineSeconds (SEMANTICS 8.3): counts from the pod's start time, a stamp, so that a
// restart of the agent or of the engine gives no further time; while the agent runs a clock that is
// set does not count. Source: Kubernetes pkg/kubelet/active_deadline.go.
inline constexpr char kDeadlineExceeded[] = "DeadlineExceeded";

// PURE. True when the pod's time is up. False for one whose containers had all ended for good
// before: how they ended is the pod's end then. Else it sees to it that the pod is looked at in
// time.
bool IsPastDeadline(PodTurn* turn);
// Of a pod of which that is true: tells of it and stops what runs, in the pod's grace period.
void StopAtDeadline(PodTurn* turn);
// Likewise: once nothing runs and nothing is under way, the pod is Failed.
void FailAtDeadline(const PodTurn& turn, PodStatus* status);

}  // namespace reconcile
