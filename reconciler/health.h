#pragma once

#include <string>

#include "schema/cluster_state.h"

namespace reconcile {

// The one judgement of how objects are: the page, `tree`, `status`, waves and sources that wait for
// each other all rest on it. PURE; `state` tells of what the object itself does not: a Pod's host.

// Why an object of the model is not what it is to be, for a person: "0 of 1 pods are ready", "being
// stopped". Empty when it is healthy: a Deployment whose rollout is complete, a
// ReplicationController or ReplicaSet with all its pods ready, a Pod that is ready or has
// succeeded, a Namespace that is open, a Node that is ready and short of nothing, a Source that is
// applied, anything else that is there.
std::string WhyUnhealthy(const Object& object, const ClusterState& state);
// The same for people: of a pod that runs and is not ready, what its last failed probe said, which
// its Events tell.
std::string WhyUnhealthyInWords(const Object& object, const ClusterState& state);
// What keeps those waiting that come after it. Not a Node: what is declared of it is said of the
// other hosts' pods too, and no commit brings a host back.
std::string WhyUnfinished(const Object& object, const ClusterState& state);

// "1 of 3 pods are ready", which is all that WhyUnhealthy says of some.
std::string PodsReadyText(int32_t ready, int32_t wanted);
// Whether nobody knows how it is: its host is silent.
bool IsUnknown(const Pod& pod, const ClusterState& state);

}  // namespace reconcile
