#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/assignments.h"
#include "controller/controller.h"

namespace reconcile {

// A turn's writes: the last one of each key counts.
using WriteSet = std::map<ObjectKey, ObjectPtr>;

// The controller's state and its turn. Everything here can be lost: the store, the repositories and
// the agents' next reports bring it back.
class Controller::Core : public std::enable_shared_from_this<Controller::Core> {
 public:
  Core(ControllerOptions options, EventLoop* loop, Random* random, Store* store,
       ManifestSource* source, AgentLink* link);

  Status Start();
  void Stop();
  std::shared_ptr<const ClusterState> State() const { return store_->Snapshot(); }
  Status Sync(const std::string& source);
  Status Confirm(const std::string& plan_hash);
  Result<PlanAnswer> PlanManifests(const std::string& source, const std::string& commit,
                                   const std::vector<ManifestFile>& files) const;
  Result<StreamHandle> OpenLogs(const std::string& namespace_name, const std::string& pod,
                                LogRequest request, LogSink sink);
  bool Settled() const;

 private:
  // A repository being followed.
  struct Followed {
    SourceConfig config;
    bool fetching = false;
    bool fetch_again = false;  // a hint came while fetching
    int32_t failures = 0;      // fetches in a row that did not answer
    TimerId timer = 0;
    std::optional<FetchedCommit> commit;  // newest one read, kept for its trailers and names
    std::optional<DesiredState> desired;  // what that commit declares, when it has no errors
    Problems problems;
    bool applied = false;  // the model is what desired says: nothing to diff until the next fetch
  };

  // An agent, as this controller hears it.
  struct Heard {
    bool connected = false;
    MonoTime last_heard;
    std::string agent_start;
    int64_t sequence = 0;
    std::optional<Report> pending;  // newest report that no turn has taken in
    std::vector<AgentEvent> pending_events;
    std::optional<Assignment> sent;
    MonoTime sent_at;
    std::vector<std::string> tombstones;  // newest last
  };

  // ---- core.cc: life and the turn ----
  Status Identify();
  void RequestTurn();
  void RunTurn();
  Status Turn();
  void ScheduleTurn(MonoTime due);
  void AddTombstones(const Transaction& transaction, const ClusterState& before);

  // ---- core_sources.cc: following repositories ----
  void Follow(Followed* followed);
  void Fetch(const std::string& name);
  void OnFetched(const std::string& name, Result<FetchedCommit> commit);
  void TakeCommit(Followed* followed, FetchedCommit commit);
  void PlanNextFetch(Followed* followed, int64_t delay_ms);
  void PutSourceStatus(const std::string& name, const SourceStatus& status, ClusterState* state,
                       WriteSet* writes);
  // What to apply in this turn, and every source's status, which goes into `writes`.
  ObjectChanges ChangesToApply(ClusterState* state, WriteSet* writes, Now now);
  void ConsiderSource(Followed* followed, ClusterState* state, WriteSet* writes,
                      ObjectChanges* changes, Now now);

  // ---- core_agents.cc: reports in, assignments out ----
  void OnConnected(const std::string& node);
  void OnDisconnected(const std::string& node);
  void OnReport(const Report& report);
  // Writes what agents reported, and silence, into `state` and `writes`.
  void TakeReports(ClusterState* state, WriteSet* writes, std::vector<Reason>* reasons, Now now);
  void TakeReport(Heard* heard, ClusterState* state, WriteSet* writes, std::vector<Reason>* reasons,
                  Now now);
  void TakePodReport(const std::string& node, const PodReport& report, ClusterState* state,
                     WriteSet* writes);
  void MarkSilentNodes(ClusterState* state, WriteSet* writes, Now now);
  void HandOut(const ClusterState& state);
  void HandOutTo(const std::string& node, Heard* heard, const NodePods& pods,
                 const ClusterState& state);

  ControllerOptions options_;
  EventLoop* loop_;
  Random* random_;
  Store* store_;
  ManifestSource* source_;
  AgentLink* link_;
  std::map<std::string, Followed> followed_;  // by source name
  std::map<std::string, Heard> heard_;        // by node name
  MonoTime started_at_;
  bool started_ = false;
  bool turn_posted_ = false;
  TimerId turn_timer_ = 0;
  MonoTime turn_due_;
  int32_t store_failures_ = 0;
};

// Puts `object` into a turn's state and into its writes.
void PutBoth(ObjectPtr object, ClusterState* state, WriteSet* writes);
void DeleteBoth(const ObjectKey& key, ClusterState* state, WriteSet* writes);

}  // namespace reconcile
