#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reconciler/turn.h"
#include "schema/core.h"

namespace reconcile {

inline constexpr int64_t kEventTtlMs = 3'600'000;
inline constexpr size_t kMaxEvents = 10'000;
// Beyond that so many more of the oldest go, so that the next ones find room.
inline constexpr size_t kEventsRoom = 500;
// Expired Events go together, not each in a commit of its own.
inline constexpr int64_t kEventExpirySlackMs = 60'000;

// The Events that `reasons` amount to: one for each (object, reason, message), named
// `<object>.<hash>`, repeats counted. `before` helps to identify objects that are gone from
// `state`. Reasons about objects in namespaces that are not there leave nothing.
std::vector<Write> EventWrites(const ClusterState& state, const ClusterState& before,
                               const std::vector<Reason>& reasons, WallTime now);

// Events older than their time to live, and the oldest beyond the limit. `*next_in_ms` is when the
// next one is due, if any is left.
std::vector<ObjectKey> ExpireEvents(const ClusterState& state, WallTime now,
                                    std::optional<int64_t>* next_in_ms);

// True when ExpireEvents would return nothing; `*next_in_ms` is then what it says. Takes the time
// of what changed since the last call with the same `settled`.
bool NoneExpires(const ClusterState& state, WallTime now, Settled* settled,
                 std::optional<int64_t>* next_in_ms);

}  // namespace reconcile
