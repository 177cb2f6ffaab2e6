#pragma once

#include <string>

#include "base/value.h"
#include "schema/cluster_state.h"

namespace reconcile {

// Of which objects a tree is asked: of one, or of all sources when it names none.
struct TreeQuery {
  std::string kind;  // any word for it
  std::string name;
  std::string namespace_name;  // "" is all, of sources' objects
};

// PURE. {"items": [{"kind", "namespace", "name", "why": why it is not healthy, "" when it is,
// "node" of a pod, "missing": true of what is not there, "children": [...]}]}: who owns what.
// Children of a Source are what it declares; Events, Endpoints and their slices and Leases are left
// out. Invalid when the kind is not known, NotFound when there is no such object.
Result<Value> EncodeTrees(const ClusterState& state, const TreeQuery& query);

}  // namespace reconcile
