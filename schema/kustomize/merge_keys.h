#pragma once

#include <string_view>
#include <vector>

namespace reconcile::kustomize {

// How a strategic merge patch treats a list.
struct ListMerge {
  bool merges = false;                 // else the patch's list replaces the object's
  std::vector<std::string_view> keys;  // that tell elements apart; none for a list of scalars
};

// Of the list in field `field` of what stands in field `parent` ("" at the top) of an object of
// group `group`. Source: patchStrategy and patchMergeKey in Kubernetes' API types; where a list has
// several map keys, these. Lists of custom resources are always replaced.
ListMerge MergeOfList(std::string_view group, std::string_view parent, std::string_view field);

}  // namespace reconcile::kustomize
