#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/assignments.h"
#include "controller/clock_readings.h"
#include "controller/commit_traces.h"
#include "controller/controller.h"
#include "reconciler/desired_memory.h"
#include "reconciler/settled.h"
#include "source/webhook.h"

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
  Status AcceptHostKey(const std::string& source, const std::string& fingerprint);
  WebhookAnswer TakeWebhook(const std::string& source, const StringMap& headers,
                            const std::string& body);
  Status Confirm(const std::string& plan_hash);
  Status Suspend(const std::string& source, const Told& told);
  Status Resume(const std::string& source, const Told& told);
  Result<SourcePin> RollBack(const std::string& source, const std::string& to, const Told& told);
  Result<SourcePin> FindRollBack(const std::string& source, const std::string& to) const;
  Status Cordon(const std::string& node, const Told& told);
  Status Uncordon(const std::string& node, const Told& told);
  Status Drain(const std::string& node, NodeDrain drain, const Told& told);
  Status RemovePods(const std::vector<ObjectKey>& pods, const PodRemoval& removal,
                    const Told& told);
  Status Restart(const ObjectKey& key, const Told& told);
  Status MayAccept(const std::string& source, const std::string& commit) const;
  Result<PlanAnswer> PlanNewest(const std::string& source, std::string* commit) const;
  Status Accept(const std::string& source, const std::string& commit, const Told& told);
  void NoteRevocations() { RequestTurn(); }
  Status RemoveNode(const std::string& name);
  Result<int64_t> RotateSecretKey() { return store_->RotateSecretKey(); }
  Result<PlanAnswer> PlanManifests(const std::string& source, const PlanInput& input,
                                   const PlanInput* base);
  Result<PlanWork> PrepareManifests(const std::string& source, PlanInput input,
                                    std::optional<PlanInput> base) const;
  Result<PlanWork> PrepareNewest(const std::string& source) const;
  void PrepareRevision(const std::string& source, const std::string& revision,
                       SecretsInPlan secrets, std::function<void(Result<PlanWork>)> done);
  Result<PlanWork> PrepareAddition(const std::string& source, std::string manifests,
                                   SecretsInPlan secrets) const;
  Result<std::vector<size_t>> FilesToSend(const std::string& source,
                                          const std::vector<ManifestFile>& files) const;
  Result<StreamHandle> OpenLogs(const std::string& namespace_name, const std::string& pod,
                                LogRequest request, LogSink sink);
  Result<std::shared_ptr<PodStream>> OpenPodStream(const std::string& namespace_name,
                                                   const std::string& pod, PodStreamRequest request,
                                                   PodStreamSink sink);
  Result<std::vector<HistoryEntry>> History(const std::string& source) const;
  std::vector<HostNetwork> Networks() const;
  const UsageHistory& Usage() const { return usage_; }
  Heartbeats LastHeartbeats() const;
  std::vector<std::string> Unconverged() const;
  std::vector<std::string> Notes() const;
  std::vector<std::string> UnderWay() const;

 private:
  // The newest commit at a source's revision.
  struct Newest {
    FetchedCommit commit;  // without its files; its id is empty before it was read
    // While another commit is wanted: what this one declares, and what is wrong with it.
    std::optional<DesiredState> desired;
    ManifestCache files;
    Problems problems;
  };

  // A repository being followed.
  struct Followed {
    SourceConfig config;
    bool fetching = false;
    bool fetch_again = false;  // a hint came while fetching
    MonoTime fetch_began;
    int32_t failures = 0;      // fetches in a row that did not answer
    bool look_failed = false;  // the last look at the revision did not tell the newest commit
    TimerId timer = 0;
    MonoTime hints_spent;  // kHintSpacingMs further with each look that was hinted at
    bool hinted = false;   // a look is due
    WebhookMemory deliveries;
    std::string fetch_error;  // why the last fetch ended without a commit; empty when it did not
    Newest newest;
    std::optional<FetchedCommit> commit;  // the one that is wanted, without its files
    ManifestCache files;                  // of `commit`, as they were read
    ParsedManifests parsed;  // of `commit`; its objects only until they are a desired state
    Problems problems;       // all of `commit`: of its text and of what it declares
    std::optional<DesiredState> desired;  // what `commit` declares, when it has no errors
    DesiredMemory memory;                 // of what was declared before
    std::string rejected;  // why the store does not take what `commit` leads to; empty: it does
    std::optional<RevisionChanges> brought;  // by `commit`, when it came into force
    bool applied = false;  // the model is what desired says: nothing to diff until the next fetch
    // The last commit that was applied. It stays in force while a newer one is broken or held, and
    // what it began (a Pod made anew takes several turns) goes on.
    std::optional<DesiredState> in_force;
    bool in_force_reached = false;  // the model is what it says
    bool recalled = false;          // it was asked for by its id
    bool recall_again = false;      // without an answer: once the repository answers, again
  };

  // What the sources bring into one turn.
  struct SourceTurn {
    ObjectChanges changes;
    Claims claims;                      // objects of these changes
    std::vector<Followed*> changing;    // whose changes these are
    std::vector<Followed*> unchanged;   // the model is what they declare, once this turn is durable
    std::vector<Followed*> reached;     // likewise what their commits in force declare
    std::vector<Followed*> continuing;  // whose commits in force still have changes
    std::vector<Reason> reasons;
    // Of `changing`: their statuses, should a wave of theirs wait.
    std::map<std::string, SourceStatus> unapplied;
    bool more = false;  // one of them waits for another turn
    WaveRule waves = WaveRule::kHold;
  };

  // An agent, as this controller hears it.
  struct Heard {
    bool connected = false;
    MonoTime last_heard;
    int64_t heartbeat_ms = kHeartbeatMs;  // as it says: its next word comes within so long
    std::string agent_start;
    int64_t sequence = 0;
    std::optional<Report> pending;  // newest report that no turn has taken in
    std::optional<Report> taken;    // the one that the last turn with news of this node took in
    MonoTime taken_at;
    bool marked_silent = false;  // in the model, since then
    ClockReadings clock;
    // Nobody listened for a while: a silence that the model knows of counts from now on.
    bool unheard_of = false;
    std::vector<AgentEvent> pending_events;
    std::string held;              // why the agent does not follow what it was sent; "": it does
    bool told = false;             // a report came since the last connection began
    std::optional<Fence> applied;  // what it says that it follows
    std::optional<Inventory> inventory;  // what it runs, not in the model yet
    MonoTime asked_at;                   // for it
    bool asked = false;
    std::optional<Fence> merged;  // another lineage's: what it ran by that is in the model
    int times_merged = 0;
    bool follows_us = false;         // it has said so
    std::optional<Assignment> sent;  // in full, also when only a part of it could be sent
    MonoTime sent_at;
    bool to_tell = true;          // `sent` may not be what it needs any more
    bool to_tell_network = true;  // nor what it says of the cluster's network
    NetworkReport network;
    Revision drain_from = 0;  // of the assignment that first said the newest stops of its pods
    std::string too_large;    // why `sent` could not be sent in full; empty when it was
    std::vector<std::string> tombstones;  // newest last
  };

  // ---- core_plan.cc: what a commit would do ----
  Result<std::string> NameOrOnly(const std::string& source) const;  // of a source
  PlanWork WorkOf(const std::string& source, PlanInput input, std::optional<PlanInput> base) const;

  // ---- core.cc: life and the turn ----
  Status Identify();
  Status SetNetwork(const ClusterState& state, Cluster* cluster) const;
  Status IdentifyAs(const Cluster& known, Cluster* cluster) const;
  void RequestTurn();
  void RunTurn();
  // Calls `tell` with the observer, when there is one.
  template <typename Function>
  void Tell(Function tell) const {
    if (options_.observer != nullptr) tell(options_.observer);
  }
  Status Turn();
  void ScheduleTurn(MonoTime due);
  void AddTombstones(const Transaction& transaction, const ClusterState& before);
  // Whether this is the first turn that carries these commits out.
  bool BeginsCommit(const SourceTurn& sources);
  // Looks where what it began leads to, as its plan did.
  void Foresee(const SourceTurn& sources, Now now);

  // Plans what `sources` bring and makes the turn durable. `planning` false: only makes durable.
  Status Finish(const ClusterState& snapshot, ClusterState state, SourceTurn sources,
                const std::vector<Reason>& reasons, bool planning, WriteSet* writes, Now now);

  // ---- core_drain.cc: pods are stopped when nobody sends them new connections any more ----
  void NoteStops(Heard* heard, Assignment* assignment) const;
  bool IsDrained(Revision drain_from) const;
  void TakeNetworkRevision(const Report& report, Heard* heard);
  void LookAtDrains();

  // ---- core_recovery.cc: learning what agents run by another lineage ----
  void BeginLineage(const ClusterState& state, Cluster* cluster, WriteSet* writes);
  Status SignLineage(Cluster* cluster) const;
  bool IsRecovering() const;
  // Whether the agent follows an earlier lineage of this cluster, and what it runs by it is not in
  // the model.
  bool NeedsInventory(const Heard& heard) const;
  // Whether it followed that lineage on after the inventory that was merged, and is still believed.
  static bool FollowedFurther(const Heard& heard, const Fence& theirs);
  // Whether nothing of it may be taken in yet.
  bool WaitsForInventory(const Heard& heard) const {
    return NeedsInventory(heard) && !(merging_ && heard.inventory);
  }
  // Whether the agent follows a later lineage of this cluster.
  bool IsSuperseded(const Heard& heard) const;
  bool FollowsUs(const Heard& heard) const;
  void AskInventory(const std::string& node, Heard* heard);
  void OnInventory(const Inventory& inventory);
  // Nodes whose pods are still to be learned before anything is planned; empty when it is over.
  std::vector<std::string> Unheard() const;
  // Known nodes that have not told what they run.
  std::vector<std::string> SilentNodes() const;
  void MergeInventories(ClusterState* state, WriteSet* writes, std::vector<Reason>* reasons,
                        Now now);
  void NoteMerged(const ClusterState& state);
  // While recovering: takes what sources bring only when all of them can be followed. False: not
  // yet, and then only what hinders them is in `writes`.
  bool RecoveredSources(ClusterState* state, WriteSet* writes, SourceTurn* sources, Now now);
  bool IsMadeAgain(const Pod& pod) const;
  // A pod that was not placed when the copy was made may run on a node that is silent. Placed now,
  // it would be in two places under one uid: whoever made it makes another.
  void ForgetUnplaced(ClusterState* state, WriteSet* writes) const;
  void EndRecovery(ClusterState* state, WriteSet* writes) const;
  // Recovered objects that no commit took become a source's, whose next look prunes them.
  void SettleRecovered(ClusterState* state, WriteSet* writes);
  void LookForRecovered();
  std::vector<std::string> RecoveryWork() const;

  // ---- core_sources.cc: following repositories ----
  void Follow(Followed* followed);
  void Fetch(const std::string& name);
  void OnFetched(const std::string& name, Result<FetchedCommit> commit);
  void TakeWanted(Followed* followed, FetchedCommit commit);
  void TakeCommit(Followed* followed, FetchedCommit commit);
  void NoteFetchFailed(Followed* followed, const Status& failure);
  void EndFetch(Followed* followed);
  void DropFetch(Followed* followed);
  // Makes what was parsed a desired state, if it can be one in the model of now.
  void BuildFrom(Followed* followed);
  void PlanNextFetch(Followed* followed, int64_t delay_ms);
  void PutSourceStatus(const std::string& name, const SourceStatus& status, ClusterState* state,
                       WriteSet* writes);
  // What to apply in this turn, and every source's status, which goes into `writes`.
  SourceTurn ChangesToApply(ClusterState* state, WriteSet* writes, Now now);
  void ConsiderSource(Followed* followed, ClusterState* state, WriteSet* writes, SourceTurn* turn,
                      Now now);
  void ConsiderDesired(Followed* followed, const ClusterState& state, const Source& source,
                       SourceStatus* status, SourceTurn* turn, Now now);
  // Why none of its commits may be begun: a source that it depends on; empty when one may.
  std::string WaitsForSource(const SourceSpec& spec, const ClusterState& state) const;
  // Says of sources whose waves wait what for, in the place of what was said before the plan.
  void TakeWaits(const Plan& plan, const ClusterState& snapshot, SourceTurn* turn,
                 ClusterState* state, WriteSet* writes, Now now);
  // Goes on with the commit in force while a newer one cannot be taken.
  void ContinueInForce(Followed* followed, const ClusterState& state, SourceStatus* status,
                       SourceTurn* turn, Now now);
  // After a start: reads the commit in force by its id when the newest one cannot be taken.
  void Recall(const std::string& name, Followed* followed);
  void OnRecalled(const std::string& name, Result<FetchedCommit> commit);
  // After a turn is durable; `wrote` tells whether it changed anything.
  void NoteApplied(const SourceTurn& turn, bool wrote);
  // After the store refused a turn for good: the next goes without what may be the reason. False
  // when no source has a part in it.
  bool LeaveOut(const SourceTurn& turn, const Status& refusal);

  // ---- core_nodes.cc, core_pods.cc: what people tell about nodes, pods and workloads ----
  // Writes what a person told about objects, and why.
  Status OperateObjects(std::vector<Write> writes, const std::vector<Reason>& reasons);
  Status OperateNode(const std::string& name, const std::string& reason, const std::string& message,
                     const std::function<void(NodeStatus*)>& change);

  // ---- core_operations.cc: what people tell about sources ----
  bool IsSuspendedNow(const Followed& followed) const;
  // Takes the newest commit, or reads the one that is wanted instead of it.
  void TakeNewest(Followed* followed, FetchedCommit commit);
  void LookAtNewest(Followed* followed, FetchedCommit commit);
  struct RevisionQuestion;
  void ReadRevision(const std::shared_ptr<RevisionQuestion>& question);
  void OnRevision(const RevisionQuestion& question, Result<FetchedCommit> commit);
  void FetchWanted(Followed* followed, const std::string& commit);
  void OnWanted(const std::string& name, const std::string& wanted, Result<FetchedCommit> commit);
  // Into the status: which commit is the newest, and what that ends. Whether the commit that was
  // read is the one that is wanted.
  static bool NoteNewest(const Followed& followed, SourceStatus* status);
  // OK when it is followed and in the model.
  Status CheckKnown(const std::string& source) const;
  // Changes a source's status durably, with an Event about it.
  Status Operate(const std::string& source, const Reason& reason,
                 const std::function<void(SourceStatus*)>& change);

  // ---- core_trace.cc: how commits went ----
  void TraceFetched(const std::string& source, const std::string& commit);
  void TraceStored(const SourceTurn& sources, const Transaction& transaction,
                   const ClusterState& before, MonoTime planned);
  // Logs which commits run by now; the next turn writes it down.
  void SettleTraces();
  // Into the status' history: what the commit in force changed, and whether it has converged.
  void NoteOutcome(const Followed& followed, const SourceStatus& before, const ClusterState& state,
                   Now now, SourceStatus* status);

  // ---- core_hints.cc: when to look, and who may ask for it ----
  int64_t Jitter(int64_t delay_ms);
  int64_t DelayToNextFetch(const Followed& followed);
  // Fetches soon: at once, or when kHintBurst and kHintSpacingMs allow it, however many ask.
  void Hint(const std::string& source);

  // ---- core_agents.cc, core_hand_out.cc: reports in, assignments out ----
  void OnConnected(const std::string& node);
  void OnDisconnected(const std::string& node);
  void OnReport(const Report& report);
  // Whether a report gives a reason for a turn: most are heartbeats.
  bool IsNews(const Heard& heard, const Report& report, Now now) const;
  // Writes what agents reported, and silence, into `state` and `writes`.
  void TakeReports(ClusterState* state, WriteSet* writes, std::vector<Reason>* reasons, Now now);
  void TakeReport(Heard* heard, ClusterState* state, WriteSet* writes, std::vector<Reason>* reasons,
                  Now now);
  void TakePodReport(const std::string& node, const PodReport& report, ClusterState* state,
                     WriteSet* writes);
  // Whether the agent follows its assignment, as a condition of its node.
  void TakeAcceptance(const std::string& node, const Heard& heard, ClusterState* state,
                      WriteSet* writes, std::vector<Reason>* reasons, Now now);
  // ---- clock_readings.cc: whether its host's clock is this one, likewise ----
  void TakeClock(const std::string& node, const Heard& heard, ClusterState* state, WriteSet* writes,
                 std::vector<Reason>* reasons, Now now);
  // ---- core_revoked.cc: hosts that people took out ----
  void LookAtRevocations();
  void RememberRevocations(ClusterState* state, WriteSet* writes);
  // Its host is to stop what it had when it was revoked.
  bool BeginsEmpty(const std::string& node, const ClusterState& state) const;
  bool IsRevokedNow(const std::string& node) const { return revoked_->contains(node); }
  // Revoked nodes are none of the cluster's hosts, and their pods are gone.
  void TakeRevocations(ClusterState* state, WriteSet* writes, std::vector<Reason>* reasons,
                       Now now);
  void MarkRevoked(const Node& node, WallTime since, ClusterState* state, WriteSet* writes,
                   std::vector<Reason>* reasons, Now now);
  void RemovePodsOf(const std::set<std::string>& nodes, ClusterState* state, WriteSet* writes,
                    std::vector<Reason>* reasons);
  // Of a host that is let in again: what it still runs from before may go. `behind`: it does not
  // follow its newest assignment.
  void SweepRejoined(const Report& report, bool behind, Heard* heard, ClusterState* state,
                     WriteSet* writes);

  // A host that slept heard nobody: silence counts from its waking on.
  void NoticeSleep(MonoTime now);
  // How long an agent may say nothing.
  int64_t LeaseOf(const Heard& heard) const;
  void WatchSleep();
  void MarkSilentNodes(ClusterState* state, WriteSet* writes, std::vector<Reason>* reasons,
                       Now now);
  void CountSilenceAnew(ClusterState* state, WriteSet* writes, Now now);
  void MarkSilentPods(const std::set<std::string>& silent, ClusterState* state, WriteSet* writes,
                      std::vector<Reason>* reasons, Now now);
  void HandOut(const std::shared_ptr<const ClusterState>& snapshot);
  void HandOutToSome();
  void HandOutFrom(const std::string& name);  // later
  void HandOutTo(const std::string& node, Heard* heard, const ClusterState& state);
  // Sends what fits when all of it does not, and remembers that.
  Status SendAssignment(const Assignment& assignment, Heard* heard, const ClusterState& state);

  ControllerOptions options_;
  EventLoop* loop_;
  Random* random_;
  Store* store_;
  ManifestSource* source_;
  AgentLink* link_;
  std::map<std::string, Followed> followed_;  // by source name
  size_t revisions_read_ = 0;                 // under way
  std::map<std::string, Heard> heard_;        // by node name
  bool is_cut_off_ = false;                   // WhyPodsStay, when silence was last looked at
  // What can be lost at any time: the next turn looks at everything then.
  reconcile::Settled settled_;
  // Where the plan of what was committed last has pods that are not placed yet.
  Foreseen foreseen_;
  std::string foreseen_for_;                        // sources and commits, a line each
  std::shared_ptr<const ClusterState> handed_out_;  // what assignments were last made of
  NetworkLists network_;                            // NetworkOf(*handed_out_)
  // While not all have been handed theirs: the name from which on. Not empty then.
  static constexpr const char* kFirstName = " ";  // before all
  static constexpr size_t kLeastHostsAtOnce = 4;
  static constexpr size_t kMostRounds = 16;
  std::string hand_out_from_;
  bool hand_out_again_ = false;  // from the beginning, once the last has been handed his
  std::shared_ptr<const RevokedNodes> revoked_ = std::make_shared<const RevokedNodes>();
  MonoTime started_at_;
  bool started_ = false;
  MonoTime awake_at_;  // when this process is known to have run last
  TimerId sleep_timer_ = 0;
  bool turn_posted_ = false;
  TimerId turn_timer_ = 0;
  MonoTime turn_due_;
  bool merging_ = false;           // this turn takes in the inventories that are there
  bool recovered_left_ = true;     // something recovered may not have settled yet
  std::string recovery_hindered_;  // by which sources, while recovering
  int32_t store_failures_ = 0;
  std::string store_refusal_;  // why the store did not take the last turn; empty when it did
  bool one_by_one_ = false;    // a turn takes the changes of one source only
  UsageHistory usage_;
  CommitTraces traces_;
  std::vector<CommitTraces::Ended> converged_;  // that no turn has written down yet
  MonoTime outcome_looked_at_;                  // in the model, where no trace tells
};

// Puts `object` into a turn's state and into its writes.
void PutBoth(ObjectPtr object, ClusterState* state, WriteSet* writes);
void DeleteBoth(const ObjectKey& key, ClusterState* state, WriteSet* writes);
// Adds a pod that may go, once; of too many the oldest is forgotten.
void AddTombstone(const std::string& uid, std::vector<std::string>* tombstones);

}  // namespace reconcile
