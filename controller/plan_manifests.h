#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "controller/controller.h"
#include "reconciler/desired_memory.h"
#include "reconciler/settled.h"
#include "schema/manifests.h"

namespace reconcile {

// What the controller found of its source's newest commit and left of its last turn: with it a plan
// takes the time of what differs. Nothing but time rests on it; `stop` says how much there is, as
// PreviewLimits has it. `files` and `settled` are used up.
struct PlanMemory {
  ManifestCache files;
  DesiredMemory* desired = nullptr;
  Settled settled;
  Parallel* parallel = nullptr;  // null: in turn
  const std::atomic<bool>* stop = nullptr;
};

// PURE. What applying `input` as `source`'s newest commit to `state` would do: the controller's own
// functions, run forward. With `base`, to the cluster that `state` is after those were applied and
// all has come to rest; Invalid when they cannot be. The command line uses it offline, the
// controller for a running cluster.
Result<Controller::PlanAnswer> PlanManifestsAgainst(const ClusterState& state,
                                                    const std::string& source,
                                                    const Controller::PlanInput& input,
                                                    const Controller::PlanInput* base,
                                                    const BreakerLimits& limits, Now now,
                                                    PlanMemory* memory = nullptr);

// PURE. The same for what a commit was found to declare, without errors; the answer has the
// warnings about the changes alone.
Controller::PlanAnswer PlanDesired(const ClusterState& state, const DesiredState& desired,
                                   const std::vector<std::string>& confirmations,
                                   const BreakerLimits& limits, Now now,
                                   const PreviewLimits& preview = {});

// PURE. Puts the model's Secrets in the place of those that were parsed, and warns of it: nothing
// that follows from them tells whether a value that somebody guessed is the right one.
void KeepSecrets(const ClusterState& state, ParsedManifests* parsed);

// A state of `count` identical empty, Ready hosts named host-1 ... for planning without a cluster,
// with the labels that an agent gives an amd64 host.
ClusterState EmptyCluster(int count, Quantity cpu, Quantity memory, Now now);

}  // namespace reconcile
