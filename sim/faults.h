#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/checkers.h"
#include "sim/sim_controller.h"
#include "sim/sim_host.h"
#include "sim/workload.h"

namespace reconcile {

// What faults happen to. Borrowed.
struct FaultTargets {
  VirtualTime* time;
  SimNetwork* network;
  SimController* controller;
  Workload* workload;
  const std::vector<std::unique_ptr<SimHost>>* hosts;
  RestartChecker* restarts;  // told what ends by a fault
};

// Things go wrong at random moments, and people commit. Only what has an effect counts: a kill of
// something that does not run is none.
class Faults {
 public:
  Faults(uint64_t seed, const FaultTargets& targets, bool verbose);

  void Begin();
  // Everything works again, all that was lost is started anew.
  void End();
  // How often each kind had an effect, those of the network and the engines included.
  std::map<std::string, int64_t> Counts() const;

 private:
  // Happens again and again, at random moments about `mean_ms` apart; `fault` says whether it had
  // an effect.
  void Repeat(const std::string& name, int64_t mean_ms, std::function<bool()> fault);
  void RepeatCommits();
  void RepeatControllerFaults();
  void RepeatHostFaults();
  void RepeatEngineFaults();
  void RepeatContainerFaults();
  bool CrashEngine(bool live_restore);
  void RestartEngine(SimHost* host);
  // One that runs, sandboxes or others; "" when there is none.
  std::string PickLive(const SimHost& host, bool sandbox);
  SimHost& PickHost();
  int64_t Between(int64_t least_ms, int64_t most_ms);

  FaultTargets targets_;
  bool verbose_;
  SeededRandom random_;
  VirtualLoop fate_;
  std::map<std::string, int64_t> counts_;
  bool go_on_ = true;
};

}  // namespace reconcile
