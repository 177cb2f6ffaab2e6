#include "sim/simulation.h"

#include <cstdio>
#include <functional>

#include "base/ids.h"
#include "base/log.h"
#include "base/planted_bug.h"
#include "sim/checkers.h"
#include "sim/sim_controller.h"
#include "sim/sim_host.h"
#include "sim/workload.h"

namespace reconcile {
namespace {

constexpr int64_t kConfirmEveryMs = 10'000;
constexpr int64_t kPollMs = 1'000;
constexpr int64_t kAfterglowMs = 60'000;  // messages that were delayed before faults ended still arrive
constexpr LinkFaults kBadLink = {
    .lost_per_mille = 15, .repeated_per_mille = 30, .delayed_per_mille = 60};
constexpr FakeFaults kBadEngine = {.failed_per_mille = 10, .lost_reply_per_mille = 5};

// One world. The order of members is the order of life: hosts and controller go before the network
// and time.
class World {
 public:
  explicit World(const SimulationOptions& options);
  SimulationOutcome Run();

 private:
  // A kind of fault that happens again and again, at random moments about `mean_ms` apart.
  void Repeat(const std::string& name, int64_t mean_ms, std::function<void()> fault);
  void ScheduleFaults();
  void ScheduleHostFaults();
  void ScheduleConfirmations();
  void EndFaults();
  bool Converged();
  std::vector<std::string> WhyNotConverged();
  void CheckQuiet();
  SimHost& PickHost() { return *hosts_[random_.Below(hosts_.size())]; }
  int64_t Between(int64_t least_ms, int64_t most_ms) {
    return least_ms +
           static_cast<int64_t>(random_.Below(static_cast<uint64_t>(most_ms - least_ms)));
  }
  void Say(const std::string& text);
  void Violation(const std::string& text) { outcome_.violations.push_back(text); }

  SimulationOptions options_;
  SimulationOutcome outcome_;
  VirtualTime time_;
  SeededRandom random_;
  VirtualLoop fate_;  // on which faults and people act
  SimNetwork network_;
  DoubleChecker doubles_;
  Workload workload_;
  std::vector<std::unique_ptr<SimHost>> hosts_;
  SimController controller_;
  bool faults_go_on_ = true;
};

World::World(const SimulationOptions& options)
    : options_(options),
      random_(options.seed),
      fate_(&time_),
      network_(&time_, random_.Next()),
      workload_(random_.Next()),
      controller_(random_.Next(), &time_, &network_) {
  for (int i = 1; i <= options.hosts; ++i) {
    hosts_.push_back(
        std::make_unique<SimHost>("host-" + std::to_string(i), random_.Next(), &time_, &network_));
    hosts_.back()->engine().SetObserver(
        [this, name = hosts_.back()->name()](const FakeChange& change) {
          time_.Trace(Fnv1a64(change.what + change.container.name));
          doubles_.OnChange(name, change, time_.now().mono);
        });
  }
}

void World::Say(const std::string& text) {
  if (options_.verbose) {
    std::printf("%9.3f s  %s\n", static_cast<double>(time_.now().mono.ms) / 1000, text.c_str());
  }
}

void World::Repeat(const std::string& name, int64_t mean_ms, std::function<void()> fault) {
  fate_.After(Between(mean_ms / 4, mean_ms * 7 / 4), [this, name, mean_ms, fault] {
    if (!faults_go_on_) return;
    Say(name);
    ++outcome_.faults[name];
    fault();
    Repeat(name, mean_ms, fault);
  });
}

void World::ScheduleFaults() {
  Repeat("commit", 25'000, [this] {
    workload_.Change();
    controller_.SetCommit(workload_.Commit());
  });
  Repeat("broken commit", 90'000, [this] { controller_.SetCommit(workload_.BrokenCommit()); });
  Repeat("controller killed", 100'000, [this] {
    controller_.Kill(false);
    fate_.After(Between(100, 10'000), [this] { controller_.Start(); });
  });
  Repeat("controller loses power", 100'000, [this] {
    controller_.Kill(true);
    fate_.After(Between(100, 10'000), [this] { controller_.Start(); });
  });
  ScheduleHostFaults();
}

void World::ScheduleHostFaults() {
  Repeat("agent killed", 60'000, [this] {
    SimHost& host = PickHost();
    host.KillAgent();
    fate_.After(Between(100, 10'000), [&host] { host.StartAgent(); });
  });
  Repeat("engine crashed", 80'000, [this] {
    SimHost& host = PickHost();
    host.CrashEngine();
    fate_.After(Between(500, 20'000), [&host] { host.StartEngine(); });
  });
  Repeat("host lost", 120'000, [this] {
    SimHost& host = PickHost();
    host.PowerOff();
    fate_.After(Between(2'000, 60'000), [&host] { host.PowerOn(); });
  });
  Repeat("link cut", 90'000, [this] {
    SimHost& host = PickHost();
    network_.Cut(host.name());
    fate_.After(Between(1'000, 40'000), [this, &host] { network_.Mend(host.name()); });
  });
  Repeat("event stream broken", 90'000, [this] { PickHost().engine().BreakEventStreams(); });
  Repeat("container killed", 45'000, [this] {
    FakeEngine& engine = PickHost().engine();
    const std::vector<ContainerInfo> containers = engine.Containers();
    if (containers.empty()) return;
    const std::string id = containers[random_.Below(containers.size())].id;
    if (random_.Below(3) == 0) {
      engine.DestroyContainer(id);
    } else {
      engine.KillContainer(id);
    }
  });
}

// People look now and then, and let what the breaker holds go ahead.
void World::ScheduleConfirmations() {
  fate_.After(kConfirmEveryMs, [this] {
    if (controller_.ConfirmHolds()) ++outcome_.faults["hold confirmed"];
    ScheduleConfirmations();
  });
}

void World::EndFaults() {
  faults_go_on_ = false;
  network_.SetFaults({});
  controller_.Start();
  for (const auto& host : hosts_) {
    network_.Mend(host->name());
    host->engine().SetFaults({});
    host->PowerOn();
    host->StartEngine();
    host->StartAgent();
  }
  workload_.MakeHealthy();
  controller_.SetCommit(workload_.Commit());
}

std::vector<std::string> World::WhyNotConverged() {
  if (!controller_.runs()) return {"the controller does not run"};
  std::vector<std::string> why = controller_.controller()->Unconverged();
  if (!controller_.controller()->Settled()) why.push_back("the controller is not settled");
  if (!network_.AllConnected()) why.push_back("not all agents are connected");
  std::vector<HostContainers> running;
  for (const auto& host : hosts_) {
    if (!host->Settled()) why.push_back(host->name() + ": the agent is not settled");
    running.push_back({host->name(), host->engine().Containers()});
  }
  for (const std::string& line :
       CheckRunning(*controller_.State(), workload_.DeclaredReplicas(), running)) {
    why.push_back(line);
  }
  return why;
}

bool World::Converged() { return WhyNotConverged().empty(); }

// A further pass writes nothing and starts nothing.
void World::CheckQuiet() {
  const Revision revision = controller_.State()->revision();
  std::map<std::string, int64_t> starts;
  for (const auto& host : hosts_) starts[host->name()] = host->engine().CallCount(FakeCall::kStart);
  time_.RunFor(options_.quiet_ms);
  if (controller_.State()->revision() != revision) {
    std::string written;
    if (const auto changes = controller_.ChangesSince(revision); changes.ok()) {
      for (const Change& change : *changes) {
        written += " " + ToString(change.key) + ":";
        if (change.before == nullptr || change.after == nullptr) continue;
        written += " " + EncodeObjectJson(*change.before, EncodeFor::kUser) + " -> " +
                   EncodeObjectJson(*change.after, EncodeFor::kUser) + ";";
      }
    }
    Violation("converged at revision " + std::to_string(revision) + ", yet it went on to " +
              std::to_string(controller_.State()->revision()) + ", writing" + written);
  }
  for (const auto& host : hosts_) {
    if (host->engine().CallCount(FakeCall::kStart) != starts[host->name()]) {
      Violation(host->name() + ": containers were started after convergence");
    }
  }
}

SimulationOutcome World::Run() {
  const int64_t start_ms = time_.now().mono.ms;
  network_.SetFaults(kBadLink);
  workload_.Change();
  controller_.SetCommit(workload_.Commit());
  controller_.Start();
  for (const auto& host : hosts_) {
    host->engine().SetFaults(kBadEngine);
    host->StartAgent();
  }
  ScheduleFaults();
  ScheduleConfirmations();
  time_.RunFor(options_.faults_ms);
  Say("faults end");
  EndFaults();
  const int64_t limit_ms = time_.now().mono.ms + options_.converge_limit_ms;
  time_.RunFor(kAfterglowMs);
  while (!Converged() && time_.now().mono.ms < limit_ms) time_.RunFor(kPollMs);
  const std::vector<std::string> why = WhyNotConverged();
  for (const std::string& line : why) Violation("not converged: " + line);
  if (why.empty()) {
    Say("converged");
    CheckQuiet();
  }
  for (const auto* found : {&doubles_.violations(), &controller_.violations()}) {
    outcome_.violations.insert(outcome_.violations.end(), found->begin(), found->end());
  }
  const LinkCounts& counts = network_.counts();
  outcome_.faults["message lost"] = counts.lost;
  outcome_.faults["message repeated"] = counts.repeated;
  outcome_.faults["message delayed"] = counts.delayed;
  for (const auto& host : hosts_) {
    outcome_.faults["engine call failed or reply lost"] += host->engine().injected_faults();
  }
  outcome_.trace_hash = time_.trace_hash();
  outcome_.virtual_ms = time_.now().mono.ms - start_ms;
  return outcome_;
}

}  // namespace

SimulationOutcome RunSimulation(const SimulationOptions& options) {
  SetLogLevel(options.verbose ? LogLevel::kInfo : LogLevel::kError);
  SetPlantedBug(options.planted_bug);
  SimulationOutcome outcome = World(options).Run();
  SetPlantedBug("");
  return outcome;
}

}  // namespace reconcile
