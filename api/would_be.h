#pragma once

#include "api/refusal.h"
#include "schema/cluster_state.h"

namespace reconcile {

// PURE. What an object would be if `written` was committed as its manifest: checked, with defaults
// and what controllers keep on it, as the loader and the first turn have it. `before` is what is
// there, or null. Null when it would be refused, with `*refusal`: 422 with a cause for each field.
ObjectPtr WouldBe(const ObjectKey& key, const ObjectPtr& before, Value written,
                  const ClusterState& state, WallTime now, Refusal* refusal);

}  // namespace reconcile
