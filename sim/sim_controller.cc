#include "sim/sim_controller.h"

#include <algorithm>

#include "store/prepared_commit.h"

namespace reconcile {
namespace {

constexpr size_t kMostBackups = 3;
constexpr uint64_t kMostChangesOfCommit = 8;   // of the disk; a power loss strikes in one of them
constexpr int64_t kPowerLossLimitMs = 10'000;  // when nothing is committed

SimLoss PickLoss(Random* random) { return kAllSimLosses[random->Below(kAllSimLosses.size())]; }

// How two states differ, in a few words; "" when they do not.
std::string DifferenceOf(const ClusterState& a, const ClusterState& b) {
  if (a.revision() != b.revision()) {
    return "revision " + std::to_string(a.revision()) + " and " + std::to_string(b.revision());
  }
  for (const Kind kind : kAllKinds) {
    for (const auto& [key, object] : a.Objects(kind)) {
      const ObjectPtr other = b.Find(key);
      if (other == nullptr) return ToString(key) + " is missing";
      if (!EqualObjects(*object, *other)) return ToString(key) + " is another";
    }
    for (const auto& [key, object] : b.Objects(kind)) {
      if (a.Find(key) == nullptr) return ToString(key) + " is too much";
    }
  }
  return "";
}

}  // namespace

// Passes everything on and tells the world what became of it.
class SimController::AcknowledgedStore final : public Store {
 public:
  AcknowledgedStore(std::unique_ptr<Store> store, SimController* controller)
      : store_(std::move(store)), controller_(controller) {}

  std::shared_ptr<const ClusterState> Snapshot() const override { return store_->Snapshot(); }
  Result<Revision> Commit(const Transaction& transaction, Revision expected) override {
    const std::shared_ptr<const ClusterState> current = store_->Snapshot();
    Result<Revision> committed = store_->Commit(transaction, expected);
    if (committed.ok()) {
      controller_->Acknowledge(store_->Snapshot());
    } else {
      controller_->OnRefused(current, transaction);
    }
    return committed;
  }
  Result<std::vector<Change>> ChangesSince(Revision revision) const override {
    return store_->ChangesSince(revision);
  }
  WatchId Watch(WatchFunction on_changes) override { return store_->Watch(std::move(on_changes)); }
  void Unwatch(WatchId watch) override { store_->Unwatch(watch); }
  Status Compact(Revision revision) override { return store_->Compact(revision); }

 private:
  std::unique_ptr<Store> store_;
  SimController* controller_;
};

SimController::SimController(uint64_t seed, VirtualTime* time, SimNetwork* network,
                             std::vector<std::string> nodes)
    : time_(time),
      network_(network),
      machine_(time),
      loop_(time, &machine_),
      random_(seed),
      disk_("sim-" + std::to_string(seed), seed),
      nodes_(std::move(nodes)) {}

SimController::~SimController() { process_.reset(); }

void SimController::Start() {
  if (process_ != nullptr) return;
  Status started = StartProcess();
  if (started.ok()) return;
  // The power may fail in the midst of a start, too.
  process_.reset();
  if (disk_.halted()) return PowerOff();
  violations_.Add("the controller does not start: " + started.ToString());
}

Status SimController::StartProcess() {
  ++process_number_;
  process_ = std::make_unique<ControllerProcess>(time_, &machine_, random_.Next());
  process_->options = people_;
  Result<std::unique_ptr<Store>> store = OpenSimStore(disk_);
  if (!store.ok()) return store.status();
  if (restored_) {
    RETURN_IF_ERROR(MarkRestored(store->get()));
    restored_ = false;
  }
  CheckAcknowledged((*store)->Snapshot());
  return process_->Start(std::make_unique<AcknowledgedStore>(std::move(store).value(), this),
                         commits_, nodes_, lineage_after_ms_,
                         network_->MakeControllerEnd(&process_->loop));
}

Status SimController::MarkRestored(Store* store) {
  const auto state = store->Snapshot();
  const auto known = state->Find<Cluster>("", "cluster");
  if (known == nullptr || known->lineage.empty()) return OkStatus();
  const auto cluster = std::make_shared<Cluster>(*known);
  cluster->lineage.clear();
  return store->Commit(Transaction{{{cluster->key(), cluster}}}, state->revision()).status();
}

void SimController::Acknowledge(std::shared_ptr<const ClusterState> state) {
  if (state == acknowledged_) return;
  if (observer_) observer_(acknowledged_.get(), *state);
  if (const auto cluster = state->Find<Cluster>("", "cluster")) {
    lineage_after_ms_ = std::max(lineage_after_ms_, cluster->lineage_began_ms);
  }
  acknowledged_ = std::move(state);
  attempted_.reset();
}

void SimController::OnRefused(const std::shared_ptr<const ClusterState>& current,
                              const Transaction& transaction) {
  if (!disk_.halted() || attempted_ != nullptr) return;
  ++power_losses_in_commits_;
  Result<PreparedCommit> prepared = PrepareCommit(current, transaction, current->revision());
  if (prepared.ok()) attempted_ = prepared->next;
  loop_.Post([this] { PowerOff(); });
}

void SimController::CheckAcknowledged(std::shared_ptr<const ClusterState> state) {
  if (acknowledged_ != nullptr) {
    const std::string lost = DifferenceOf(*acknowledged_, *state);
    const bool attempted = attempted_ != nullptr && DifferenceOf(*attempted_, *state).empty();
    if (!lost.empty() && !attempted) {
      violations_.Add("acknowledged was one thing and another came back: " + lost);
    }
  }
  Acknowledge(std::move(state));
  attempted_.reset();
}

void SimController::StartLater(int64_t down_ms) {
  const uint64_t start = ++starts_;
  loop_.After(down_ms, [this, start] {
    if (start == starts_) Start();
  });
}

bool SimController::Kill(int64_t down_ms) {
  if (process_ == nullptr || machine_.suspended()) return false;
  process_.reset();
  StartLater(down_ms);
  return true;
}

bool SimController::StayAway(int64_t down_ms) {
  if (disk_.halted() || !Kill(down_ms)) return false;
  ++power_losses_;
  return true;
}

bool SimController::Suspend() {
  if (process_ == nullptr || machine_.suspended()) return false;
  machine_.Suspend();
  ++sleeps_;
  return true;
}

bool SimController::HasRunSince(uint64_t run_number) const {
  return process_ != nullptr && run_number == this->run_number() && !disk_.halted() &&
         !machine_.suspended();
}

bool SimController::Resume() { return machine_.Resume(); }

bool SimController::JumpWallClock(int64_t by_ms) {
  if (machine_.suspended()) return false;
  machine_.JumpWallClock(by_ms);
  return true;
}

bool SimController::LosePower(int64_t down_ms, bool in_commit) {
  if (process_ == nullptr || disk_.halted() || machine_.suspended()) return false;
  down_ms_ = down_ms;
  if (!in_commit) {
    disk_.HaltNow(SimHalt::kPowerLoss, PickLoss(&random_));
    PowerOff();
    return true;
  }
  const auto nth = static_cast<int64_t>(1 + random_.Below(kMostChangesOfCommit));
  disk_.HaltAtChange(nth, SimHalt::kPowerLoss, PickLoss(&random_));
  const uint64_t loss = ++power_losses_;
  loop_.After(kPowerLossLimitMs, [this, loss] {
    if (loss != power_losses_) return;
    if (!disk_.halted()) disk_.HaltNow(SimHalt::kPowerLoss, PickLoss(&random_));
    PowerOff();
  });
  return true;
}

void SimController::PowerOff() {
  if (!disk_.halted()) return;
  ++power_losses_;
  process_.reset();
  disk_.Restart();
  StartLater(down_ms_);
}

void SimController::Recover() {
  machine_.Resume();
  ++starts_;
  ++power_losses_;  // the one that waits for a commit comes no more
  process_.reset();
  disk_.HaltNow(SimHalt::kProcessKilled, SimLoss::kAllKept);
  disk_.Restart();
  Start();
}

bool SimController::FailFetches(int times) {
  if (process_ == nullptr || machine_.suspended()) return false;
  process_->source.FailFetches(std::string(kSimRepository),
                               UnavailableError("the repository does not answer (injected)"),
                               times);
  return process_->controller->Sync("").ok();
}

bool SimController::Cordon(const std::string& node) {
  if (process_ == nullptr || machine_.suspended()) return false;
  return process_->controller->Cordon(node, {"ada", "for a look"}).ok();
}

bool SimController::Uncordon(const std::string& node) {
  if (process_ == nullptr || machine_.suspended()) return false;
  return process_->controller->Uncordon(node, {"ada", ""}).ok();
}

bool SimController::Drain(const std::string& node, bool force, int64_t for_ms) {
  if (process_ == nullptr || machine_.suspended()) return false;
  NodeDrain drain;
  drain.force = force;
  drain.until = WallTime{process_->loop.now().wall.ms + for_ms};
  return process_->controller->Drain(node, drain, {"ada", "kernel update"}).ok();
}

void SimController::SetCommit(const FetchedCommit& commit) {
  commits_.push_back(commit);
  if (process_ != nullptr) process_->source.SetCommit(std::string(kSimRepository), commit);
  if (old_ != nullptr) old_->SetCommit(commit);
}

bool SimController::ConfirmHolds() {
  if (process_ == nullptr || machine_.suspended()) return false;
  std::string hash;
  State()->ForEach<Source>([&](const std::shared_ptr<const Source>& source) {
    if (source->status.held && !source->status.held->confirmed) {
      hash = source->status.held->plan_hash;
    }
  });
  return !hash.empty() && process_->controller->Confirm(hash).ok();
}

bool SimController::TakeBackup() {
  if (process_ == nullptr || disk_.halted() || machine_.suspended()) return false;
  backups_.push_back(disk_.MakeCopy());
  if (backups_.size() > kMostBackups) backups_.pop_front();
  return true;
}

bool SimController::Restore(int64_t down_ms) {
  if (backups_.empty()) return false;
  const SimDisk::Copy copy = backups_[random_.Below(backups_.size())];
  if (!ReplaceDatabase(copy, down_ms)) return false;
  restored_ = true;
  return true;
}

bool SimController::Wipe(int64_t down_ms) {
  if (!ReplaceDatabase({}, down_ms)) return false;
  restored_ = false;
  return true;
}

bool SimController::ReplaceDatabase(const SimDisk::Copy& copy, int64_t down_ms) {
  if (old_ != nullptr || disk_.halted() || !Kill(down_ms)) return false;
  ++power_losses_;
  if (loss_observer_) loss_observer_();
  if (disk_.halted()) disk_.Restart();
  replaced_ = disk_.MakeCopy();
  disk_.PutBack(copy);
  acknowledged_.reset();
  attempted_.reset();
  return true;
}

bool SimController::BringOldBack() {
  if (!replaced_ || old_ != nullptr) return false;
  old_ = std::make_unique<OldController>(random_.Next(), time_, network_, *replaced_, commits_,
                                         nodes_);
  return true;
}

std::string SimController::Lineage() const {
  if (acknowledged_ == nullptr) return "";
  const auto cluster = acknowledged_->Find<Cluster>("", "cluster");
  return cluster == nullptr ? "" : cluster->lineage;
}

}  // namespace reconcile
