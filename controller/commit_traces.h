#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controller/trace.h"
#include "reconciler/desired.h"
#include "schema/cluster_state.h"
#include "schema/pod.h"

namespace reconcile {

// How the last commits of each source went from being seen to running, as the controller and the
// agents' reports tell. Nothing is decided by it; it is gone with the process. While no commit is
// on its way it costs nothing.
class CommitTraces {
 public:
  // Somebody asks for a look at `source`; `looking`: one is under way, and this asks for another.
  void Asked(const std::string& source, bool looking, MonoTime now);
  // The look found `commit`. Nothing begins when it is the one that is followed already, or is in
  // force.
  void Fetched(const std::string& source, const std::string& commit, bool in_force, MonoTime now);
  void Parsed(const std::string& source, MonoTime now);

  // `changes`, made durable, apply the commit. A commit of the same source that is still on its way
  // is overtaken: no more is heard of it.
  void Stored(const std::string& source, const std::string& commit, const ObjectChanges& changes,
              MonoTime planned, MonoTime now);
  // Looks for pods that the commits on their way bring in what was written.
  void TakeWrites(const Transaction& transaction, const ClusterState& before,
                  const ClusterState& after, MonoTime now);
  void Assigned(const Assignment& assignment, MonoTime now);
  void Heard(const Report& report, MonoTime now);

  struct Ended {
    std::string source;
    std::string commit;
    TraceSummary summary;
    int64_t took_ms = 0;  // since it was seen
  };
  // Commits whose pods all run by now (or are gone again), and of those that start none, all that
  // their sources declare: each is named once.
  std::vector<Ended> Settle(const ClusterState& state, MonoTime now);

  // Whether pods of the source's newest commit are still to come.
  bool IsOnItsWay(const std::string& source, const std::string& commit) const;

  // None when this controller has not followed it, or not from its beginning.
  std::optional<TraceSummary> Find(const std::string& source, const std::string& commit) const;

  static constexpr size_t kMaxPerSource = 20;

 private:
  struct OfSource {
    MonoTime asked;                       // for the look that is under way
    std::optional<MonoTime> asked_again;  // for the next
    std::optional<CommitTrace> newest;    // the commit that was read last, until it ends
    std::optional<CommitTrace> applying;  // stored, and not all of it runs
    std::deque<std::pair<std::string, TraceSummary>> ended;  // by commit, newest last
  };
  static void End(OfSource* of, bool ended);
  void CountStopped(const ObjectKey& owner);
  void AddPod(const Pod& pod, const ObjectKey& owner, MonoTime now);

  std::map<std::string, OfSource> sources_;  // by name
};

}  // namespace reconcile
