#pragma once

#include <memory>
#include <string>

#include "agent/agent.h"
#include "agent/fake_host_files.h"
#include "net/fake_network.h"
#include "runtime/fake_runtime.h"
#include "sim/sim_link.h"
#include "sim/virtual_loop.h"

namespace reconcile {

// A host of the simulated world: its engine, its devices and its disk outlive the agent's
// processes.
class SimHost {
 public:
  SimHost(std::string name, uint64_t seed, VirtualTime* time, SimNetwork* network);
  ~SimHost();

  void StartAgent();  // no effect when it runs, or when the host is down
  void KillAgent();
  bool agent_runs() const { return process_ != nullptr; }
  void CrashEngine();
  void StartEngine();
  // The power fails: every process and device is gone; the disk keeps what was synced. PowerOn
  // brings it back.
  void PowerOff();
  void PowerOn();

  const std::string& name() const { return name_; }
  FakeEngine& engine() { return engine_; }
  bool Settled() const { return process_ != nullptr && process_->agent.Settled(); }

 private:
  // What ends with the agent's process. Members end in the reverse order.
  struct Process {
    Process(SimHost* host, uint64_t seed);
    VirtualLoop loop;
    SeededRandom random;
    std::unique_ptr<ContainerRuntime> runtime;
    std::unique_ptr<HostNetwork> devices;
    std::unique_ptr<ControllerLink> link;
    Agent agent;
  };

  std::string name_;
  VirtualTime* time_;
  SimNetwork* network_;
  SeededRandom random_;
  VirtualLoop loop_;  // the host's own: the engine and the kernel
  FakeEngine engine_;
  FakeNetwork devices_;
  FakeHostFiles files_;
  bool powered_ = true;
  std::unique_ptr<Process> process_;
};

}  // namespace reconcile
