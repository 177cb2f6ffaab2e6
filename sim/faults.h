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
  RestartChecker* restarts;          // told what ends by a fault
  std::function<bool()> all_follow;  // every agent obeys the controller's newest lineage
};

// Things go wrong at random moments, and people commit. Only what has an effect counts: a kill of
// something that does not run is none.
class Faults {
 public:
  Faults(uint64_t seed, const FaultTargets& targets, bool verbose);

  void Begin();
  // Everything works again, all that was lost is started anew.
  void End();
  // A hook is to be run on this host: its engine may crash in the midst of it.
  void OnHookAsked(const std::string& host);
  // How much longer than usual things go wrong: for as long as the controller was away for a day.
  int64_t extra_ms() const { return extra_ms_; }
  // How often each kind had an effect, those of the network and the engines included.
  std::map<std::string, int64_t> Counts() const;

 private:
  // Happens again and again, at random moments about `mean_ms` apart; `fault` says whether it had
  // an effect.
  void Repeat(const std::string& name, int64_t mean_ms, std::function<bool()> fault);
  void RepeatCommits();
  void RepeatControllerFaults();
  void RepeatHostFaults();
  // ---- faults_link.cc ----
  void RepeatLinkFaults();
  bool CloseOneWay(Way way);
  bool CloseFor(const std::string& node, Way way, int64_t for_ms);
  bool Swizzle();
  bool SlowDown();
  // ---- faults_loss.cc ----
  void RepeatLossFaults();
  bool BringOldBack();
  // ---- faults_nodes.cc ----
  void RepeatNodeOperations();
  void UncordonAll();
  void RepeatShortages();
  // ---- faults_hooks.cc ----
  void RepeatHookFaults();
  void CrashAmidHook(SimHost* host);
  // ---- faults_machine.cc ----
  void RepeatMachineFaults();
  bool SuspendHost();
  bool SuspendController();
  int64_t PickJump(int64_t offset_ms);
  // Once, in some worlds: the controller is away for a day, and little else happens.
  void PlanAbsence();
  void BeginAbsence();
  void KillNowAndThen();
  void RepeatEngineFaults();
  void RepeatContainerFaults();
  bool KillContainer(bool sandbox, bool destroy);
  bool MakeProgramIll();
  bool CrashEngine(bool live_restore);
  void RestartEngine(SimHost* host);
  // One that runs, sandboxes or others; "" when there is none.
  std::string PickLive(const SimHost& host, bool sandbox);
  SimHost& PickHost();
  void Say(const std::string& what) const;
  int64_t Between(int64_t least_ms, int64_t most_ms);

  FaultTargets targets_;
  bool verbose_;
  SeededRandom random_;
  VirtualLoop fate_;
  std::map<std::string, int64_t> counts_;
  bool go_on_ = true;
  bool awaits_hook_ = false;  // to crash the engine that runs the next one
  int64_t paused_until_ms_ = 0;
  int64_t extra_ms_ = 0;
};

}  // namespace reconcile
