#pragma once

#include <optional>

#include "api/http.h"
#include "api/served_kinds.h"
#include "schema/cluster_state.h"

namespace reconcile {

// Whether objects of the kind have the subresource `scale`.
bool HasScale(Kind kind);
// GET, PUT and PATCH of `scale` (autoscaling/v1 Scale). PURE: how many replicas there are is Git's
// alone, so that changes are refused, but for dry runs.
ApiResponse HandleScale(const ResourcePath& path, const ApiRequest& request,
                        const ClusterState& state);

}  // namespace reconcile
