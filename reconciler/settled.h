#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>

#include "base/time.h"
#include "reconciler/scheduler/usage_cache.h"
#include "schema/cluster_state.h"

namespace reconcile {

// What a turn leaves for the next one, so that it looks only at what changed in between: a state in
// which nothing was left to do. Nothing in the plan rests on it but the time that it takes, and
// losing it costs one full turn.
class Settled {
 public:
  // The next turn is a full one.
  void Forget() { state.reset(); }

  std::optional<ClusterState> state;    // in it nothing was to be done but what is due
  std::set<ObjectKey> due;              // to be looked at even when nothing changes
  std::set<ObjectKey> suspects;         // likewise, for what they belong to
  std::map<ObjectKey, MonoTime> wakes;  // when time alone changes something for a workload
  int64_t clocks_apart_ms = 0;          // of the two clocks: stamps are compared with wall time
  MonoTime full_at;                     // the last full turn
  // The stamps of the Events in `events`, oldest first.
  std::multiset<int64_t> event_stamps_ms;
  ObjectMap events;
  UsageCache usage;
  // Events are neither made nor taken away: they say what happened, and in a preview nothing has.
  bool without_events = false;
};

// However little changes, so often a turn looks at everything.
inline constexpr int64_t kFullTurnEveryMs = 600'000;
// Clocks that went further apart mean that one was set.
inline constexpr int64_t kClockSlackMs = 10;
inline int64_t ClocksApartMs(Now now) { return now.wall.ms - now.mono.ms; }

}  // namespace reconcile
