#include "sim/simulation.h"

#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "agent/end_messages.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/planted_bug.h"
#include "controller/clock_readings.h"
#include "schema/tolerations.h"
#include "sim/checkers.h"
#include "sim/convergence_checker.h"
#include "sim/faults.h"
#include "sim/hook_checker.h"
#include "sim/link_checkers.h"
#include "sim/model_checker.h"
#include "sim/sim_controller.h"
#include "sim/sim_host.h"
#include "sim/taint_checker.h"
#include "sim/workload.h"

namespace reconcile {
namespace {

constexpr int64_t kConfirmEveryMs = 10'000;
constexpr int64_t kPollMs = 1'000;
constexpr int64_t kTakenInMs = 300;
constexpr int64_t kDrivenOutMs = 30'000;
// What began before faults ended is over then: cut lines, slow readers, messages under way.
constexpr int64_t kAfterglowMs = 100'000;
constexpr int64_t kUnreadyMs = 100'000;
constexpr int kKeptBytes = 1 << 28;
constexpr uint64_t kHooksEvery = 2;      // of so many worlds, one has lifecycle hooks
constexpr uint64_t kUnhealthyEvery = 4;  // of so many worlds, one ends with what cannot run
// And in one hosts are given up as soon as they may be.
constexpr uint64_t kImpatientEvery = 4;
constexpr int64_t kImpatientSilenceMs = 3'000;
constexpr int64_t kImpatientReplaceMs = 1'000;

std::string NodeName(int number) { return "host-" + std::to_string(number); }

// Whether the node's condition is what is known of its host's clock in the end.
bool SaysOfItsClock(const Node& node, int64_t ahead_ms) {
  const Condition* skewed = FindCondition(node.status.conditions, kClockSkewed);
  const bool is_skewed = skewed != nullptr && skewed->status == ConditionStatus::kTrue;
  if (std::abs(ahead_ms) < kClockRightMs) return !is_skewed;
  if (std::abs(ahead_ms) <= kClockSkewedMs + kPollMs) return true;
  return is_skewed && skewed->reason == (ahead_ms > 0 ? "ClockAhead" : "ClockBehind");
}

std::vector<std::string> NodesOf(const SimulationOptions& options) {
  std::vector<std::string> nodes;
  for (int i = 1; i <= options.hosts; ++i) nodes.push_back(NodeName(i));
  return nodes;
}

// One world. The order of members is the order of life: hosts and controller go before the network
// and time.
class World {
 public:
  explicit World(const SimulationOptions& options);
  SimulationOutcome Run();

 private:
  void Observe(SimHost* of, const FakeChange& change);
  // Whether the newest durable model has the pod of these labels, and not on its way out.
  bool IsWanted(const ContainerInfo& container) const;
  bool HasHung(const std::string& id) const;
  // Whether the model knows that the pod of these labels has init containers.
  bool HasInits(const ContainerInfo& container) const;
  std::shared_ptr<const Pod> PodOf(const ContainerInfo& container) const;
  bool AllFollow() const;
  void SayModel();
  std::string WhyWanted(const ContainerInfo& container) const;  // for people
  void OnArrived(const std::string& address, const Report& report);
  void OnState(const ClusterState* before, const ClusterState& after);
  void ScheduleConfirmations();
  void EndFaults();
  void Converge();
  std::vector<std::string> WhyNotConverged();
  void CheckQuiet();
  void CheckUnwritten(Revision revision, const std::map<std::string, int64_t>& starts);
  void CheckReadiness();
  void Say(const std::string& text);
  void Violation(const std::string& text) { outcome_.violations.push_back(text); }

  SimulationOptions options_;
  SimulationOutcome outcome_;
  VirtualTime time_;
  SeededRandom random_;
  VirtualLoop people_;
  SimNetwork network_;
  Workload workload_;
  DoubleChecker doubles_;
  RestartChecker restarts_;
  OrderChecker order_;
  HookChecker hooks_;
  ModelChecker model_;
  TaintChecker taints_;
  FenceChecker fences_;
  ReportChecker reports_;
  std::vector<std::unique_ptr<SimHost>> hosts_;
  SimController controller_;
  Faults faults_;
  int64_t holds_confirmed_ = 0;
};

World::World(const SimulationOptions& options)
    : options_(options),
      random_(options.seed),
      people_(&time_),
      network_(&time_, random_.Next()),
      workload_(random_.Next(), NodesOf(options), options.seed % kHooksEvery == 1),
      restarts_([this](const ContainerInfo& container) { return IsWanted(container); },
                [this](const std::string& id) { return HasHung(id); }),
      order_([this](const ContainerInfo& container) { return HasInits(container); }),
      model_(&workload_, [this](const std::string& uid) { return restarts_.Runs(uid); }),
      controller_(random_.Next(), &time_, &network_, NodesOf(options)),
      faults_(random_.Next(),
              {&time_, &network_, &controller_, &workload_, &hosts_, &restarts_,
               [this] { return AllFollow(); }},
              options.verbose) {
  controller_.SetObserver([this](const ClusterState* before, const ClusterState& after) {
    model_.OnState(before, after);
    hooks_.OnState(after, time_.now().mono);
    OnState(before, after);
  });
  model_.SetDrivenOut([this](const Pod& pod, const ClusterState& after) {
    return taints_.MayGo(pod, after, time_.now().mono, controller_.wall_offset_ms());
  });
  controller_.SetLossObserver([this] {
    if (controller_.acknowledged() != nullptr) model_.OnLoss(*controller_.acknowledged());
  });
  network_.SetObserver(
      {[this](const Report& report) { fences_.OnSent(report, time_.now().mono); },
       [this](const std::string& address, const Report& report) { OnArrived(address, report); }});
  if (options.seed % kImpatientEvery == 2) {
    controller_.SetPatience(kImpatientSilenceMs, kImpatientReplaceMs);
  }
  for (int i = 1; i <= options.hosts; ++i) {
    const bool live_restore = i != 1 + static_cast<int>(options.seed) % options.hosts;
    hosts_.push_back(
        std::make_unique<SimHost>(NodeName(i), random_.Next(), live_restore, &time_, &network_));
    hosts_.back()->SetObserver(
        [this, host = hosts_.back().get()](const FakeChange& change) { Observe(host, change); });
  }
}

void World::Observe(SimHost* of, const FakeChange& change) {
  const std::string& host = of->name();
  time_.Trace(Fnv1a64(change.what + change.container.name));
  doubles_.OnChange(host, change, time_.now().mono);
  restarts_.OnChange(host, change, time_.now().mono);
  order_.OnChange(host, change, time_.now().mono);
  hooks_.OnChange(host, change, time_.now().mono);
  if (change.what == "exec-asked") faults_.OnHookAsked(host);
  // The last that a program does is to leave word.
  const std::string file = change.what == "die" ? EndFileOf(change.container) : "";
  if (!file.empty()) of->WriteFile(file, LastWordsOf(change.container.id));
  if (change.what == "die" && options_.verbose)
    Say(host + ": ended " + change.container.name + ", " + WhyWanted(change.container));
}

// The controller's next turn takes it in, unless its process ends or stands still before.
void World::OnArrived(const std::string& address, const Report& report) {
  if (address != kControllerAddress) return;
  const uint64_t number = reports_.OnArrived(controller_.process_number(), report);
  if (number == 0) return;
  people_.After(kTakenInMs, [this, run = controller_.run_number(), number, node = report.node] {
    if (!controller_.HasRunSince(run)) return;
    reports_.Check(node, number, *controller_.State(), time_.now().mono);
  });
}

// What a taint drives out is gone in time, unless the controller was not there or its clock was
// set.
void World::OnState(const ClusterState* before, const ClusterState& after) {
  const int64_t clock_ms = controller_.wall_offset_ms();
  for (const UnderTaint& pod : taints_.OnState(before, after, time_.now().mono, clock_ms)) {
    people_.After(pod.stay_ms + kDrivenOutMs,
                  [this, pod, clock_ms, run = controller_.run_number()] {
                    if (!controller_.HasRunSince(run) || controller_.wall_offset_ms() != clock_ms)
                      return;
                    taints_.CheckGone(pod, *controller_.State());
                  });
  }
}

// The durable model's pod of this name.
std::shared_ptr<const Pod> World::PodOf(const ContainerInfo& container) const {
  const auto label = [&](std::string_view name) {
    const auto found = container.labels.find(std::string(name));
    return found == container.labels.end() ? "" : found->second;
  };
  const auto& model = controller_.acknowledged();
  return model == nullptr ? nullptr : model->Find<Pod>(label(kLabelNamespace), label(kLabelPod));
}

bool World::IsWanted(const ContainerInfo& container) const {
  const auto label = container.labels.find(std::string(kLabelPodUid));
  const std::string uid = label == container.labels.end() ? "" : label->second;
  const auto pod = PodOf(container);
  if (pod == nullptr) return model_.IsMissed(uid);
  return pod->metadata.uid == uid && !pod->metadata.deletion_timestamp && !model_.Went(uid);
}

bool World::HasHung(const std::string& id) const {
  return std::any_of(hosts_.begin(), hosts_.end(),
                     [&](const auto& host) { return host->programs().HasHung(id); });
}

bool World::HasInits(const ContainerInfo& container) const {
  const auto label = container.labels.find(std::string(kLabelPodUid));
  const auto pod = PodOf(container);
  return pod != nullptr && label != container.labels.end() && pod->metadata.uid == label->second &&
         !pod->spec.init_containers.empty();
}

std::string World::WhyWanted(const ContainerInfo& container) const {
  const auto label = container.labels.find(std::string(kLabelPodUid));
  if (label == container.labels.end() || controller_.acknowledged() == nullptr) return "no model";
  std::string text = "not in the model";
  controller_.acknowledged()->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    if (pod->metadata.uid != label->second) return;
    text = pod->metadata.deletion_timestamp ? "being deleted" : "wanted";
  });
  text += " at revision " + std::to_string(controller_.acknowledged()->revision());
  if (model_.IsMissed(label->second)) text += ", missed";
  if (model_.Went(label->second)) text += ", went";
  return text;
}

bool World::AllFollow() const {
  const std::string lineage = controller_.Lineage();
  return !lineage.empty() && std::all_of(hosts_.begin(), hosts_.end(), [&](const auto& host) {
    return fences_.LineageOf(host->name()) == lineage;
  });
}

void World::Say(const std::string& text) {
  if (options_.verbose) {
    std::printf("%9.3f s  %s\n", static_cast<double>(time_.now().mono.ms) / 1000, text.c_str());
  }
}

void World::SayModel() {
  const auto model = controller_.acknowledged();
  if (model == nullptr) return;
  for (const Kind kind : {Kind::kDeployment, Kind::kReplicaSet, Kind::kPod}) {
    for (const auto& [key, object] : model->Objects(kind)) {
      Say(EncodeObjectJson(*object, EncodeFor::kStore));
    }
  }
}

// People look now and then, and let what the breaker holds go ahead.
void World::ScheduleConfirmations() {
  people_.After(kConfirmEveryMs, [this] {
    if (controller_.ConfirmHolds()) ++holds_confirmed_;
    ScheduleConfirmations();
  });
}

void World::EndFaults() {
  Say("faults end");
  faults_.End();
  if (options_.seed % kUnhealthyEvery == 0) {
    workload_.MakeUnhealthy();
  } else {
    workload_.MakeHealthy();
  }
  controller_.SetCommit(workload_.Commit());
}

std::vector<std::string> World::WhyNotConverged() {
  if (!controller_.runs()) return {"the controller does not run"};
  std::vector<std::string> why;
  if (!controller_.controller()->Settled()) why.push_back("the controller is not settled");
  if (!network_.AllConnected()) why.push_back("not all agents are connected");
  std::vector<HostView> views;
  for (const auto& host : hosts_) {
    if (!host->Settled()) why.push_back(host->name() + ": the agent is not settled");
    views.push_back(
        {host->name(), &host->engine(), &host->devices(), &host->files(), host->has_sandboxes()});
  }
  const auto state = controller_.State();
  state->ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
    if (PressureTaintsOf(*node).empty()) return;
    why.push_back(node->metadata.name + " has not got over its pressure");
  });
  for (const auto& host : hosts_) {
    const int64_t ahead_ms = host->wall_offset_ms() - controller_.wall_offset_ms();
    const auto node = state->Find<Node>("", host->name());
    if (node != nullptr && !SaysOfItsClock(*node, ahead_ms)) {
      why.push_back(host->name() + " is " + std::to_string(ahead_ms) +
                    " ms ahead of the controller, and its condition is another");
    }
  }
  for (auto& found :
       {CheckDeclared(*state, workload_, model_, views, controller_.controller()->Unconverged()),
        CheckNetwork(*state, views), CheckVolumes(*state, workload_, views),
        CheckMessages(*state)}) {
    why.insert(why.end(), found.begin(), found.end());
  }
  return why;
}

void World::Converge() {
  const int64_t limit_ms = time_.now().mono.ms + options_.converge_limit_ms;
  time_.RunFor(kAfterglowMs);
  std::vector<std::string> why = WhyNotConverged();
  while (!why.empty() && time_.now().mono.ms < limit_ms) {
    time_.RunFor(kPollMs);
    why = WhyNotConverged();
  }
  for (const std::string& line : why) Violation("not converged: " + line);
  if (!why.empty() && options_.verbose) SayModel();
  if (why.empty()) CheckQuiet();
}

// A further pass writes nothing and starts nothing. What cannot run goes on being tried.
void World::CheckQuiet() {
  Say("converged");
  const bool quiet = AllCanRun(*controller_.State());
  const Revision revision = controller_.State()->revision();
  std::map<std::string, int64_t> starts;
  for (const auto& host : hosts_) starts[host->name()] = host->engine().CallCount(FakeCall::kStart);
  time_.RunFor(options_.quiet_ms);
  if (!quiet) return;
  CheckUnwritten(revision, starts);
  CheckReadiness();
}

void World::CheckUnwritten(Revision revision, const std::map<std::string, int64_t>& starts) {
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
    if (host->engine().CallCount(FakeCall::kStart) != starts.at(host->name())) {
      Violation(host->name() + ": containers were started after convergence");
    }
  }
}

// A program that is not ready for a while takes its pod out, and goes on; the pod comes back.
void World::CheckReadiness() {
  std::shared_ptr<const Pod> probed;
  controller_.State()->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    const std::optional<SimTemplate> of = ReadTemplate(pod->spec);
    if (of && of->is_probed) probed = pod;
  });
  if (probed == nullptr) return;
  const std::string container = probed->status.container_statuses.at(0).container_id;
  for (const auto& host : hosts_) {
    if (host->name() != probed->spec.node_name) continue;
    host->programs().MakeUnready(container.substr(container.rfind('/') + 1),
                                 time_.now().mono + kUnreadyMs);
  }
  const auto expect = [&](bool ready) {
    const auto pod =
        controller_.State()->Find<Pod>(probed->metadata.namespace_name, probed->metadata.name);
    const bool goes_on =
        pod != nullptr && pod->status.container_statuses.at(0).container_id == container;
    if (!goes_on) {
      Violation(ToString(probed->key()) + " did not go on while its program was not ready");
    } else if (IsReady(*pod) != ready) {
      Violation(ToString(probed->key()) + (ready ? " is not ready though its program is again"
                                                 : " is ready though its program is not"));
    }
  };
  time_.RunFor(kUnreadyMs / 2);
  expect(false);
  time_.RunFor(kUnreadyMs);
  expect(true);
}

SimulationOutcome World::Run() {
  const int64_t start_ms = time_.now().mono.ms;
  workload_.Change();
  controller_.SetCommit(workload_.Commit());
  controller_.Start();
  for (const auto& host : hosts_) host->StartAgent();
  faults_.Begin();
  ScheduleConfirmations();
  time_.RunFor(options_.faults_ms);
  if (faults_.extra_ms() > 0) time_.RunFor(faults_.extra_ms());
  EndFaults();
  outcome_.faults = faults_.Counts();
  outcome_.faults["commit"] = model_.good_commits();
  outcome_.faults["broken commit"] = model_.broken_commits();
  outcome_.faults["driven out by a taint"] = taints_.driven_out();
  outcome_.faults["hold confirmed"] = holds_confirmed_;
  hooks_.Count(&outcome_.faults);
  Converge();
  hooks_.AtEnd(time_.now().mono);
  // What was wrong at some moment comes before what came of it.
  const std::vector<std::string> after = std::move(outcome_.violations);
  outcome_.violations.clear();
  std::vector<const std::vector<std::string>*> all = {
      &controller_.violations(), &model_.violations(),    &fences_.violations(),
      &reports_.violations(),    &restarts_.violations(), &doubles_.violations(),
      &order_.violations(),      &hooks_.violations(),    &taints_.violations()};
  for (const auto& host : hosts_) all.push_back(&host->violations());
  all.push_back(&after);
  for (const auto* found : all) {
    outcome_.violations.insert(outcome_.violations.end(), found->begin(), found->end());
  }
  outcome_.trace_hash = time_.trace_hash();
  outcome_.virtual_ms = time_.now().mono.ms - start_ms;
  return outcome_;
}

}  // namespace

SimulationOutcome RunSimulation(const SimulationOptions& options) {
  // A world makes and drops large files all the time: without this, each is the kernel's work.
  mallopt(M_MMAP_THRESHOLD, kKeptBytes);
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  SetLogLevel(options.verbose ? LogLevel::kInfo : LogLevel::kError);
  SetPlantedBug(options.planted_bug);
  SimulationOutcome outcome = World(options).Run();
  SetPlantedBug("");
  return outcome;
}

}  // namespace reconcile
