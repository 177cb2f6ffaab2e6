#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "agent/fake_host_files.h"
#include "agent/fake_prober.h"
#include "net/fake_network.h"
#include "runtime/fake_runtime.h"
#include "sim/checkers.h"
#include "sim/ill_programs.h"
#include "sim/sim_link.h"
#include "sim/virtual_loop.h"

namespace reconcile {

// A host of the simulated world: its engine, its devices and its disk outlive the agent's
// processes.
class SimHost {
 public:
  SimHost(std::string name, uint64_t seed, bool live_restore, VirtualTime* time,
          SimNetwork* network);
  ~SimHost();

  // Told of every change that the engine makes.
  void SetObserver(std::function<void(const FakeChange&)> observer);

  // How programs answer probes; else as `programs` has it.
  void SetAnswers(FakeProber::Program answers) { answers_ = std::move(answers); }
  IllPrograms& programs() { return programs_; }
  const IllPrograms& programs() const { return programs_; }

  // These are false when there is nothing to do.
  bool StartAgent();
  bool KillAgent();
  bool agent_runs() const { return process_ != nullptr; }
  bool CrashEngine();
  bool StartEngine();  // without live restore, containers end in it
  // The machine sleeps: clocks go on, nothing runs, nothing of the above happens.
  bool Suspend();
  bool Resume();
  bool JumpWallClock(int64_t by_ms);
  int64_t wall_offset_ms() const { return machine_.wall_offset_ms(); }
  // The power fails: every process and device is gone; the disk keeps what was synced. PowerOn
  // brings it back.
  bool PowerOff();
  void PowerOn();

  // What is left of the host's own beside what containers and images take of it.
  struct Free {
    int64_t memory_bytes = int64_t{6} << 30;  // of 8 GiB
    int64_t disk_bytes = int64_t{80} << 30;   // of 100 GiB
    int64_t processes = 30'000;               // of 32,000
    friend bool operator==(const Free&, const Free&) = default;
  };
  bool SetFree(const Free& free);

  const std::string& name() const { return name_; }
  bool live_restore() const { return live_restore_; }
  // Each pod has a sandbox here: the agent has no program that waits for the network.
  bool has_sandboxes() const { return has_sandboxes_; }
  bool awake() const { return powered_ && !machine_.suspended(); }
  FakeEngine& engine() { return engine_; }
  const FakeEngine& engine() const { return engine_; }
  FakeNetwork& devices() { return devices_; }
  const FakeNetwork& devices() const { return devices_; }
  const FakeHostFiles& files() const { return files_; }
  // As a program that finds it mounted does; `path` as HostFiles has it.
  void WriteFile(const std::string& path, const std::string& bytes);
  // No application runs without its network.
  const std::vector<std::string>& violations() const { return violations_.list(); }
  bool Settled() const { return process_ != nullptr && process_->agent.Settled(); }

 private:
  // What ends with the agent's process. Members end in the reverse order.
  struct Process {
    Process(SimHost* host, uint64_t seed);
    VirtualLoop loop;
    SeededRandom random;
    std::unique_ptr<ContainerRuntime> runtime;
    std::unique_ptr<HostNetwork> devices;
    FakeProber prober;
    std::unique_ptr<ControllerLink> link;
    Agent agent;
  };

  void OnEngineChange(const FakeChange& change);
  void OnBegin(const ContainerInfo& container);
  AgentOptions Options() const;
  HostUse Use() const;
  FileSystemSpace Space() const;
  std::optional<ProbeOutcome> Answer(const ProbeRequest& request) const;

  std::string name_;
  bool live_restore_;
  bool has_sandboxes_;
  VirtualTime* time_;
  SimNetwork* network_;
  SeededRandom random_;
  VirtualMachine machine_;
  VirtualLoop loop_;  // the host's own: the engine and the kernel
  FakeEngine engine_;
  FakeNetwork devices_;
  FakeHostFiles files_;
  std::function<void(const FakeChange&)> observer_;
  FakeProber::Program answers_;
  IllPrograms programs_;
  std::map<std::string, int64_t> process_ids_;  // of what runs, by the engine's ids
  Violations violations_;
  Free free_;
  bool powered_ = true;
  int boots_ = 1;
  std::unique_ptr<Process> process_;
};

}  // namespace reconcile
