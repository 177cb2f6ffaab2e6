#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "controller/controller.h"

namespace reconcile {

// PURE. What applying `input` as `source`'s newest commit to `state` would do: the controller's own
// functions, run forward. With `base`, to the cluster that `state` is after those were applied and
// all has come to rest; Invalid when they cannot be. The command line uses it offline, the
// controller for a running cluster.
Result<Controller::PlanAnswer> PlanManifestsAgainst(const ClusterState& state,
                                                    const std::string& source,
                                                    const Controller::PlanInput& input,
                                                    const Controller::PlanInput* base,
                                                    const BreakerLimits& limits, Now now);

// PURE. The same for what a commit was found to declare, without errors; the answer has the
// warnings about the changes alone.
Controller::PlanAnswer PlanDesired(const ClusterState& state, const DesiredState& desired,
                                   const std::vector<std::string>& confirmations,
                                   const BreakerLimits& limits, Now now);

// A state of `count` identical empty, Ready hosts named host-1 ... for planning without a cluster.
ClusterState EmptyCluster(int count, Quantity cpu, Quantity memory, Now now);

}  // namespace reconcile
