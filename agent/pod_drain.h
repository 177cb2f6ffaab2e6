#pragma once

#include "agent/pod_turn.h"

namespace reconcile {

// The longest that a pod which is an endpoint of a Service is waited with before it is told to
// stop, so that no host sends it new connections any more.
inline constexpr int64_t kMaxDrainMs = 2'000;

// PURE. True while a pod that is to be stopped goes on, because some host may still send it new
// connections: at most kMaxDrainMs and half of its grace period, which ends at `deadline`.
bool WaitsForDrain(PodTurn* turn, MonoTime deadline);

}  // namespace reconcile
