#pragma once

#include <memory>
#include <string>
#include <vector>

#include "controller/controller.h"
#include "sim/disk/sim_disk.h"
#include "sim/sim_link.h"
#include "sim/virtual_loop.h"
#include "source/fake_source.h"

namespace reconcile {

// The controller of the simulated world, on SQLite over a disk that outlives its processes.
// Remembers what the store acknowledged, and checks at each start that it is still there.
class SimController {
 public:
  SimController(uint64_t seed, VirtualTime* time, SimNetwork* network);
  ~SimController();

  void Start();  // no effect when it runs
  void Kill(bool power_loss);
  bool runs() const { return process_ != nullptr; }
  void SetCommit(const FetchedCommit& commit);
  // People confirm what is held. True when something was.
  bool ConfirmHolds();

  Controller* controller() { return process_ == nullptr ? nullptr : process_->controller.get(); }
  std::shared_ptr<const ClusterState> State() const { return process_->store->Snapshot(); }
  Result<std::vector<Change>> ChangesSince(Revision revision) const {
    return process_->store->ChangesSince(revision);
  }
  const std::vector<std::string>& violations() const { return violations_; }

 private:
  class AcknowledgedStore;
  struct Process {
    explicit Process(VirtualTime* time, uint64_t seed) : loop(time), random(seed), source(&loop) {}
    VirtualLoop loop;
    SeededRandom random;
    std::unique_ptr<Store> store;
    FakeSource source;
    std::unique_ptr<AgentLink> link;
    std::unique_ptr<Controller> controller;
  };
  void CheckAcknowledged(const ClusterState& state);

  VirtualTime* time_;
  SimNetwork* network_;
  SeededRandom random_;
  SimDisk disk_;
  std::string secret_key_;
  FetchedCommit commit_;
  std::shared_ptr<const ClusterState> acknowledged_;
  std::vector<std::string> violations_;
  std::unique_ptr<Process> process_;
};

}  // namespace reconcile
