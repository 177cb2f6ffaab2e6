#pragma once

#include <optional>
#include <string>
#include <vector>

#include "link/messages.h"

namespace reconcile {

// PURE: what makes one assignment of a node the next one.
struct AssignmentDelta {
  // Fence and ranges as they are now; objects that are new or other than before; tombstones that
  // were added.
  Assignment changed;
  std::vector<std::string> removed_pods;  // keys, as link/list_delta.h writes them
  std::vector<std::string> removed_config_maps;
  std::vector<std::string> removed_secrets;
  std::vector<std::string> removed_nodes;
  std::vector<std::string> removed_services;
  std::vector<std::string> removed_endpoint_slices;
  std::vector<std::string> removed_namespaces;
  int64_t dropped_tombstones = 0;  // the oldest ones
};

// ApplyDelta(base, *MakeDelta(base, next)) is `next`. None when only the whole `next` can say it
// (lists that are not sorted).
std::optional<AssignmentDelta> MakeDelta(const Assignment& base, const Assignment& next);
// Invalid when the delta is not one of `base`.
Result<Assignment> ApplyDelta(const Assignment& base, const AssignmentDelta& delta);

Value EncodeDelta(const AssignmentDelta& delta);
Result<AssignmentDelta> DecodeAssignmentDelta(const Value& value);

}  // namespace reconcile
