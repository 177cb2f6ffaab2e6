#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "link/messages.h"
#include "schema/object.h"

namespace reconcile {

// A pod that a commit brought, on its way. Stamps are this controller's; `times` are the host's own
// durations, since clocks of hosts differ.
struct TracedPod {
  std::string namespace_name;
  std::string name;
  std::string node;                  // once it was assigned
  MonoTime due;                      // stored: a rollout had come to it
  std::optional<MonoTime> assigned;  // handed out to its host first
  std::optional<StartTimes> times;   // none: the agent told none
  std::optional<MonoTime> reported;  // ready, as heard here
};

// A commit on its way, from its source to its pods.
struct CommitTrace {
  std::string commit;
  MonoTime seen;  // somebody hinted at it, or a look began that found it
  std::optional<MonoTime> fetched;
  std::optional<MonoTime> parsed;
  std::optional<MonoTime> planned;
  std::optional<MonoTime> stored;
  std::set<ObjectKey> objects;            // that it created or changed
  std::set<ObjectKey> deleted;            // objects
  int64_t pods_started = 0;               // made for these, also those that are gone again
  int64_t pods_stopped = 0;               // of these and of the deleted ones
  std::map<std::string, TracedPod> pods;  // by uid; at most kMaxTracedPods
  // Of a commit that starts no pod: what its source declares and does not run, as seen last.
  std::optional<ObjectKey> waits_for;
};
inline constexpr size_t kMaxTracedPods = 2'000;

// A stage on the critical path.
struct TraceStage {
  std::string name;
  int64_t at_ms = 0;                 // since the commit was seen
  int64_t took_ms = 0;               // since the stage before
  std::optional<int64_t> median_ms;  // of the same, over the other pods
};

// A commit's way as far as it went, for people. The critical path is that of the pod that was ready
// last; its stages follow each other and take, together, total_ms.
struct TraceSummary {
  std::vector<TraceStage> stages;
  int64_t total_ms = 0;
  std::string
      pod;  // "default/web-1", the last one to be ready; empty: none was to start, or is yet
  std::string node;
  int64_t pods = 0;        // that it brought
  int64_t pods_ready = 0;  // of these
  int64_t started = 0;     // pods, also those that are gone again
  int64_t stopped = 0;
  bool ended = false;  // nothing more is to come
  std::string note;    // what the figures do not show; empty: nothing
};

// PURE. Time between two stages is the later one's. A stage that went on beside an earlier one
// takes what it took beyond that.
TraceSummary SummarizeTrace(const CommitTrace& trace, bool ended);

// "1234 ms (fetched 20, parsed 1, ...)": for the log.
std::string StagesText(const TraceSummary& summary);

}  // namespace reconcile
