#pragma once

#include <optional>
#include <set>
#include <string>

#include "agent/step.h"

namespace reconcile {

// What an agent obeys (DESIGN 5). All PURE.

// An assignment may stop this many pods without a word for each of them; of more, it may stop this
// share.
inline constexpr size_t kMaxUnexplainedStops = 3;
inline constexpr size_t kMaxUnexplainedStopPercent = 30;

// OK when `incoming` may be considered by an agent that took `newest` last (none: it has none yet).
// Conflict when it is older, Invalid when it is of another cluster, lineage or node.
Status CheckFence(const std::optional<Fence>& newest, const Assignment& incoming,
                  const std::string& node_name);

// Why `next` is not obeyed: it would stop too many pods that run here without a tombstone or a
// deletion timestamp for each. "" when it may be. `applied` is the assignment in force, or nullptr.
std::string HoldReason(const Assignment& next, const Assignment* applied, const Seen& seen);

// Pods here that the assignment in force does not have, and that may go; the same rule.
struct Removable {
  std::set<std::string> pod_uids;
  std::string held;  // why the others stay
};
Removable FindRemovable(const Assignment& applied, const Seen& seen);

}  // namespace reconcile
