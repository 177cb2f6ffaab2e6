#pragma once

#include "base/time.h"
#include "reconciler/desired.h"
#include "reconciler/preview.h"
#include "reconciler/scheduler/scheduler.h"
#include "schema/cluster_state.h"

namespace reconcile {

// PURE. What a plan says of a commit comes true: goes on from `state`, which the turn left that
// began to carry out `changes`, as a preview does, and returns where it has the pods that are
// placed later. The controller follows that whatever the pace of hosts, which would else decide
// where pods go: a pod that is still going counts on its host. As in PreviewChanges, `settled` may
// be null, and is used up.
//
// Nothing but the choice among hosts that can take a pod rests on it; without it the scores choose.
Foreseen ForeseeHosts(const ClusterState& state, const ObjectChanges& changes, Now now,
                      const PreviewLimits& limits = {}, Settled* settled = nullptr);

}  // namespace reconcile
