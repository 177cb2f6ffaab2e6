#include "controller/core.h"

#include <algorithm>

#include "base/ids.h"
#include "base/log.h"
#include "controller/convergence.h"
#include "controller/plan_manifests.h"
#include "controller/recovery.h"
#include "controller/source_status.h"
#include "net/ipam.h"
#include "reconciler/foresee.h"
#include "reconciler/source_operations.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr int64_t kStoreRetryFirstMs = 200;
constexpr int64_t kStoreRetryMostMs = 10'000;
constexpr size_t kMaxTombstonesPerNode = 1'000;
constexpr int kMaxConflictsPerTurn = 3;

std::string RandomHex(Random* random) {
  return Sha256Hex(std::to_string(random->Next()) + "/" + std::to_string(random->Next()) + "/" +
                   std::to_string(random->Next()) + "/" + std::to_string(random->Next()))
      .substr(0, 16);
}

void AddWrites(const Transaction& transaction, WriteSet* writes) {
  for (const Write& write : transaction.writes) (*writes)[write.key] = write.object;
}

}  // namespace

void PutBoth(ObjectPtr object, ClusterState* state, WriteSet* writes) {
  (*writes)[object->key()] = object;
  state->Put(std::move(object));
}

void DeleteBoth(const ObjectKey& key, ClusterState* state, WriteSet* writes) {
  (*writes)[key] = nullptr;
  state->Delete(key);
}

void AddTombstone(const std::string& uid, std::vector<std::string>* tombstones) {
  if (std::find(tombstones->begin(), tombstones->end(), uid) != tombstones->end()) return;
  tombstones->push_back(uid);
  if (tombstones->size() > kMaxTombstonesPerNode) tombstones->erase(tombstones->begin());
}

Controller::Core::Core(ControllerOptions options, EventLoop* loop, Random* random, Store* store,
                       ManifestSource* source, AgentLink* link)
    : options_(std::move(options)),
      loop_(loop),
      random_(random),
      store_(store),
      source_(source),
      link_(link) {}

Status Controller::Core::Start() {
  started_at_ = loop_->now().mono;
  RETURN_IF_ERROR(Identify());
  started_ = true;
  const std::weak_ptr<Core> weak = weak_from_this();
  link_->SetHandler({
      .on_connected =
          [weak](const std::string& node) {
            if (auto core = weak.lock()) core->OnConnected(node);
          },
      .on_disconnected =
          [weak](const std::string& node) {
            if (auto core = weak.lock()) core->OnDisconnected(node);
          },
      .on_report =
          [weak](const Report& report) {
            if (auto core = weak.lock()) core->OnReport(report);
          },
      .on_inventory =
          [weak](const Inventory& inventory) {
            if (auto core = weak.lock()) core->OnInventory(inventory);
          },
  });
  for (const SourceConfig& config : options_.sources) {
    Followed& followed = followed_[config.name];
    followed.config = config;
    Follow(&followed);
  }
  // A node that was here before has one lease to be heard again.
  store_->Snapshot()->ForEach<Node>([this](const std::shared_ptr<const Node>& node) {
    Heard& heard = heard_[node->metadata.name];
    heard.last_heard = started_at_;
    heard.unheard_of = true;
  });
  awake_at_ = started_at_;
  WatchSleep();
  RequestTurn();
  return OkStatus();
}

// Nothing started by this controller may run any more once it is gone.
void Controller::Core::Stop() {
  started_ = false;
  if (turn_timer_ != 0) loop_->Cancel(turn_timer_);
  if (sleep_timer_ != 0) loop_->Cancel(sleep_timer_);
  for (auto& [name, followed] : followed_) {
    if (followed.timer != 0) loop_->Cancel(followed.timer);
  }
  link_->SetHandler({});
}

// The cluster's identity, made at the first start, and a new epoch at every start: agents obey the
// newest.
Status Controller::Core::Identify() {
  const auto state = store_->Snapshot();
  auto cluster = std::make_shared<Cluster>();
  WriteSet writes;
  if (const auto existing = state->Find<Cluster>("", "cluster")) {
    RETURN_IF_ERROR(IdentifyAs(*existing, cluster.get()));
  } else {
    cluster->metadata.name = "cluster";
    cluster->metadata.creation_timestamp = loop_->now().wall;
    cluster->cluster_id = options_.cluster_id.empty() ? RandomHex(random_) : options_.cluster_id;
    cluster->pod_cidr = options_.pod_cidr.empty() ? kDefaultPodCidr : options_.pod_cidr;
    cluster->metadata.uid = DeriveUid({"cluster", cluster->cluster_id});
  }
  RETURN_IF_ERROR(SetNetwork(*state, cluster.get()));
  cluster->unreachable_toleration_ms = options_.unreachable_toleration_ms;
  // Restored, or quite new.
  if (cluster->lineage.empty()) BeginLineage(*state, cluster.get(), &writes);
  RETURN_IF_ERROR(SignLineage(cluster.get()));
  cluster->epoch += 1;
  writes[cluster->key()] = cluster;
  Transaction transaction;
  for (const auto& [key, object] : writes) transaction.writes.push_back({key, object});
  const Result<Revision> committed = store_->Commit(transaction, state->revision());
  return committed.status().WithContext("cannot begin a new controller epoch");
}

// As the options have it; what they do not say stays.
Status Controller::Core::SetNetwork(const ClusterState& state, Cluster* cluster) const {
  const auto set = [](const std::string& option, std::string* field) {
    if (!option.empty()) *field = option;
  };
  if (!options_.service_cidr.empty() && options_.service_cidr != cluster->service_cidr) {
    for (const auto& [key, object] : state.Objects(Kind::kService)) {
      const std::string& address = As<Service>(*object)->spec.cluster_ip;
      if (address.empty() || address == kHeadlessIp) continue;
      return InvalidError("serviceCIDR is set to " + options_.service_cidr +
                          ", but Services of this cluster have addresses of " +
                          cluster->service_cidr + ". Set serviceCIDR to " + cluster->service_cidr +
                          " or leave it out");
    }
  }
  set(options_.service_cidr, &cluster->service_cidr);
  set(options_.cluster_domain, &cluster->cluster_domain);
  set(options_.network_backend, &cluster->network_backend);
  const Result<Cidr> pods = Cidr::Parse(cluster->pod_cidr);
  const Result<Cidr> services = Cidr::Parse(cluster->service_cidr);
  if (!services.ok()) return services.status().WithContext("serviceCIDR");
  if (pods.ok() && (pods->Contains(services->base) || services->Contains(pods->base))) {
    return InvalidError("addresses of pods (podCIDR " + cluster->pod_cidr +
                        ") and of Services (serviceCIDR " + cluster->service_cidr +
                        ") overlap: set serviceCIDR to a range of its own");
  }
  return OkStatus();
}

Status Controller::Core::IdentifyAs(const Cluster& known, Cluster* cluster) const {
  *cluster = known;
  if (!options_.pod_cidr.empty() && options_.pod_cidr != known.pod_cidr) {
    return InvalidError("podCIDR is set to " + options_.pod_cidr + ", but this cluster has " +
                        known.pod_cidr +
                        " since it began, and running pods have addresses of it. Set podCIDR to " +
                        known.pod_cidr + " or leave it out");
  }
  if (!options_.cluster_id.empty() && options_.cluster_id != known.cluster_id) {
    return InvalidError("the database is of cluster " + known.cluster_id +
                        ", the folder of keys (ca) of cluster " + options_.cluster_id +
                        ": put the folder back that belongs to this database");
  }
  // Gone from the CA means gone for good.
  std::erase_if(cluster->missing_nodes, [&](const std::string& name) {
    return std::find(options_.expected_nodes.begin(), options_.expected_nodes.end(), name) ==
           options_.expected_nodes.end();
  });
  return OkStatus();
}

void Controller::Core::RequestTurn() {
  if (turn_posted_ || !started_) return;
  turn_posted_ = true;
  loop_->Post([weak = weak_from_this()] {
    if (auto core = weak.lock()) core->RunTurn();
  });
}

void Controller::Core::ScheduleTurn(MonoTime due) {
  if (turn_timer_ != 0 && turn_due_ <= due) return;
  if (turn_timer_ != 0) loop_->Cancel(turn_timer_);
  turn_due_ = due;
  turn_timer_ = loop_->At(due, [weak = weak_from_this()] {
    auto core = weak.lock();
    if (core == nullptr) return;
    core->turn_timer_ = 0;
    core->RequestTurn();
  });
}

namespace {

ControllerObserver::TurnEnd EndOfTurn(const Status& status) {
  if (status.ok()) return ControllerObserver::TurnEnd::kDone;
  return status.code() == StatusCode::kConflict ? ControllerObserver::TurnEnd::kConflict
                                                : ControllerObserver::TurnEnd::kRefused;
}

}  // namespace

void Controller::Core::RunTurn() {
  turn_posted_ = false;
  if (!started_) return;
  for (int attempt = 0; attempt < kMaxConflictsPerTurn; ++attempt) {
    Tell([](ControllerObserver* observer) { observer->OnTurnBegin(); });
    const Status status = Turn();
    Tell([&](ControllerObserver* observer) { observer->OnTurnEnd(EndOfTurn(status)); });
    if (status.ok()) {
      store_failures_ = 0;
      store_refusal_.clear();
      return;
    }
    if (status.code() == StatusCode::kConflict) continue;
    const int64_t delay_ms =
        std::min(kStoreRetryMostMs, kStoreRetryFirstMs << std::min(store_failures_, 10));
    ++store_failures_;
    store_refusal_ = status.message();
    LogError("the store refused a commit; nothing was sent out",
             {{"error", status.ToString()}, {"retry_ms", std::to_string(delay_ms)}});
    ScheduleTurn(loop_->now().mono + delay_ms);
    return;
  }
  RequestTurn();
}

// One turn: what was heard and what Git declares go into the model, the core plans, the store makes
// it durable, and only then agents hear of it.
Status Controller::Core::Turn() {
  const Now now = loop_->now();
  NoticeSleep(now.mono);
  LookAtRevocations();
  const auto snapshot = store_->Snapshot();
  ClusterState state = *snapshot;
  WriteSet writes;
  std::vector<Reason> reasons;
  const bool recovering = IsRecovering();
  for (auto& [name, heard] : heard_) AskInventory(name, &heard);
  merging_ = Unheard().empty();
  if (!merging_) {
    ScheduleTurn(started_at_ + options_.recovery_wait_ms);
    TakeReports(&state, &writes, &reasons, now);
    return Finish(*snapshot, state, SourceTurn(), reasons, false, &writes, now);
  }
  RememberRevocations(&state, &writes);
  // First: what was made for pods that a revoked host had is not one too many.
  TakeRevocations(&state, &writes, &reasons, now);
  MergeInventories(&state, &writes, &reasons, now);
  TakeReports(&state, &writes, &reasons, now);
  SourceTurn sources;
  bool planning = true;
  // Where nothing runs, nothing has to be kept.
  if (recovering && !state.Objects(Kind::kPod).empty()) {
    planning = RecoveredSources(&state, &writes, &sources, now);
    sources.waves = WaveRule::kIgnore;
  } else {
    sources = ChangesToApply(&state, &writes, now);
  }
  if (recovering && planning) {
    EndRecovery(&state, &writes);
  }
  if (planning) SettleRecovered(&state, &writes);
  return Finish(*snapshot, std::move(state), std::move(sources), reasons, planning, &writes, now);
}

Status Controller::Core::Finish(const ClusterState& snapshot, ClusterState state,
                                SourceTurn sources, const std::vector<Reason>& reasons,
                                bool planning, WriteSet* writes, Now now) {
  Plan plan;
  const bool begins = planning && BeginsCommit(sources);
  if (planning) {
    plan = Reconcile(state, sources.changes, now, &settled_, sources.waves, &foreseen_);
  }
  TakeWaits(plan, snapshot, &sources, &state, writes, now);
  std::vector<Reason> all_reasons = reasons;
  all_reasons.insert(all_reasons.end(), sources.reasons.begin(), sources.reasons.end());
  AddWrites(plan.transaction, writes);
  AddWrites(RecordReasons(Apply(state, plan.transaction), all_reasons, now), writes);
  Transaction transaction;
  for (const auto& [key, object] : *writes) transaction.writes.push_back({key, object});
  const MonoTime planned = loop_->now().mono;
  if (!transaction.empty()) {
    const Result<Revision> committed = store_->Commit(transaction, snapshot.revision());
    if (committed.status().code() == StatusCode::kInvalid &&
        LeaveOut(sources, committed.status())) {
      return ConflictError("to be planned again without what the store refused");
    }
    if (!committed.ok()) return committed.status();
    if (planning) AddTombstones(transaction, snapshot);
  }
  TraceStored(sources, transaction, snapshot, planned);
  if (planning) NoteApplied(sources, !transaction.empty());
  if (planning) LookForRecovered();
  if (merging_) NoteMerged(*store_->Snapshot());
  for (auto& [name, heard] : heard_) {
    if (NeedsInventory(heard)) continue;  // its report waits for its inventory
    if (heard.pending) {
      heard.taken = std::move(heard.pending);
      heard.taken_at = now.mono;
      heard.marked_silent = false;
    }
    heard.pending.reset();
    heard.pending_events.clear();
  }
  if (!IsRecovering()) HandOut(store_->Snapshot());
  if (begins) Foresee(sources, now);
  SettleTraces();
  if (plan.wake_at) ScheduleTurn(*plan.wake_at);
  if (plan.more) RequestTurn();
  return OkStatus();
}

// A commit's first turn is as its plan has it, whatever came before; a commit with waves is here
// turn after turn.
bool Controller::Core::BeginsCommit(const SourceTurn& sources) {
  std::string commits;
  for (const Followed* followed : sources.changing) {
    commits += followed->config.name + ' ' + followed->commit->id + '\n';
  }
  if (commits.empty() || commits == foreseen_for_) return false;
  foreseen_for_ = std::move(commits);
  foreseen_.clear();
  return sources.waves == WaveRule::kHold;
}

// After what this turn decided is on its way. What was settled stays as it is for the next turn.
void Controller::Core::Foresee(const SourceTurn& sources, Now now) {
  reconcile::Settled settled = settled_;
  foreseen_ = ForeseeHosts(*store_->Snapshot(), sources.changes, now, {}, &settled);
}

void Controller::Core::AddTombstones(const Transaction& transaction, const ClusterState& before) {
  for (const Write& write : transaction.writes) {
    if (write.key.kind != Kind::kPod) continue;
    const auto pod = As<Pod>(before.Find(write.key));
    if (pod == nullptr || pod->spec.node_name.empty()) continue;
    if (write.object != nullptr && write.object->metadata.uid == pod->metadata.uid) continue;
    Heard& heard = heard_[pod->spec.node_name];
    AddTombstone(pod->metadata.uid, &heard.tombstones);
    heard.to_tell = true;
  }
}

Status Controller::Core::Confirm(const std::string& plan_hash) {
  const auto state = store_->Snapshot();
  std::shared_ptr<Source> found;
  state->ForEach<Source>([&](const std::shared_ptr<const Source>& source) {
    if (source->status.held && source->status.held->plan_hash == plan_hash) {
      found = std::make_shared<Source>(*source);
    }
  });
  if (found == nullptr) {
    return NotFoundError("no prune is held under '" + plan_hash +
                         "'; `reconcile status` shows what is held, if anything");
  }
  const std::string wanted = WantedCommit(found->spec, found->status, found->status.seen_commit);
  if (found->status.held->commit != wanted) {
    return ConflictError("commit " + found->status.held->commit.substr(0, 12) +
                         " was held, but another one is wanted now; see `reconcile status`");
  }
  found->status.held->confirmed = true;
  const Result<Revision> committed =
      store_->Commit(Transaction{{{found->key(), found}}}, state->revision());
  if (committed.ok()) RequestTurn();
  return committed.status();
}

Result<StreamHandle> Controller::Core::OpenLogs(const std::string& namespace_name,
                                                const std::string& pod, LogRequest request,
                                                LogSink sink) {
  const auto found = store_->Snapshot()->Find<Pod>(namespace_name, pod);
  if (found == nullptr) return NotFoundError("pod " + namespace_name + "/" + pod + " not found");
  if (found->spec.node_name.empty()) {
    return NotFoundError("pod " + namespace_name + "/" + pod +
                         " is on no host yet, so it has no log");
  }
  request.pod_uid = found->metadata.uid;
  return link_->OpenLogs(found->spec.node_name, request, std::move(sink));
}

Result<std::shared_ptr<PodStream>> Controller::Core::OpenPodStream(
    const std::string& namespace_name, const std::string& pod, PodStreamRequest request,
    PodStreamSink sink) {
  const auto found = store_->Snapshot()->Find<Pod>(namespace_name, pod);
  if (found == nullptr) return NotFoundError("pod " + namespace_name + "/" + pod + " not found");
  if (found->spec.node_name.empty()) {
    return NotFoundError("pod " + namespace_name + "/" + pod +
                         " is on no host yet, so nothing of it runs");
  }
  request.pod_uid = found->metadata.uid;
  return link_->OpenPodStream(found->spec.node_name, request, std::move(sink));
}

std::vector<std::string> Controller::Core::Unconverged() const {
  std::vector<std::string> lines;
  if (!store_refusal_.empty()) {
    lines.push_back("controller: its store refuses to write, so nothing is changed anywhere: " +
                    CutText(store_refusal_, kMaxConditionBytes));
  }
  const std::vector<std::string> of_state = UnconvergedIn(*State());
  lines.insert(lines.end(), of_state.begin(), of_state.end());
  return lines;
}

std::vector<std::string> Controller::Core::Notes() const {
  std::vector<std::string> notes = NotesOn(*State());
  if (recovered_left_ && !IsRecovering() && HasRecovered(*State())) {
    notes.push_back(
        "recovery: pods that no commit claims are kept until every source was applied, suspended "
        "ones too");
  }
  for (const auto& [name, followed] : followed_) {
    const std::vector<std::string> lines = WarningLines(name, followed.problems.warnings);
    notes.insert(notes.end(), lines.begin(), lines.end());
  }
  return notes;
}

std::vector<std::string> Controller::Core::UnderWay() const {
  std::vector<std::string> work;
  for (const auto& [name, followed] : followed_) {
    if (followed.fetching || followed.fetch_again) work.push_back("reading source " + name);
  }
  for (std::string& line : RecoveryWork()) work.push_back(std::move(line));
  if (!store_refusal_.empty()) {
    work.push_back("waiting for the store to take what is planned");
  } else if (turn_posted_) {
    work.push_back("planning");
  }
  return work;
}

}  // namespace reconcile
