#pragma once

#include "schema/cluster_state.h"

namespace reconcile {

// What people and tools see of a kind: what is in the model; of Endpoints, also one for each
// Service that has none of its own, made of its EndpointSlices.
ObjectMap ObjectsInView(Kind kind, const ClusterState& state);
ObjectPtr FindInView(const ObjectKey& key, const ClusterState& state);

}  // namespace reconcile
