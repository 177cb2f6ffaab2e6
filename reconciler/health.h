#pragma once

#include <string>

#include "schema/cluster_state.h"

namespace reconcile {

// PURE. Why an object of the model is not what it is to be, for a person: "0 of 1 pods are ready",
// "being stopped". Empty when it is healthy: a Deployment whose rollout is complete, a
// ReplicationController or ReplicaSet with all its pods ready, a Pod that is ready or has
// succeeded, a Namespace that is open, anything else that is there. `state` tells of a Pod's host.
std::string WhyUnhealthy(const Object& object, const ClusterState& state);
// The same for people: of a pod that runs and is not ready, what its last failed probe said, which
// its Events tell.
std::string WhyUnhealthyInWords(const Object& object, const ClusterState& state);

}  // namespace reconcile
