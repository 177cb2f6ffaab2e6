#include "sim/sim_controller.h"

#include "store/sqlite_store.h"

namespace reconcile {
namespace {

constexpr std::string_view kRepository = "/sim/repository";
constexpr size_t kSecretKeyLength = 32;

ControllerOptions Options() {
  ControllerOptions options;
  options.sources = {{"main", {std::string(kRepository), "", ""}}};
  return options;
}

SimLoss PickLoss(Random* random) { return kAllSimLosses[random->Below(kAllSimLosses.size())]; }

}  // namespace

// Passes everything on and remembers the newest state that was acknowledged.
class SimController::AcknowledgedStore final : public Store {
 public:
  AcknowledgedStore(std::unique_ptr<Store> store, SimController* controller)
      : store_(std::move(store)), controller_(controller) {}

  std::shared_ptr<const ClusterState> Snapshot() const override { return store_->Snapshot(); }
  Result<Revision> Commit(const Transaction& transaction, Revision expected) override {
    Result<Revision> committed = store_->Commit(transaction, expected);
    if (committed.ok()) controller_->acknowledged_ = store_->Snapshot();
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

SimController::SimController(uint64_t seed, VirtualTime* time, SimNetwork* network)
    : time_(time),
      network_(network),
      random_(seed),
      disk_("sim-" + std::to_string(seed), seed),
      secret_key_(kSecretKeyLength, 'k') {}

SimController::~SimController() { process_.reset(); }

void SimController::Start() {
  if (process_ != nullptr) return;
  auto process = std::make_unique<Process>(time_, random_.Next());
  SqliteStoreOptions options;
  options.path = "/cluster.db";
  options.vfs = disk_.vfs_name();
  options.lock_file = false;
  options.secret_key = secret_key_;
  Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  if (!store.ok()) {
    violations_.push_back("the store does not open: " + store.status().ToString());
    return;
  }
  CheckAcknowledged(*(*store)->Snapshot());
  process->store = std::make_unique<AcknowledgedStore>(std::move(store).value(), this);
  process->source.SetCommit(std::string(kRepository), commit_);
  process->link = network_->MakeControllerEnd(&process->loop);
  process->controller =
      std::make_unique<Controller>(Options(), &process->loop, &process->random,
                                   process->store.get(), &process->source, process->link.get());
  const Status started = process->controller->Start();
  if (!started.ok()) {
    violations_.push_back("the controller does not start: " + started.ToString());
    return;
  }
  process_ = std::move(process);
}

void SimController::CheckAcknowledged(const ClusterState& state) {
  if (acknowledged_ == nullptr) return;
  if (state.revision() < acknowledged_->revision()) {
    violations_.push_back("revision " + std::to_string(acknowledged_->revision()) +
                          " was acknowledged, the store came back at " +
                          std::to_string(state.revision()));
    return;
  }
  if (state.revision() != acknowledged_->revision()) return;
  for (const Kind kind : kAllKinds) {
    const ObjectMap& before = acknowledged_->Objects(kind);
    const ObjectMap& after = state.Objects(kind);
    if (before.size() != after.size()) {
      violations_.push_back(std::string(ToString(kind)) + ": " + std::to_string(before.size()) +
                            " acknowledged, " + std::to_string(after.size()) + " came back");
    }
  }
}

void SimController::Kill(bool power_loss) {
  if (process_ == nullptr) return;
  if (power_loss) disk_.HaltNow(SimHalt::kPowerLoss, PickLoss(&random_));
  process_.reset();
  if (power_loss) disk_.Restart();
}

void SimController::SetCommit(const FetchedCommit& commit) {
  commit_ = commit;
  if (process_ != nullptr) process_->source.SetCommit(std::string(kRepository), commit);
}

bool SimController::ConfirmHolds() {
  if (process_ == nullptr) return false;
  std::string hash;
  State()->ForEach<Source>([&](const std::shared_ptr<const Source>& source) {
    if (source->status.held && !source->status.held->confirmed) {
      hash = source->status.held->plan_hash;
    }
  });
  return !hash.empty() && process_->controller->Confirm(hash).ok();
}

}  // namespace reconcile
