#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/agent.h"
#include "agent/assigned_network.h"
#include "agent/fence.h"
#include "agent/node_eviction.h"
#include "agent/node_status.h"
#include "agent/resource_use.h"
#include "agent/step.h"

namespace reconcile {

class ServedStream;

inline constexpr size_t kMaxPendingEvents = 1'000;  // that no report has taken yet
inline constexpr size_t kMaxLogStreams = 64;
inline constexpr size_t kMaxPodStreams = 128;
inline constexpr int kMaxParallelPulls = 4;
inline constexpr int kMaxParallelStops = 256;
// Removing a dead container takes the engine a third of what a start takes. While containers start,
// those of pods that go wait so long at most: a rolling update serves that much earlier.
inline constexpr int64_t kMaxRemovalWaitMs = 1'000;
inline constexpr int kMaxParallelReads = 16;     // of why containers ended
inline constexpr int64_t kFirstProbeMs = 2'000;  // of other hosts
inline constexpr int64_t kProbeMs = 10'000;
inline constexpr int kMaxParallelExecs = 16;  // of probes: each costs the engine some 60 ms of CPU
// Commands of hooks: each has a stream of the engine's, as logs do.
inline constexpr int kMaxParallelPostStarts = 48;
inline constexpr int kMaxParallelPreStops = 112;
inline constexpr int kMaxOtherHooks = 1'024;
inline constexpr int64_t kLateProbeMs = 1'000;  // later than this is told
inline constexpr int64_t kSayLagMs = 60'000;
inline constexpr int64_t kCollectMs = 5 * 60'000;   // images, as the kubelet (ImageGCPeriod)
inline constexpr int64_t kMostUnsampledMs = 5'000;  // from then on the agent speaks without
inline constexpr int64_t kMeasureMs = 10'000;  // of volumes with a limit, as the kubelet does it

// agent_network.cc: without those of nodes, Services and EndpointSlices.
Assignment WithoutLists(const Assignment& assignment);
// Whether nothing but those lists and the revision is another. Objects are compared by pointer:
// what did not change came as a delta.
bool DiffersInNetworkAlone(const Assignment& saved, const Assignment& next);

// The agent's state and its loop. Everything but the last assignment and the ends of terminal pods
// can be lost: the engine's labels bring it back.
class Agent::Core : public std::enable_shared_from_this<Agent::Core> {
 public:
  Core(AgentOptions options, EventLoop* loop, Random* random, ContainerRuntime* runtime,
       HostNetwork* network, HostFiles* files, Prober* prober, ControllerLink* link);

  void Start();
  void Stop();
  bool Settled() const;

 private:
  // Operations of one kind share a budget: a slow stop or pull must not keep a start waiting.
  enum class Lane {
    kStart,
    kStop,
    kPull,
    kProbe,
    kRemove,
    kRead,
    kPostStartCommand,
    kPreStopCommand,
    kOtherHook
  };
  static constexpr size_t kLanes = 9;
  static Lane LaneOf(const Operation& operation);
  int LimitOf(Lane lane) const;

  // `fn` that does nothing once the agent is gone; `fn` may use `this`.
  template <typename Function>
  auto Guarded(Function fn) {
    return [weak = weak_from_this(), fn = std::move(fn)](auto&&... args) {
      if (const auto self = weak.lock()) fn(std::forward<decltype(args)>(args)...);
    };
  }
  void After(int64_t delay_ms, Task task) { loop_->After(delay_ms, Guarded(std::move(task))); }

  // ---- agent_core.cc: life and the turn ----
  void RequestTurn();
  void Turn();
  void TakeStep();
  void StartAllowed(const std::vector<Operation>& operations);
  bool RemovalsWait(const std::vector<Operation>& wanted);  // for containers that start
  void WakeAt(MonoTime due);
  HostFacts Facts() const;
  // Writes the program that waits for the network to where the engine can mount it from.
  void KeepStartProgram();
  // Why each pod has a sandbox here; "" when pods of one container need none.
  std::string WhySandboxes() const;

  // ---- agent_assignments.cc: what is obeyed, and what is kept on disk ----
  void Restore();
  void RestoreTerminalPods();
  void SaveTerminalPods();

  // ---- agent_network.cc: what assignments say of the cluster's network, on disk ----
  void RestoreNetwork();
  void SaveNetwork();
  Status WriteNetwork(const Assignment& network);
  Result<Assignment> WithSavedChanges(const Assignment& base) const;
  void NoteFiles(const std::string& which, const Status& status);
  static std::string PodFilesKey(const std::string& uid) { return "pod " + uid; }
  void OnAssignment(const Assignment& assignment);
  std::optional<Fence> NewestFence() const;
  Status KeepLineage(const Assignment& assignment);
  void ConsiderPending();
  Status SavePending();
  void JoinCluster(const std::string& cluster_id);
  void ForgetUnused();

  // ---- agent_seen.cc: looking at the engine and the network ----
  // Looking again after a failure: one timer for each kind of look, however many asked for it.
  struct Retry {
    TimerId timer = 0;
    int32_t failures = 0;  // in a row
    void Stop(EventLoop* loop);
  };
  void LookAgainLater(Retry* retry, Task look);
  void Resync();
  void LookAtEngine();
  void AskEngineInfo();
  void AskImages();
  void OnImages(const std::vector<HostImage>& listed);
  void RequestList();
  void OnList(Result<std::vector<ContainerInfo>> list);
  void OnListFailed(const Status& status);
  void OnEngineEvent(const EngineEvent& event);
  // Looks at one container; looks are one at a time, so that the last word is the newest. All who
  // ask during one share the next.
  void Inspect(const std::string& id, std::function<void(Status)> then);
  // Of one that was started: a look that its event began and that shows it running serves too.
  void InspectStarted(const std::string& id, std::function<void(Status)> then);
  void Look(const std::string& id, std::vector<std::function<void(Status)>> asking);
  void OnInspected(const std::string& id, const Result<ContainerInfo>& result);
  void RequestNetworkList();
  void OnNetworkList(const Result<std::vector<std::string>>& addresses);

  // ---- agent_operations.cc: doing ----
  void Begin(Operation operation);
  void Run(const Operation& operation, const EnsurePause& action);
  void Run(const Operation& operation, const PrepareNetwork& action);
  void Run(const Operation& operation, const LookAtImage& action);
  void Run(const Operation& operation, const PullImageOp& action);
  void Run(const Operation& operation, const WritePodFiles& action);
  void Run(const Operation& operation, const SetUpVolumes& action);
  void Run(const Operation& operation, const RunSandbox& action);
  void Run(const Operation& operation, const AttachNetwork& action);
  void Run(const Operation& operation, const RunContainer& action);
  void Run(const Operation& operation, const StopContainerOp& action);
  void Run(const Operation& operation, const RemoveContainerOp& action);
  void Run(const Operation& operation, const DetachNetwork& action);
  bool IsAnothers(const DetachNetwork& action) const;
  void Run(const Operation& operation, const ReadEndMessage& action);
  void Run(const Operation& operation, const ForgetPod& action);
  // Nothing of it is to be tried again. `outcome`: for the observer, when what failed is remembered
  // elsewhere.
  void Succeed(const std::string& key, const Status& outcome = OkStatus());
  void TellOperation(const std::string& key, const Status& status) const;
  // Notes the failure. `look`: the engine may have done it nevertheless, so the operation counts as
  // under way until a list that began after this is in.
  void Fail(const std::string& key, const Status& status, bool look);
  void WaitForList(const std::string& key);
  bool EndedAtOnce(const AttachNetwork& action, const Status& status);
  void End(const std::string& key);
  void CreateAndStart(const Operation& operation, const ContainerConfig& config,
                      std::function<void()> on_created,
                      std::function<void(Status started, const std::string& id)> then);
  void OnSandboxStarted(const Operation& operation, const Status& started, const std::string& id);
  void OnContainerStarted(const Operation& operation, const RunContainer& run,
                          const Status& started, const std::string& id);
  void OnTakenAway(const Operation& operation, const std::string& id, const Status& status);
  // As Fail, and says so once for each different failure.
  void FailToTakeAway(const Operation& operation, const Status& status, bool look);
  void OnCreateFailed(const Operation& operation, const Status& status);
  struct Pull {
    PullImageOp action;
    bool was_here = false;  // the host had such an image before
    MonoTime began;
  };
  void PullWith(const Operation& operation, const Pull& pull, size_t login);
  void LookAtPulled(const Operation& operation, const Pull& pull);
  void OnPulled(const Operation& operation, const PullImageOp& action, MonoTime began,
                const Status& status);
  void Say(const Operation& operation, EventType type, const std::string& reason,
           const std::string& message);

  // ---- agent_probes.cc ----
  void Run(const Operation& operation, const ProbeContainer& action);
  // The next AskAgain, at `due` at the latest.
  void ProbesAt(MonoTime due);
  void AskProbes();
  void StartExecs();
  void RunExec(const Operation& operation, const ProbeContainer& action);
  void OnProbed(const Operation& operation, const ProbeContainer& action,
                const Result<ProbeOutcome>& outcome);
  void EndProbe(const std::string& key);
  void NoteLag(const Operation& operation, int64_t lag_ms);
  void RestoreProbes();
  void BelieveAdopted();
  void SaveProbes();

  // ---- agent_hooks.cc ----
  void Run(const Operation& operation, const RunHook& action);
  void TellStop(const Operation& operation, const RunHook& action);
  void OnHookEnded(const Operation& operation, const RunHook& action,
                   const Result<ProbeOutcome>& outcome);
  void EndHook(const Operation& operation, const RunHook& action, const ProbeOutcome& outcome);
  void NoteHook(const Operation& operation, const RunHook& action, const ProbeOutcome& outcome,
                PodSeen* pod);
  void RestoreHooks();
  void BelieveAdoptedHooks();
  KeptHooksById HooksToKeep() const;
  void SaveHooks();

  // ---- agent_volumes.cc ----
  void OnVolumesSetUp(const Operation& operation, const SetUpVolumes& action,
                      const std::vector<Status>& made);
  void FailToPrepare(const Operation& operation, const Status& status);
  Status AddSeccomp(const RunContainer& action, ContainerConfig* config) const;
  void Create(const Operation& operation, const RunContainer& action);
  void MeasureVolumes();
  void OnMeasured(const std::string& uid,
                  const std::vector<std::pair<std::string, int64_t>>& limits,
                  const std::vector<int64_t>& bytes);
  void Evict(const Pod& pod, const std::string& message);

  // ---- agent_pressure.cc: what the host is short of ----
  void LookAtHost();
  void TakeSample();
  void OnSample(const HostSample& sample, bool has_root);
  void NotePressures(const Pressures& next);
  // False until the host was looked at once: what is said before would have no pressure in it.
  bool MaySpeak() const;

  bool IsShortOf(Pressure pressure) const;

  // ---- agent_usage.cc: what containers and the host use ----
  void LookAtUse();
  void OnUse(UseCounters counters, const std::vector<ContainerOwner>& owners);

  // ---- agent_images.cc: images that nobody needs ----
  void RestoreImages();
  void SaveImages();
  // Before and after a pull: whether the host had the image already, so that it is not ours.
  void NoteImagePulled(const PullImageOp& action, const std::string& id, bool was_here);
  bool IsImageShort() const;  // of what removing images gives back
  void NoteImageUse();
  WantedImages ImagesWanted() const;
  // Begins to collect when it is time to; true while that goes on.
  bool CollectImages();
  bool AnyDeadToGo() const;
  // What was pulled before the list was asked for and is not in it is known no more.
  void ForgetImagesGone(const std::vector<HostImage>& listed, MonoTime asked);
  void OnImagesListed(const Result<std::vector<HostImage>>& images, int64_t bytes, MonoTime asked);
  void RemoveNextImage();
  void OnImageRemoved(const std::string& reference, const Status& removed);
  void EndCollection();

  // ---- agent_eviction.cc: pods that go for the sake of others ----
  struct PodsMeasured;
  bool VictimIsGoing() const;
  void ConsiderEviction(bool may_be_for_disk);
  void MeasurePods(std::vector<Shortage> shortages);
  void MeasurePod(const std::shared_ptr<PodsMeasured>& measured, const PodSeen& seen);
  void OnPodMeasured(const std::shared_ptr<PodsMeasured>& measured);

  // ---- agent_ends.cc: termination messages ----
  Status MakeEndFile(const RunContainer& action);
  void RemoveEndFile(const std::string& path);
  void ReadEndOfLog(const Operation& operation, const ReadEndMessage& action);
  void OnLogNotRead(const Operation& operation, const ReadEndMessage& action, const Status& status);
  void OnEndRead(const Operation& operation, const ReadEndMessage& action, std::string_view text);
  void ForgetEnds();
  // Why a container ended is told together with its end, if that is soon known.
  void NoteReads(bool reads_ends);
  bool AwaitsEnds() const;

  // ---- agent_sync.cc: the host's network beyond its pods ----
  void ConsiderNetwork();
  void OnSynced(const NetworkState& state, Revision revision, bool undisturbed,
                Result<SyncOutcome> outcome);
  void NoteNetworkProblems(std::vector<std::string> problems);
  void OnNetworkDisturbed(Disturbance what);
  void LookAtUnderlay();
  void ProbePeers();
  NetworkReport NetworkNow() const;
  void PrepareAgain(const std::string& why);

  // ---- agent_drift.cc: what somebody else changed of ours, and was put right ----
  struct AttachedBefore {
    std::string owner_id;
    int64_t process_id = 0;
    bool was_attached = false;  // its address was
  };
  bool IsLeaving(const std::string& id) const;
  // Of one container, of which nothing is left when `after` is null.
  void NoteChange(const ContainerInfo& before, const ContainerInfo* after);
  void TellCorrected();
  void TellDrift(const std::string& pod_uid, const std::string& message);
  void NoteReattached(const AttachNetwork& action, const AttachedBefore& before);
  void TellPutBack(const std::vector<std::string>& put_back);

  // ---- agent_reports.cc ----
  // How often this agent speaks at least.
  int64_t HeartbeatMs() const;
  void PlanHeartbeat();
  void ReportIfChanged();
  void SendReport();
  Report MakeReport() const;
  void SendInventory();

  // ---- agent_logs.cc ----
  StreamHandle OpenMetrics(LogSink sink);
  StreamHandle OpenLogs(const LogRequest& request, LogSink sink);
  Result<std::string> FindLog(const LogRequest& request) const;

  // ---- agent_streams.cc ----
  std::shared_ptr<PodStream> OpenPodStream(const PodStreamRequest& request, PodStreamSink sink);
  Status BeginPodStream(const PodStreamRequest& request,
                        const std::shared_ptr<ServedStream>& stream);
  void ForwardPort(const std::string& owner, uint16_t port,
                   const std::shared_ptr<ServedStream>& stream);
  const Pod* FindAssigned(const std::string& uid) const;
  Result<std::string> FindRunning(const Pod& pod, const std::string& container) const;
  Result<std::string> FindNetworkOwner(const Pod& pod) const;

  AgentOptions options_;  // the host's address may become another
  EventLoop* const loop_;
  Random* const random_;
  ContainerRuntime* const runtime_;
  HostNetwork* const network_;
  HostFiles* const files_;
  Prober* const prober_;
  ControllerLink* const link_;

  // What is obeyed.
  std::string cluster_id_;  // "" until the first assignment ever
  std::optional<Assignment> applied_;
  std::optional<Assignment> pending_;
  std::optional<Fence> kept_fence_;  // of kLineageFile, while it is newer than `applied_`
  std::string pending_held_;         // why it waits
  std::string orphans_held_;         // why pods that are not assigned are kept
  std::string refused_;              // the last refusal worth telling
  bool newest_spoke_ = false;        // on this connection: whose assignment was taken last
  std::string saved_;                // the assignment's text on disk, hashed
  std::optional<Status> save_error_;
  MonoTime save_again_at_;
  Assignment saved_network_;  // its lists are those on disk
  std::optional<Assignment>
      saved_base_;            // likewise, of the file that has all of them; none: unknown
  MonoTime save_network_at_;  // not before
  bool network_save_waits_ = false;
  std::set<std::string> saved_terminal_;
  MonoTime save_ends_again_at_;
  bool probes_restored_ = false;  // what an earlier run said of programs is known
  KeptProbes saved_probes_;
  MonoTime save_probes_again_at_;
  std::optional<KeptHooksById> saved_hooks_;  // on disk; none: there is no file
  MonoTime save_hooks_again_at_;
  MonoTime say_lag_at_;  // not before

  // What is seen.
  Seen seen_;
  HostHealth health_;
  bool listed_ = false;  // at least once
  bool listing_ = false;
  bool list_again_ = false;
  Retry list_retry_;
  std::set<std::string> changed_since_list_;  // containers about which more is known than the list
  std::set<std::string> wait_for_list_;       // keys of failed operations; see Fail
  std::set<std::string> wait_for_this_list_;
  struct Looking {
    std::vector<std::function<void(Status)>> now;
    std::vector<std::function<void(Status)>> next;
  };
  std::map<std::string, Looking> looking_;  // by container id
  bool network_listing_ = false;
  bool network_list_again_ = false;
  int64_t network_changes_ = 0;  // grows with every beginning and end of an attachment's change
  Retry network_retry_;
  AssignedNetwork assigned_network_;
  std::optional<NetworkState> synced_;  // what the host's network is, as far as it is known
  Revision network_revision_ = 0;       // of the assignment that it last followed; 0: none
  bool syncing_ = false;
  std::vector<std::string> unreached_;  // peers, when they were looked for last
  size_t peer_count_ = 0;               // and how many were
  int32_t sync_failures_ = 0;           // in a row
  MonoTime sync_again_at_;              // not before
  uint64_t disturbances_ = 0;           // by others, counted
  bool disturbed_timer_ = false;
  bool pods_timer_ = false;
  bool problem_timer_ = false;
  MonoTime looked_at_;  // after the last one
  bool asking_info_ = false;
  Retry info_retry_;
  ImageList images_;  // that the host has; null before the engine listed them
  bool listing_images_ = false;
  bool list_images_again_ = false;

  bool sampling_ = false;
  bool sample_again_ = false;
  bool sampled_root_ = false;  // the engine's root is in a sample
  MonoTime began_at_;
  HostSample sample_;
  std::vector<Shortage> shortages_;  // of `sample_`
  MonoTime disk_short_at_;           // since when it is, if it is

  bool reading_use_ = false;
  UseCounters use_counters_;  // of the last look
  UsagePtr usage_;            // null before there were two

  std::set<bool> measuring_pods_;  // true: for their disk, which may take minutes
  std::string victim_;             // uid of the pod that was evicted last
  MonoTime victim_at_;

  PulledImages pulled_images_;
  std::set<std::string> images_in_use_;  // of these, by id, at the last look
  bool collecting_ = false;
  bool collected_ = false;  // since the last look at the host
  MonoTime collect_again_at_;
  std::deque<std::pair<std::string, std::string>> removals_;  // images' ids, and references
  int64_t bytes_wanted_ = 0;
  int64_t bytes_found_ = 0;
  bool told_too_little_ = false;

  std::set<std::string> measuring_;  // uids of pods whose volumes are being measured

  struct Drift {
    std::string container_id;
    std::string what;  // was done to it by somebody else
  };
  // Not put right yet, by the pod's uid and the container's name.
  std::map<std::pair<std::string, std::string>, Drift> drifts_;
  MonoTime say_put_back_at_;  // of the host's network: not before

  // What is under way.
  std::map<std::string, Operation> running_;  // by key
  std::map<std::string, MonoTime> began_;     // those
  std::array<int, kLanes> in_lane_{};
  std::optional<MonoTime> removals_wait_since_;  // for starts
  std::deque<std::string> execs_waiting_;        // keys of probes that wait for others
  int execs_running_ = 0;
  TimerId probes_timer_ = 0;
  MonoTime probes_due_;
  bool turn_posted_ = false;
  std::map<std::string, StreamHandle> end_logs_;  // being read, by container id
  std::optional<MonoTime> ends_awaited_until_;    // while some are, and no longer
  bool more_to_do_ = false;  // the last step wanted something that has not begun
  TimerId wake_timer_ = 0;
  MonoTime wake_due_;

  // What is told.
  std::string no_start_program_;  // why it cannot be run from our files; "" it can
  bool told_sandboxes_ = false;
  std::string agent_start_;
  int64_t sequence_ = 0;
  std::vector<PodReport> pods_;  // of the last step
  std::vector<AgentEvent> events_;
  std::vector<PodStart> starts_;
  std::optional<Report> told_;  // last report that went out, without its events and starts
  MonoTime told_at_;
  bool report_timer_set_ = false;
  TimerId heartbeat_timer_ = 0;
  int64_t heartbeat_planned_ms_ = 0;
  size_t log_streams_ = 0;
  size_t pod_streams_ = 0;
};

}  // namespace reconcile
