#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.h"
#include "base/parallel.h"
#include "base/random.h"
#include "controller/observer.h"
#include "controller/trace.h"
#include "controller/usage_history.h"
#include "link/agent_link.h"
#include "link/lineage.h"
#include "reconciler/desired.h"
#include "reconciler/preview.h"
#include "reconciler/reconciler.h"
#include "source/manifest_source.h"
#include "store/store.h"

namespace reconcile {

struct SourceConfig {
  std::string name;
  SourceSpec spec;
};

// Names of revoked nodes, and since when.
using RevokedNodes = std::map<std::string, WallTime>;

// What a webhook's sender is told: an HTTP code and a line.
struct WebhookAnswer {
  int code = 401;
  std::string text;
};
// Looks at a source that webhooks ask for: so many at once, then one in kHintSpacingMs; more of
// them wait for the next. A push is looked at when it comes, and a storm is a few looks.
inline constexpr int64_t kHintSpacingMs = 2'000;
inline constexpr int64_t kHintBurst = 4;

inline constexpr std::string_view kDefaultPodCidr = "10.42.0.0/16";

struct ControllerOptions {
  // Of a cluster that begins; of one that exists it must be its own. Empty: the cluster's own,
  // kDefaultPodCidr for a new one.
  std::string pod_cidr;
  int node_prefix = 24;
  // Addresses of Services, apart from those of pods. Empty: the cluster's own. Another one only
  // while no Service has an address.
  std::string service_cidr;
  std::string cluster_domain;   // empty: the cluster's own
  std::string network_backend;  // likewise
  std::vector<SourceConfig> sources;
  BreakerLimits breaker;
  // For what a plan has to read, where that is much. Null: in turn. It outlives the controller.
  Parallel* parallel = nullptr;
  int64_t source_poll_ms = 60'000;  // local ones, besides hints
  // Reads a webhook's secret out of its small local file, at each webhook. None: all are refused.
  std::function<Result<std::string>(const std::string& path)> read_secret;
  // Without a word of its agent for so long a node is NotReady. Agents are asked to speak three
  // times in it, and one that does not (yet) is waited for twice as long as it says.
  int64_t node_silent_ms = 15'000;
  // From then on, until its pods are replaced: Cluster::unreachable_toleration_ms.
  int64_t unreachable_toleration_ms = 15'000;
  // Of a cluster that begins, from its CA; of one that exists it must be its own. Empty: random.
  std::string cluster_id;
  // The CA's signature of LineageText: proves to agents that a lineage is the cluster's. Without it
  // agents follow no other lineage than their first.
  std::function<Result<std::string>(const LineageClaim&)> sign_lineage;
  // When the newest lineage that the CA ever signed began, in wall time: a new one begins later. 0:
  // not known.
  int64_t lineage_after_ms = 0;
  // Nodes that may be running pods: those with a valid certificate, and this host. A controller
  // whose database is new or restored first asks them what they run.
  std::vector<std::string> expected_nodes;
  int64_t recovery_wait_ms = 120'000;  // for those that do not answer
  // Who is revoked now, never null. Asked at each turn, so it is to be quick. None: nobody ever is.
  std::function<std::shared_ptr<const RevokedNodes>()> revoked_nodes;
  ControllerObserver* observer = nullptr;  // outlives the controller; null: nobody is told
};

// The loop: event -> model -> reconcile -> commit to the store -> hand out assignments.
// Level-triggered, single-threaded; owns nothing it is given, all must outlive it. Loop thread
// only.
class Controller {
 public:
  Controller(ControllerOptions options, EventLoop* loop, Random* random, Store* store,
             ManifestSource* source, AgentLink* link);
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // Begins: identity and epoch into the store, then sources and agents. Unavailable when the store
  // refuses; Invalid when the options ask for other pod addresses than the cluster has.
  Status Start();

  // ---- For the API ----
  std::shared_ptr<const ClusterState> State() const;
  // Fetches a source now ("" is all of them). Invalid when it is suspended.
  Status Sync(const std::string& source);
  // A webhook that says it is for `source`; headers by lower-case names. What it asks for when it
  // is authentic and new is a look at that source, at most one in kHintSpacingMs. Nothing else
  // tells whether there is such a source.
  WebhookAnswer TakeWebhook(const std::string& source, const StringMap& headers,
                            const std::string& body);
  // ManifestSource::AcceptHostKey of a source; NotFound when there is none of this name.
  Status AcceptHostKey(const std::string& source, const std::string& fingerprint);
  // Confirms a held prune by its plan hash. NotFound when none is held by that hash.
  Status Confirm(const std::string& plan_hash);
  // ---- What people tell about a source: stored with its status, before this returns OK ----
  struct Told {
    std::string by;      // user name; may be empty
    std::string reason;  // may be empty
  };
  // Nothing of the source is changed and its commits are not looked at, until Resume. Conflict when
  // it is suspended already.
  Status Suspend(const std::string& source, const Told& told);
  // Ends Suspend; of a source that is not suspended, RollBack. Invalid when neither is in effect,
  // or when the configuration suspends it.
  Status Resume(const std::string& source, const Told& told);
  // Puts a commit of the history in force, `to` or the last good one, until another commit than
  // now arrives at the source's revision. NotFound, Invalid: RollbackTarget
  // (reconciler/source_operations.h); Conflict while it is suspended.
  Result<SourcePin> RollBack(const std::string& source, const std::string& to, const Told& told);
  // What RollBack would do, for who reverts it in Git instead; nothing is changed.
  Result<SourcePin> FindRollBack(const std::string& source, const std::string& to) const;
  // The newest commit becomes the one that is wanted: of a source whose commits wait for it, or
  // that is rolled back. Conflict when `commit` is not the newest, or is in force; Invalid when the
  // source applies commits by itself. MayAccept only looks.
  Status MayAccept(const std::string& source, const std::string& commit) const;
  Status Accept(const std::string& source, const std::string& commit, const Told& told);
  // ---- What people tell about a node: stored with its status, before this returns OK ----
  // New pods go elsewhere, until Uncordon. NotFound; Conflict when it is cordoned already.
  Status Cordon(const std::string& node, const Told& told);
  // Ends Cordon, and Drain with it. NotFound; Invalid when nobody cordoned it; then too when Git
  // declares it unschedulable, which it stays.
  Status Uncordon(const std::string& node, const Told& told);
  // Cordons it and takes its pods away as their budgets allow, until all are gone or `drain.until`;
  // who, why and when are filled in. NotFound; Conflict, with nothing changed, when it has pods
  // that have to be asked for (WhyNotDrained).
  Status Drain(const std::string& node, NodeDrain drain, const Told& told);
  // ---- What people tell about pods and workloads: durable before this returns OK ----
  struct PodRemoval {
    std::optional<int64_t> grace_seconds;  // none: what the pod says
    bool is_eviction = false;              // its budgets were asked (reconciler/disruption.h)
  };
  // Takes pods away, all or none; who made them makes others. Each goes when its host says so, and
  // at once when no host has it. One that goes already only goes sooner, when it is to. NotFound.
  Status RemovePods(const std::vector<ObjectKey>& pods, const PodRemoval& removal,
                    const Told& told);
  // Has a Deployment make its pods anew, as its strategy says (reconciler/restart.h). NotFound;
  // Invalid when a manifest says that it was later than now.
  Status Restart(const std::string& namespace_name, const std::string& deployment,
                 const Told& told);
  // Says that what `revoked_nodes` answers has changed.
  void NoteRevocations();
  // Forgets a revoked node: its object goes, and its pod subnet may be another's. NotFound without
  // such a node; Conflict unless it is revoked, and while Git declares it.
  Status RemoveNode(const std::string& name);
  // Changes the key that seals Secrets in the store; how many rows were sealed anew. Blocks the
  // loop for the time of that.
  Result<int64_t> RotateSecretKey();
  // What applying manifests to `source` would do ("" is the only source); with `base`, to a cluster
  // that had come to those before. Blocks the loop for the time of planning.
  enum class SecretsInPlan {
    kCompared,
    kKept,  // as they are in the model, whatever is planned: for those who may not read them
  };
  struct PlanInput {
    std::string commit;
    std::vector<ManifestFile> files;
    std::vector<std::string>
        confirmations;          // the trailers of their commit, as FetchedCommit has them
    std::string source_folder;  // as ManifestReading has it
    SecretsInPlan secrets = SecretsInPlan::kCompared;
  };
  struct PlanAnswer {
    Problems problems;  // errors: then the preview has what would be deleted all the same, no more
    Preview preview;
    int64_t unchanged = 0;  // objects; the preview need not list them
    std::optional<HeldPrune> held;
  };
  Result<PlanAnswer> PlanManifests(const std::string& source, const PlanInput& input,
                                   const PlanInput* base = nullptr);
  // Which of these files, given without their bytes, it cannot plan with: as numbers in `files`.
  // What was read for the source's newest commit is known by path and blob id.
  Result<std::vector<size_t>> FilesToSend(const std::string& source,
                                          const std::vector<ManifestFile>& files) const;
  // What applying the newest commit of `source`, as it was read last, would do; `*commit` is its
  // id. Blocks the loop for the time of planning. Unavailable when it was not read; Invalid when
  // it has errors.
  Result<PlanAnswer> PlanNewest(const std::string& source, std::string* commit) const;
  // A plan that is to be made elsewhere: it holds the model of one moment, which nothing changes.
  struct PlanWork {
    std::string commit;  // whose it is; empty when it is none's
    // PURE, once, on any thread; the controller may be gone meanwhile. When `stop` is set it ends
    // soon, as at the limits of a preview (reconciler/preview.h).
    std::function<Result<PlanAnswer>(const std::atomic<bool>& stop)> plan;
  };
  // PlanManifests and PlanNewest, to be made elsewhere: what they find out is not remembered.
  Result<PlanWork> PrepareManifests(const std::string& source, PlanInput input,
                                    std::optional<PlanInput> base) const;
  Result<PlanWork> PrepareNewest(const std::string& source) const;
  // What applying the commit that `revision` names in the source's repository (a branch, a tag, an
  // id) would do. `done` is called later, once: Unavailable when it is not read in time or too many
  // ask, Invalid for what there is not. The source follows what it follows.
  static constexpr size_t kMaxRevisionsRead = 8;  // at once
  void PrepareRevision(const std::string& source, const std::string& revision,
                       SecretsInPlan secrets, std::function<void(Result<PlanWork>)> done);
  // What declaring these manifests too, in place of the objects that they name again, would do.
  Result<PlanWork> PrepareAddition(const std::string& source, std::string manifests,
                                   SecretsInPlan secrets) const;
  // Opens a pod container's log. NotFound when there is no such pod, or it is on no host yet.
  Result<StreamHandle> OpenLogs(const std::string& namespace_name, const std::string& pod,
                                LogRequest request, LogSink sink);
  // Opens a stream both ways into a pod; `request.pod_uid` is filled in here. Errors as OpenLogs;
  // what the pod's agent refuses comes as the stream's end.
  Result<std::shared_ptr<PodStream>> OpenPodStream(const std::string& namespace_name,
                                                   const std::string& pod, PodStreamRequest request,
                                                   PodStreamSink sink);
  // The last commits of `source` ("" is all of them) and what became of them, newest first.
  // NotFound when there is no source of this name.
  struct HistoryEntry {
    std::string source;
    SourceRevision revision;
    bool in_force = false;
    std::optional<TraceSummary> timing;  // none: this controller has not followed it
  };
  Result<std::vector<HistoryEntry>> History(const std::string& source) const;
  // The network of every node's host, as it was told last, sorted by node.
  struct HostNetwork {
    std::string node;
    std::string address;
    std::string pod_cidr;
    bool connected = false;
    Revision wanted_revision = 0;  // of the newest assignment; 0: none was sent
    NetworkReport network;
  };
  std::vector<HostNetwork> Networks() const;
  // What hosts and pods use.
  const UsageHistory& Usage() const;
  // When each node's agent was heard last, by node, and for how long that holds; without those that
  // this controller has not heard.
  struct Heartbeats {
    std::map<std::string, WallTime> heard;
    int64_t lease_ms = 0;
  };
  Heartbeats LastHeartbeats() const;
  // What is not converged yet, one line each with the reason; empty when converged.
  std::vector<std::string> Unconverged() const;
  // What is as Kubernetes has it and yet surprises, one line each.
  std::vector<std::string> Notes() const;
  // What this controller is about to do or waits for, one line each. While it is not empty, nothing
  // can be said of convergence: Unconverged() speaks of the model as it is.
  std::vector<std::string> UnderWay() const;
  bool Settled() const { return UnderWay().empty(); }

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

// PURE: what an agent needs of the model (DESIGN 3). `cluster` must be in the state.
Assignment AssignmentFor(const std::string& node, const ClusterState& state);

}  // namespace reconcile
