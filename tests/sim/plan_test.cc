#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "base/ids.h"
#include "base/log.h"
#include "reconciler/declared.h"
#include "sim/sim_controller.h"
#include "sim/sim_host.h"
#include "sim/sim_link.h"
#include "sim/workload.h"

// What a plan says before a commit is what a controller, its agents and their engines then do.

namespace reconcile {
namespace {

constexpr int kCommitsOfWorld = 6;
constexpr int64_t kLimitMs = 20 * 60'000;
constexpr int64_t kLookAgainMs = 500;
// Pods are old enough then for a second more or less to make none of them the younger one.
constexpr int64_t kQuietMs = 60'000;
constexpr uint64_t kNames = 6;

// Manifests that all come to run: workloads of three kinds in waves, and a ConfigMap that they
// read.
class Commits {
 public:
  explicit Commits(uint64_t seed) : random_(seed) {}

  FetchedCommit Next() {
    touched_.clear();
    const int edits = 1 + Below(4);
    for (int i = 0; i < edits; ++i) Edit();
    FetchedCommit commit;
    commit.id = Sha256Hex("commit " + std::to_string(++number_)).substr(0, 40);
    for (const auto& [name, app] : apps_) {
      const std::string text = Render(name, app);
      commit.files.push_back({name + ".yaml", Sha256Hex(text).substr(0, 40),
                              std::make_shared<const std::string>(text)});
    }
    const std::string config =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config, annotations: "
        "{argocd.argoproj.io/sync-wave: '-2'}}\ndata: {generation: '" +
        std::to_string(config_) + "'}\n";
    commit.files.push_back({"config.yaml", Sha256Hex(config).substr(0, 40),
                            std::make_shared<const std::string>(config)});
    return commit;
  }

 private:
  struct App {
    std::string kind;
    int replicas = 1;
    int generation = 0;
    int wave = 0;
    bool reads = false;
    bool restarts = false;
    std::string strategy;
  };

  int Below(uint64_t bound) { return static_cast<int>(random_.Below(bound)); }

  void Edit() {
    const std::string name = "app-" + std::to_string(random_.Below(kNames));
    // One that is rolled out and scaled at once loses new pods by their age, which is the hosts'
    // pace.
    if (!touched_.insert(name).second) return;
    const auto found = apps_.find(name);
    if (found == apps_.end()) return Add(name);
    App& app = found->second;
    switch (Below(6)) {
      case 0:
        apps_.erase(found);
        break;
      case 1:
        ChangeConfig();
        break;
      case 2:
      case 3:
        if (app.kind != "Pod") app.replicas = Below(6);
        break;
      default:
        ++app.generation;
    }
  }
  void ChangeConfig() {
    for (const auto& [name, app] : apps_) {
      if (app.restarts && touched_.contains(name)) return;
    }
    for (const auto& [name, app] : apps_) {
      if (app.restarts) touched_.insert(name);
    }
    ++config_;
  }
  void Add(const std::string& name) {
    constexpr std::array kKindsOfApps = {"Deployment", "Deployment", "ReplicationController",
                                         "Pod"};
    constexpr std::array kStrategies = {"", "{type: Recreate}",
                                        "{rollingUpdate: {maxSurge: 2, maxUnavailable: 0}}",
                                        "{rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}"};
    App app;
    app.kind = kKindsOfApps[static_cast<size_t>(Below(kKindsOfApps.size()))];
    app.replicas = 1 + Below(4);
    app.wave = Below(3) - 1;
    app.reads = Below(2) == 0;
    app.restarts = app.reads && Below(2) == 0;
    app.strategy = kStrategies[static_cast<size_t>(Below(kStrategies.size()))];
    apps_[name] = app;
  }

  static std::string Render(const std::string& name, const App& app) {
    const bool deployment = app.kind == "Deployment";
    const std::string spec =
        "{terminationGracePeriodSeconds: 1, containers: [{name: main, image: " +
        std::string(kImageOne) +
        ", imagePullPolicy: IfNotPresent, env: [{name: GENERATION, value: '" +
        std::to_string(app.generation) + "'}], " +
        (app.reads ? "envFrom: [{configMapRef: {name: config}}], " : "") +
        "resources: {requests: {cpu: 100m, memory: 32Mi}}}]}";
    const std::string metadata =
        "metadata: {name: " + name + ", annotations: {argocd.argoproj.io/sync-wave: '" +
        std::to_string(app.wave) + "'" +
        (app.restarts && deployment ? ", reconcile.dev/restart-on-change: 'true'" : "") + "}}\n";
    const std::string head = std::string("apiVersion: ") + (deployment ? "apps/v1" : "v1") +
                             "\nkind: " + app.kind + "\n";
    if (app.kind == "Pod") return head + metadata + "spec: " + spec + "\n";
    const std::string labels = "{app: " + name + "}";
    return head + metadata + "spec:\n  replicas: " + std::to_string(app.replicas) + "\n" +
           (deployment && !app.strategy.empty() ? "  strategy: " + app.strategy + "\n" : "") +
           "  selector: " + (deployment ? "{matchLabels: " + labels + "}" : labels) +
           "\n  template: {metadata: {labels: " + labels + "}, spec: " + spec + "}\n";
  }

  SeededRandom random_;
  std::map<std::string, App> apps_;
  std::set<std::string> touched_;  // by the commit that is made
  int config_ = 0;
  int number_ = 0;
};

// Pods that run or are to run, and where.
std::map<std::string, std::string> PlacesIn(const ClusterState& state) {
  std::map<std::string, std::string> places;
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    if (!pod->metadata.deletion_timestamp) places[pod->metadata.name] = pod->spec.node_name;
  });
  return places;
}

// A controller with hosts, and nothing that goes wrong.
class PlanWorld {
 public:
  explicit PlanWorld(uint64_t seed)
      : random_(seed),
        network_(&time_, random_.Next()),
        commits_(random_.Next()),
        controller_(random_.Next(), &time_, &network_, Nodes()) {
    for (const std::string& name : Nodes()) {
      hosts_.push_back(std::make_unique<SimHost>(name, random_.Next(), true, &time_, &network_));
      hosts_.back()->SetObserver([this](const FakeChange& change) {
        if (change.what != "start") return;
        const auto pod = change.container.labels.find(std::string(kLabelPod));
        if (pod != change.container.labels.end()) ++starts_[pod->second];
      });
    }
    controller_.SetCommit(commits_.Next());
    controller_.Start();
    for (const auto& host : hosts_) host->StartAgent();
    Settle();
  }

  void PlanAndApply() {
    time_.RunFor(kQuietMs);
    const FetchedCommit commit = commits_.Next();
    const Controller::PlanAnswer plan = Plan(commit);
    std::map<std::string, std::string> predicted = PlacesIn(*controller_.State());
    std::set<std::string> staying;
    for (const auto& [name, node] : predicted) staying.insert(name);
    for (const PodPreview& pod : plan.preview.pods) {
      ASSERT_NE(pod.fate, PodFate::kUnschedulable);
      ASSERT_NE(pod.fate, PodFate::kWait);
      if (pod.fate == PodFate::kRemove) predicted.erase(pod.key.name);
      staying.erase(pod.key.name);
    }
    for (const PodPreview& pod : plan.preview.pods) {
      if (pod.fate == PodFate::kCreate) predicted[pod.key.name] = pod.node;
    }
    starts_.clear();
    controller_.SetCommit(commit);
    Settle();
    CheckPlaces(plan.preview, predicted);
    for (const ObjectChange& change : plan.preview.changes) {
      const ObjectPtr object = controller_.State()->Find(change.key);
      if (change.after == nullptr) {
        EXPECT_EQ(object, nullptr) << ToString(change.key);
      } else if (object == nullptr) {
        ADD_FAILURE() << ToString(change.key) << " is not there";
      } else {
        EXPECT_TRUE(DeclaredDiff(*object, *change.after).empty()) << ToString(change.key);
      }
    }
    // A pod that two plans would give different names stays all the same.
    for (const std::string& name : staying) EXPECT_EQ(starts_[name], 0) << name << " restarted";
    const std::map<std::string, std::string> running = PlacesIn(*controller_.State());
    for (const auto& [name, node] : running) {
      if (staying.contains(name)) continue;
      EXPECT_GT(starts_[name], 0) << name << " did not start";
    }
    const Controller::PlanAnswer second = Plan(commit);
    EXPECT_TRUE(second.preview.pods.empty());
    EXPECT_TRUE(std::all_of(
        second.preview.changes.begin(), second.preview.changes.end(),
        [](const ObjectChange& change) { return change.type == ChangeType::kUnchanged; }));
  }

  int exact() const { return exact_; }      // commits that were predicted to the last pod's host
  int counted() const { return counted_; }  // the others
  int moved() const { return moved_; }      // of these, whose pods went elsewhere

 private:
  static std::vector<std::string> Nodes() { return {"host-1", "host-2", "host-3"}; }

  Controller::PlanAnswer Plan(const FetchedCommit& commit) {
    Result<Controller::PlanAnswer> plan = controller_.controller()->PlanManifests(
        "main", {commit.id, commit.files, commit.confirmations, ""});
    EXPECT_TRUE(plan.ok()) << plan.status().ToString();
    if (!plan.ok()) return {};
    for (const Problem& error : plan->problems.errors) ADD_FAILURE() << error.ToString();
    EXPECT_EQ(plan->preview.note, "");
    return std::move(plan).value();
  }

  // Where pods of several workloads go at a time, or new ones too, it is the hosts' pace that
  // decides which room is free when the next pod is placed, and which of the new ones is the
  // younger.
  void CheckPlaces(const Preview& preview, const std::map<std::string, std::string>& predicted) {
    std::set<ObjectKey> losing;
    std::set<ObjectKey> changing;
    for (const PodPreview& pod : preview.pods) {
      changing.insert(pod.workload);
      if (pod.fate == PodFate::kRemove) losing.insert(pod.workload);
    }
    const std::map<std::string, std::string> places = PlacesIn(*controller_.State());
    const bool in_batches =
        std::any_of(preview.courses.begin(), preview.courses.end(), [&](const auto& course) {
          return losing.contains(course.workload) && RollsInBatches(course, preview);
        });
    if (losing.empty() || (changing.size() == 1 && !in_batches)) {
      ++exact_;
      EXPECT_EQ(places, predicted) << Described(preview);
      return;
    }
    ++counted_;
    EXPECT_EQ(CountsOf(places), CountsOf(predicted));
    moved_ += places == predicted ? 0 : 1;
  }
  static std::string Described(const Preview& preview) {
    std::string text;
    for (const RolloutCourse& course : preview.courses) {
      text += ToString(course.workload) + ": " + std::to_string(course.before) + " -> " +
              std::to_string(course.after) + " pods, at most " + std::to_string(course.most) +
              ", ready at least " + std::to_string(course.least_ready) + "\n";
    }
    for (const PodPreview& pod : preview.pods) {
      text +=
          (pod.fate == PodFate::kRemove ? "- " : "+ ") + pod.key.name + " on " + pod.node + "\n";
    }
    return text;
  }
  static bool RollsInBatches(const RolloutCourse& course, const Preview& preview) {
    const bool comes =
        std::any_of(preview.pods.begin(), preview.pods.end(), [&](const PodPreview& pod) {
          return pod.workload == course.workload && pod.fate == PodFate::kCreate;
        });
    const int64_t above = course.most - std::max(course.before, course.after);
    const int64_t below = std::min(course.before, course.after) - course.least_ready;
    const bool recreates = above <= 0 && course.least_ready == 0;
    return comes && !recreates && (above > 1 || below > 0);
  }
  // Pods by the application that their names begin with.
  static std::map<std::string, int> CountsOf(const std::map<std::string, std::string>& places) {
    constexpr size_t kNameLength = std::string_view("app-0").size();
    std::map<std::string, int> counts;
    for (const auto& [name, node] : places) ++counts[name.substr(0, kNameLength)];
    return counts;
  }

  bool IsSettled() {
    const Controller& controller = *controller_.controller();
    return controller.Settled() && controller.Unconverged().empty() && network_.AllConnected() &&
           std::all_of(hosts_.begin(), hosts_.end(),
                       [](const auto& host) { return host->Settled(); });
  }
  void Settle() {
    const int64_t limit_ms = time_.now().mono.ms + kLimitMs;
    do {
      time_.RunFor(kLookAgainMs);
      controller_.ConfirmHolds();
    } while (!IsSettled() && time_.now().mono.ms < limit_ms);
    EXPECT_TRUE(IsSettled());
    const std::vector<std::string> unconverged = controller_.controller()->Unconverged();
    for (const std::string& line : unconverged) ADD_FAILURE() << line;
  }

  VirtualTime time_;
  SeededRandom random_;
  SimNetwork network_;
  Commits commits_;
  int exact_ = 0;
  int counted_ = 0;
  int moved_ = 0;
  std::map<std::string, int> starts_;  // of containers, by pod
  std::vector<std::unique_ptr<SimHost>> hosts_;
  SimController controller_;
};

TEST(PlanSimulation, WhatAPlanSaysIsWhatControllerAgentsAndEnginesDo) {
  SetLogLevel(LogLevel::kError);
  const char* text = std::getenv("RECONCILE_PLAN_WORLDS");
  const uint64_t worlds = text == nullptr ? 60 : std::strtoull(text, nullptr, 10);
  int exact = 0;
  int counted = 0;
  int moved = 0;
  for (uint64_t seed = 1; seed <= worlds; ++seed) {
    PlanWorld world(seed);
    for (int commit = 0; commit < kCommitsOfWorld; ++commit) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", commit " + std::to_string(commit + 2));
      world.PlanAndApply();
    }
    exact += world.exact();
    counted += world.counted();
    moved += world.moved();
  }
  std::printf(
      "%d commits as predicted; of %d that move several pods at a time %d place some elsewhere\n",
      exact, counted, moved);
  EXPECT_GE(exact, counted);
}

}  // namespace
}  // namespace reconcile
