#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "controller/controller.h"

namespace reconcile {

// PURE. What applying `files` as `source`'s newest commit to `state` would do: the controller's own
// functions, run forward. `confirmations` are the commit's trailers, as FetchedCommit has them;
// `source_folder` is ManifestReading's. The
// command line uses it offline, the controller for a running cluster.
Controller::PlanAnswer PlanManifestsAgainst(const ClusterState& state, const std::string& source,
                                            const std::string& commit,
                                            const std::vector<ManifestFile>& files,
                                            const std::vector<std::string>& confirmations,
                                            const BreakerLimits& limits, Now now,
                                            const std::string& source_folder = "");

// A state of `count` identical empty, Ready hosts named host-1 ... for planning without a cluster.
ClusterState EmptyCluster(int count, Quantity cpu, Quantity memory, Now now);

}  // namespace reconcile
