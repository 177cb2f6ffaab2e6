#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "agent/step.h"

namespace reconcile {

// What an agent obeys (DESIGN 5). All PURE.

// An assignment may stop this many pods without a word for each of them; of more, it may stop this
// share.
inline constexpr size_t kMaxUnexplainedStops = 3;
inline constexpr size_t kMaxUnexplainedStopPercent = 30;

// Whether the cluster's CA signed a text.
using VerifyProof = std::function<bool(std::string_view text, const std::string& proof)>;

// OK when `incoming` may be considered by an agent that took `newest` last (none: it has none yet).
// Conflict when it is older, Invalid when it is of another cluster, lineage or node. Another
// lineage of the cluster is followed when it began later and `verify` finds that proven (no
// `verify`: never); its epochs and revisions start anew.
Status CheckFence(const std::optional<Fence>& newest, const Assignment& incoming,
                  const std::string& node_name, const VerifyProof& verify = nullptr);

// Why `next` is not obeyed: it would stop too many pods that run here without a tombstone or a
// deletion timestamp for each. "" when it may be. `applied` is the assignment in force, or nullptr.
// The first assignment of another lineage may stop none of those that were assigned: its controller
// has learned of them.
std::string HoldReason(const Assignment& next, const Assignment* applied, const Seen& seen);

// Pods here that the assignment in force does not have, and that may go; the same rule.
struct Removable {
  std::set<std::string> pod_uids;
  std::string held;  // why the others stay
};
Removable FindRemovable(const Assignment& applied, const Seen& seen);

}  // namespace reconcile
