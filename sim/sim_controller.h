#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/checkers.h"
#include "sim/controller_process.h"

namespace reconcile {

// The controller of the simulated world, on SQLite over a disk that outlives its processes.
// Remembers what the store acknowledged, and checks at each start that exactly this is there, or
// this and the one commit that was under way when the power failed.
class SimController {
 public:
  // Told of every state that became durable, and of the one before it (null: none).
  using Observer = std::function<void(const ClusterState* before, const ClusterState& after)>;

  // `nodes` are those whose agents have certificates.
  SimController(uint64_t seed, VirtualTime* time, SimNetwork* network,
                std::vector<std::string> nodes);
  ~SimController();
  void SetObserver(Observer observer) { observer_ = std::move(observer); }
  // Told when the database is lost or replaced, before it is.
  void SetLossObserver(std::function<void()> observer) { loss_observer_ = std::move(observer); }

  // From its next start on: when a host counts as silent, and from then on until its pods are
  // replaced.
  void SetPatience(int64_t silent_ms, int64_t replace_ms) {
    people_.node_silent_ms = silent_ms;
    people_.unreachable_toleration_ms = replace_ms;
  }

  void Start();  // no effect when it runs
  // The process ends; it starts again after `down_ms`. False when it does not run.
  bool Kill(int64_t down_ms);
  // The machine loses its power, now or in the midst of the next commit. False when it does not
  // run.
  bool LosePower(int64_t down_ms, bool in_commit);
  // As Kill, and nothing that was on its way brings it back earlier.
  bool StayAway(int64_t down_ms);
  // Copies the database while the controller runs. False when it does not.
  bool TakeBackup();
  // A copy is put back as the beginning of a new lineage; the database is lost, the CA is not. Both
  // false when there is nothing to replace, or no copy.
  bool Restore(int64_t down_ms);
  bool Wipe(int64_t down_ms);
  // The controller that was replaced last comes back beside the new one, at
  // OldController::kAddress. False when none was, or it is there already.
  bool BringOldBack();
  void EndOld() { old_.reset(); }
  // What the controller began last; "" before it did.
  std::string Lineage() const;
  // The machine sleeps: clocks go on, nothing runs, and none of the above happens.
  bool Suspend();
  bool Resume();
  bool JumpWallClock(int64_t by_ms);
  int64_t wall_offset_ms() const { return machine_.wall_offset_ms(); }
  // No power loss is on its way any more, and the controller runs.
  void Recover();
  // The next fetches of the repository fail. False when it does not run.
  bool FailFetches(int times);
  // What people tell about a host. False when the controller refuses, or does not run.
  bool Cordon(const std::string& node);
  bool Uncordon(const std::string& node);
  bool Drain(const std::string& node, bool force, int64_t for_ms);
  bool runs() const { return process_ != nullptr; }
  // Grows with every start; the second also when it stood still.
  uint64_t process_number() const { return process_number_; }
  uint64_t run_number() const { return process_number_ + sleeps_; }
  // Whether the process is the one of this run, and neither it nor its disk stood still since.
  bool HasRunSince(uint64_t run_number) const;
  void SetCommit(const FetchedCommit& commit);
  // People confirm what is held. True when something was.
  bool ConfirmHolds();

  Controller* controller() { return process_ == nullptr ? nullptr : process_->controller.get(); }
  std::shared_ptr<const ClusterState> State() const { return process_->store->Snapshot(); }
  // The newest state that is known to be durable; null before the first commit.
  const std::shared_ptr<const ClusterState>& acknowledged() const { return acknowledged_; }
  Result<std::vector<Change>> ChangesSince(Revision revision) const {
    return process_->store->ChangesSince(revision);
  }
  int64_t power_losses_in_commits() const { return power_losses_in_commits_; }
  const std::vector<std::string>& violations() const { return violations_.list(); }

 private:
  class AcknowledgedStore;
  Status StartProcess();
  void Acknowledge(std::shared_ptr<const ClusterState> state);
  // A commit failed. When the power is off, what it attempted may be there nevertheless.
  void OnRefused(const std::shared_ptr<const ClusterState>& current,
                 const Transaction& transaction);
  void CheckAcknowledged(std::shared_ptr<const ClusterState> state);
  void PowerOff();
  bool ReplaceDatabase(const SimDisk::Copy& copy, int64_t down_ms);
  // As `reconcile restore` does: what starts on this database begins a lineage.
  Status MarkRestored(Store* store);
  void StartLater(int64_t down_ms);

  VirtualTime* time_;
  SimNetwork* network_;
  VirtualMachine machine_;
  VirtualLoop loop_;  // the machine's own
  SeededRandom random_;
  SimDisk disk_;
  std::vector<std::string> nodes_;
  std::vector<FetchedCommit> commits_;  // the repository's, oldest first
  ControllerOptions people_;            // what they have configured
  Observer observer_;
  std::function<void()> loss_observer_;
  std::deque<SimDisk::Copy> backups_;  // newest last
  std::optional<SimDisk::Copy> replaced_;
  int64_t lineage_after_ms_ = 0;  // beside the CA
  bool restored_ = false;         // the next start is on a copy
  std::shared_ptr<const ClusterState> acknowledged_;
  std::shared_ptr<const ClusterState> attempted_;  // what stands if the commit under way is there
  uint64_t process_number_ = 0;
  uint64_t sleeps_ = 0;
  uint64_t starts_ = 0;        // to come: only the newest is waited for
  int64_t down_ms_ = 0;        // after a power loss in a commit
  uint64_t power_losses_ = 0;  // asked for in a commit: only the newest is waited for
  int64_t power_losses_in_commits_ = 0;
  Violations violations_;
  std::unique_ptr<ControllerProcess> process_;
  std::unique_ptr<OldController> old_;
};

}  // namespace reconcile
