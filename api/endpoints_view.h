#pragma once

#include <map>
#include <vector>

#include "schema/cluster_state.h"
#include "store/store.h"

namespace reconcile {

// What people and tools see of a kind: what is in the model; of Endpoints, also one for each
// Service that has none of its own, made of its EndpointSlices.
ObjectMap ObjectsInView(Kind kind, const ClusterState& state);
ObjectPtr FindInView(const ObjectKey& key, const ClusterState& state);

// The Endpoints that changes may have an effect on, whether they are stored or made, each with the
// revision of the last of these changes. No two have the same: of a slice's two Services the one
// that it left has the number before its own, which the store leaves free
// (store/prepared_commit.h).
std::map<ObjectKey, Revision> TouchedEndpoints(const std::vector<Change>& changes);

}  // namespace reconcile
