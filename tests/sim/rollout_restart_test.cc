#include <gtest/gtest.h>

#include <cstdio>
#include <set>

#include "base/ids.h"
#include "base/log.h"
#include "schema/codec.h"
#include "sim/sim_controller.h"
#include "sim/sim_host.h"
#include "sim/sim_link.h"
#include "sim/workload.h"

// A rollout in flight, and a controller that ends at each step of it: after each commit of its
// store, and by a power failure in the midst of each. And an upgrade that begins at each step.

namespace reconcile {
namespace {

constexpr int64_t kRolloutLimitMs = 10 * 60'000;
constexpr int64_t kLookEveryMs = 500;
constexpr int64_t kShortMs = 2'000;
constexpr int64_t kLongMs = 40'000;  // hosts would be silent by then, had somebody listened
constexpr uint64_t kRolloutSeed = 7;

struct Scenario {
  std::string name;
  std::string strategy;
  int replicas = 0;
  int least = 0;  // available pods that are promised
  int most = 0;   // pods that do not go
};

// What a rollout came to, and what it took.
struct RolloutOutcome {
  std::set<std::string> pods;           // active ones
  std::map<std::string, int> per_host;  // of them
  std::string deployment;               // status without stamps, revision
  std::map<std::string, int> starts;    // of the programs, by pod
  std::vector<std::string> violations;
};

enum class Ending { kNone, kKilled, kPowerLoss };
enum class Order { kControllerFirst, kAgentsFirst };

class RolloutWorld {
 public:
  explicit RolloutWorld(const Scenario& scenario)
      : scenario_(scenario),
        random_(kRolloutSeed),
        network_(&time_, random_.Next()),
        controller_(random_.Next(), &time_, &network_, Nodes()) {
    for (const std::string& name : Nodes()) {
      hosts_.push_back(std::make_unique<SimHost>(name, random_.Next(), true, &time_, &network_));
      hosts_.back()->SetObserver([this](const FakeChange& change) { OnEngine(change); });
    }
    controller_.SetCommit(CommitOf(1));
    controller_.Start();
    for (const auto& host : hosts_) host->StartAgent();
    Settle();
  }

  // Rolls out; the controller ends with the commit of this number, counted from the rollout's
  // first, and starts again later.
  void RollOut(Ending ending, int at_commit, int64_t down_ms) {
    Begin();
    const int reached = ending == Ending::kPowerLoss ? at_commit - 1 : at_commit;
    if (ending != Ending::kNone) {
      EXPECT_TRUE(time_.RunUntil([&] { return commits_ >= reached; }, kRolloutLimitMs));
      const bool ends = ending == Ending::kKilled ? controller_.Kill(down_ms)
                                                  : controller_.LosePower(down_ms, true);
      EXPECT_TRUE(ends);
      time_.RunFor(down_ms + kLookEveryMs);
    }
    Settle();
    Conclude();
  }

  // Rolls out; at this commit everything begins to become the next release, one after another.
  void RollOutAndUpgrade(Order order, int at_commit) {
    Begin();
    EXPECT_TRUE(time_.RunUntil([&] { return commits_ >= at_commit; }, kRolloutLimitMs));
    if (order == Order::kControllerFirst) {
      RestartController(-1);
      RestartAgents(0);
    } else {
      RestartAgents(1);
      RestartController(0);
    }
    Settle();
    Conclude();
  }

  int64_t messages_of_another_release() const { return network_.counts().other_release; }
  int commits() const { return commits_; }
  const RolloutOutcome& outcome() const { return outcome_; }

 private:
  static std::vector<std::string> Nodes() { return {"host-1", "host-2", "host-3"}; }

  void Begin() {
    controller_.SetObserver(
        [this](const ClusterState*, const ClusterState& after) { OnDurable(after); });
    watching_ = true;
    outcome_ = {};
    controller_.SetCommit(CommitOf(2));
    EXPECT_TRUE(controller_.controller()->Sync("").ok());
  }
  void RestartController(int release_of_agents) {
    EXPECT_TRUE(controller_.Kill(kShortMs));
    for (const std::string& name : Nodes()) network_.SetRelease(name, release_of_agents);
    time_.RunFor(kShortMs + kLookEveryMs);
  }
  void RestartAgents(int release) {
    for (size_t i = 0; i < hosts_.size(); ++i) {
      EXPECT_TRUE(hosts_[i]->KillAgent());
      network_.SetRelease(Nodes()[i], release);
      EXPECT_TRUE(hosts_[i]->StartAgent());
      time_.RunFor(kLookEveryMs);
    }
  }

  FetchedCommit CommitOf(int version) const {
    const std::string text =
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n"
        "  replicas: " +
        std::to_string(scenario_.replicas) + "\n  strategy: " + scenario_.strategy +
        "\n  minReadySeconds: 3\n  selector: {matchLabels: {app: web}}\n"
        "  template:\n    metadata: {labels: {app: web}}\n    spec:\n"
        "      terminationGracePeriodSeconds: 1\n"
        "      containers: [{name: main, image: " +
        std::string(kImageOne) + ", imagePullPolicy: IfNotPresent, env: [{name: VERSION, value: '" +
        std::to_string(version) + "'}]}]\n";
    FetchedCommit commit;
    commit.id = Sha256Hex("version " + std::to_string(version)).substr(0, 40);
    commit.files.push_back(
        {"web.yaml", Sha256Hex(text).substr(0, 40), std::make_shared<const std::string>(text)});
    return commit;
  }

  void OnEngine(const FakeChange& change) {
    const auto& labels = change.container.labels;
    const auto pod = labels.find(std::string(kLabelPod));
    if (pod == labels.end() || !IsProgram(labels)) return;
    if (change.what == "start") {
      running_.insert(pod->second);
      ++outcome_.starts[pod->second];
    } else if (change.what == "die") {
      running_.erase(pod->second);
      CheckRunning();
    }
  }
  // Not the sandbox of a pod that has one.
  static bool IsProgram(const StringMap& labels) {
    const auto container = labels.find(std::string(kLabelContainer));
    return container != labels.end() && container->second == "main";
  }
  void CheckRunning() {
    if (!watching_ || static_cast<int>(running_.size()) >= scenario_.least) return;
    outcome_.violations.push_back("only " + std::to_string(running_.size()) + " programs run");
  }

  void OnDurable(const ClusterState& state) {
    if (state.revision() == revision_) return;  // read anew by a controller that starts
    revision_ = state.revision();
    ++commits_;
    int active = 0;
    int available = 0;
    state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
      if (!IsActive(*pod)) return;
      ++active;
      if (IsReady(*pod)) ++available;
    });
    if (active > scenario_.most) {
      outcome_.violations.push_back(std::to_string(active) + " pods at revision " +
                                    std::to_string(revision_));
    }
    if (available < scenario_.least) {
      outcome_.violations.push_back(std::to_string(available) + " ready pods at revision " +
                                    std::to_string(revision_));
    }
  }

  bool IsSettled() {
    if (!controller_.runs()) return false;
    const Controller& controller = *controller_.controller();
    return controller.Settled() && controller.Unconverged().empty() && network_.AllConnected() &&
           std::all_of(hosts_.begin(), hosts_.end(),
                       [](const auto& host) { return host->Settled(); });
  }
  void Settle() {
    const int64_t limit_ms = time_.now().mono.ms + kRolloutLimitMs;
    do {
      time_.RunFor(kLookEveryMs);
    } while (!IsSettled() && time_.now().mono.ms < limit_ms);
    EXPECT_TRUE(IsSettled());
  }

  void Conclude() {
    const auto state = controller_.State();
    state->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
      if (!IsActive(*pod)) return;
      outcome_.pods.insert(pod->metadata.name);
      ++outcome_.per_host[pod->spec.node_name];
    });
    Deployment deployment = *state->Find<Deployment>("default", "web");
    for (Condition& condition : deployment.status.conditions) {
      condition.last_update_time.reset();
      condition.last_transition_time.reset();
    }
    Deployment told;
    told.metadata.name = "web";
    told.metadata.annotations = deployment.metadata.annotations;
    told.status = deployment.status;
    outcome_.deployment = EncodeObjectJson(told, EncodeFor::kUser);
    for (const std::string& violation : controller_.violations()) {
      outcome_.violations.push_back(violation);
    }
  }

  const Scenario scenario_;
  VirtualTime time_;
  SeededRandom random_;
  SimNetwork network_;
  bool watching_ = false;
  int commits_ = 0;
  Revision revision_ = 0;
  std::set<std::string> running_;  // pods whose program runs
  RolloutOutcome outcome_;
  std::vector<std::unique_ptr<SimHost>> hosts_;
  SimController controller_;
};

void CheckSamePods(const RolloutOutcome& outcome, const RolloutOutcome& undisturbed) {
  EXPECT_EQ(outcome.violations, std::vector<std::string>());
  EXPECT_EQ(outcome.pods, undisturbed.pods);
  EXPECT_EQ(outcome.per_host, undisturbed.per_host);
  EXPECT_EQ(outcome.deployment, undisturbed.deployment);
}

void CheckSame(const RolloutOutcome& outcome, const RolloutOutcome& undisturbed) {
  CheckSamePods(outcome, undisturbed);
  EXPECT_EQ(outcome.starts, undisturbed.starts);
}

const std::vector<Scenario>& Scenarios() {
  static const std::vector<Scenario> all = {
      {"both", "{rollingUpdate: {maxSurge: 2, maxUnavailable: 1}}", 4, 3, 6},
      {"surge", "{rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}", 4, 4, 5},
      {"unavailable", "{rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}", 4, 3, 4},
      {"recreate", "{type: Recreate}", 4, 0, 4}};
  return all;
}

void EndEverywhere(Ending ending, int64_t down_ms, const std::vector<Scenario>& scenarios) {
  SetLogLevel(LogLevel::kError);
  for (const Scenario& scenario : scenarios) {
    RolloutWorld undisturbed(scenario);
    undisturbed.RollOut(Ending::kNone, 0, 0);
    SCOPED_TRACE(scenario.name);
    ASSERT_EQ(undisturbed.outcome().violations, std::vector<std::string>());
    ASSERT_EQ(undisturbed.outcome().pods.size(), static_cast<size_t>(scenario.replicas));
    ASSERT_GE(undisturbed.commits(), 5);
    for (int commit = 1; commit <= undisturbed.commits(); ++commit) {
      SCOPED_TRACE("commit " + std::to_string(commit) + " of " +
                   std::to_string(undisturbed.commits()));
      RolloutWorld world(scenario);
      world.RollOut(ending, commit, down_ms);
      CheckSame(world.outcome(), undisturbed.outcome());
    }
    std::printf("%s: ended at each of %d commits\n", scenario.name.c_str(), undisturbed.commits());
  }
}

TEST(RolloutRestart, EndsTheSameWhereverTheControllerIsKilled) {
  EndEverywhere(Ending::kKilled, kShortMs, Scenarios());
}

TEST(RolloutRestart, EndsTheSameWhereverTheControllerIsAwayForLong) {
  EndEverywhere(Ending::kKilled, kLongMs, {Scenarios().front()});
}

TEST(RolloutRestart, EndsTheSameWhereverThePowerFailsInACommit) {
  EndEverywhere(Ending::kPowerLoss, kShortMs, Scenarios());
}

TEST(RolloutRestart, Line44_GoesOnWhileTheControllerAndTheAgentsAreUpgradedInEitherOrder) {
  SetLogLevel(LogLevel::kError);
  const Scenario& scenario = Scenarios().front();
  RolloutWorld undisturbed(scenario);
  undisturbed.RollOut(Ending::kNone, 0, 0);
  for (const Order order : {Order::kControllerFirst, Order::kAgentsFirst}) {
    SCOPED_TRACE(order == Order::kControllerFirst ? "the controller first" : "agents first");
    for (int commit = 1; commit <= undisturbed.commits(); ++commit) {
      SCOPED_TRACE("commit " + std::to_string(commit));
      RolloutWorld world(scenario);
      world.RollOutAndUpgrade(order, commit);
      CheckSamePods(world.outcome(), undisturbed.outcome());
      // What an agent was starting when it ended may be started once more.
      for (const auto& [pod, starts] : world.outcome().starts) EXPECT_LE(starts, 2) << pod;
      EXPECT_GT(world.messages_of_another_release(), 0);
    }
  }
}

}  // namespace
}  // namespace reconcile
