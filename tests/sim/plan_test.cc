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
constexpr int kOneOfMarked = 100;   // at most one pod in so many may be marked
constexpr int kOneOfUnsaid = 3000;  // and come out otherwise without being marked

// Manifests that all come to run: workloads of three kinds in waves, and a ConfigMap that they
// read.
class Commits {
 public:
  explicit Commits(uint64_t seed) : random_(seed) {}

  FetchedCommit Next() {
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
    int cpu_milli = 100;
    bool reads = false;
    bool restarts = false;
    std::string strategy;
  };

  int Below(uint64_t bound) { return static_cast<int>(random_.Below(bound)); }

  void Edit() {
    const std::string name = "app-" + std::to_string(random_.Below(kNames));
    const auto found = apps_.find(name);
    if (found == apps_.end()) return Add(name);
    App& app = found->second;
    switch (Below(6)) {
      case 0:
        apps_.erase(found);
        break;
      case 1:
        ++config_;
        break;
      case 2:
      case 3:
        if (app.kind != "Pod") app.replicas = Below(6);
        break;
      default:
        ++app.generation;
    }
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
    app.cpu_milli = 50 * (1 + Below(3));
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
        "resources: {requests: {cpu: " + std::to_string(app.cpu_milli) + "m, memory: 32Mi}}}]}";
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

// The application that a pod's name begins with.
std::string AppOf(const std::string& pod) {
  return pod.substr(0, std::string_view("app-0").size());
}

std::map<std::string, int> CountsOf(const std::map<std::string, std::string>& places) {
  std::map<std::string, int> counts;
  for (const auto& [name, node] : places) ++counts[AppOf(name)];
  return counts;
}

// What is said of pods, to compare and to read.
std::string Described(const Preview& preview) {
  std::string text;
  for (const RolloutCourse& course : preview.courses) {
    text += ToString(course.workload) + ": " + std::to_string(course.before) + " -> " +
            std::to_string(course.after) + " pods, at most " + std::to_string(course.most) +
            ", ready at least " + std::to_string(course.least_ready) + "\n";
  }
  for (const PodPreview& pod : preview.pods) {
    text += (pod.fate == PodFate::kRemove ? "- " : "+ ") + pod.key.name + " on " + pod.node +
            (pod.paced ? " perhaps\n" : "\n");
  }
  return text;
}

struct Tally {
  int commits = 0;
  int exact = 0;      // commits, all of whose pods went where the plan said
  int marked_in = 0;  // commits with a mark
  int pods = 0;       // that the plans named
  int marked = 0;     // of these: may come elsewhere, or another may go
  int moved = 0;      // pods that came or went otherwise
  int unsaid = 0;     // of these: without a mark
};

// A controller with hosts, and nothing that goes wrong.
class PlanWorld {
 public:
  explicit PlanWorld(uint64_t seed)
      : random_(seed),
        network_(&time_, random_.Next()),
        commits_(random_.Next()),
        nodes_(NodesOf(2 + random_.Below(4))),
        controller_(random_.Next(), &time_, &network_, nodes_) {
    for (const std::string& name : nodes_) {
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
    const std::map<std::string, std::string> before = PlacesIn(*controller_.State());
    const Preview preview = Plan(commit).preview;
    CheckOrder(commit, preview);
    starts_.clear();
    controller_.SetCommit(commit);
    Settle();
    const std::map<std::string, std::string> places = PlacesIn(*controller_.State());
    CheckPlaces(preview, before, places);
    CheckStarts(preview, before, places);
    CheckObjects(preview);
    const Controller::PlanAnswer second = Plan(commit);
    EXPECT_TRUE(second.preview.pods.empty());
    EXPECT_TRUE(std::all_of(
        second.preview.changes.begin(), second.preview.changes.end(),
        [](const ObjectChange& change) { return change.type == ChangeType::kUnchanged; }));
  }

  const Tally& tally() const { return tally_; }

 private:
  static std::vector<std::string> NodesOf(uint64_t count) {
    std::vector<std::string> nodes;
    for (uint64_t i = 1; i <= count; ++i) nodes.push_back("host-" + std::to_string(i));
    return nodes;
  }

  Controller::PlanAnswer Plan(const FetchedCommit& commit) {
    Result<Controller::PlanAnswer> plan = controller_.controller()->PlanManifests(
        "main", {commit.id, commit.files, commit.confirmations, ""});
    EXPECT_TRUE(plan.ok()) << plan.status().ToString();
    if (!plan.ok()) return {};
    for (const Problem& error : plan->problems.errors) ADD_FAILURE() << error.ToString();
    EXPECT_EQ(plan->preview.note, "");
    return std::move(plan).value();
  }

  void CheckOrder(FetchedCommit commit, const Preview& preview) {
    for (size_t i = commit.files.size(); i > 1; --i) {
      std::swap(commit.files[i - 1], commit.files[random_.Below(i)]);
    }
    EXPECT_EQ(Described(Plan(commit).preview), Described(preview)) << "in another order of files";
  }

  // What stays is exactly as planned, and how many pods each application has; what comes and goes
  // too, but for what is marked and what the paces that were tried do not tell.
  void CheckPlaces(const Preview& preview, const std::map<std::string, std::string>& before,
                   const std::map<std::string, std::string>& places) {
    std::map<std::string, std::string> predicted = before;
    std::set<std::string> loose;
    std::set<std::string> coming;
    for (const PodPreview& pod : preview.pods) {
      EXPECT_NE(pod.fate, PodFate::kUnschedulable);
      EXPECT_NE(pod.fate, PodFate::kWait);
      if (pod.fate == PodFate::kRemove) predicted.erase(pod.key.name);
      if (pod.paced) loose.insert(AppOf(pod.key.name));
    }
    for (const PodPreview& pod : preview.pods) {
      if (pod.fate != PodFate::kCreate) continue;
      predicted[pod.key.name] = pod.node;
      coming.insert(pod.key.name);
    }
    const auto at = [](const std::map<std::string, std::string>& all, const std::string& name) {
      const auto found = all.find(name);
      return found == all.end() ? "" : found->second;
    };
    EXPECT_EQ(CountsOf(places), CountsOf(predicted)) << Described(preview);
    ++tally_.commits;
    tally_.exact += places == predicted ? 1 : 0;
    tally_.marked_in += loose.empty() ? 0 : 1;
    for (const PodPreview& pod : preview.pods) {
      const std::string& name = pod.key.name;
      // One that comes again by its name is told of where it comes.
      if (pod.fate == PodFate::kRemove && coming.contains(name)) continue;
      const bool as_said = at(places, name) == at(predicted, name);
      ++tally_.pods;
      tally_.marked += pod.paced ? 1 : 0;
      tally_.moved += as_said ? 0 : 1;
      tally_.unsaid += as_said || pod.paced ? 0 : 1;
    }
    for (const auto& [name, node] : before) {
      const auto stays = predicted.find(name);
      if (stays == predicted.end() || coming.contains(name) || loose.contains(AppOf(name))) {
        continue;
      }
      EXPECT_EQ(at(places, name), node) << Described(preview);
    }
  }

  // What stays is not restarted, also where another was to stay in its place.
  void CheckStarts(const Preview& preview, const std::map<std::string, std::string>& before,
                   const std::map<std::string, std::string>& places) {
    std::set<std::string> coming;
    for (const PodPreview& pod : preview.pods) {
      if (pod.fate == PodFate::kCreate) coming.insert(pod.key.name);
    }
    for (const auto& [name, node] : places) {
      const bool stays = before.contains(name) && !coming.contains(name);
      EXPECT_EQ(starts_[name] == 0, stays) << name << " started " << starts_[name] << " times";
    }
  }

  void CheckObjects(const Preview& preview) {
    for (const ObjectChange& change : preview.changes) {
      const ObjectPtr object = controller_.State()->Find(change.key);
      if (change.after == nullptr) {
        EXPECT_EQ(object, nullptr) << ToString(change.key);
      } else if (object == nullptr) {
        ADD_FAILURE() << ToString(change.key) << " is not there";
      } else {
        EXPECT_TRUE(DeclaredDiff(*object, *change.after).empty()) << ToString(change.key);
      }
    }
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
  const std::vector<std::string> nodes_;
  Tally tally_;
  std::map<std::string, int> starts_;  // of containers, by pod
  std::vector<std::unique_ptr<SimHost>> hosts_;
  SimController controller_;
};

TEST(PlanSimulation, WhatAPlanSaysIsWhatControllerAgentsAndEnginesDo) {
  SetLogLevel(LogLevel::kError);
  const char* text = std::getenv("RECONCILE_PLAN_WORLDS");
  const uint64_t worlds = text == nullptr ? 50 : std::strtoull(text, nullptr, 10);
  Tally all;
  for (uint64_t seed = 1; seed <= worlds; ++seed) {
    PlanWorld world(seed);
    for (int commit = 0; commit < kCommitsOfWorld; ++commit) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", commit " + std::to_string(commit + 2));
      world.PlanAndApply();
    }
    const Tally& tally = world.tally();
    all.commits += tally.commits;
    all.exact += tally.exact;
    all.marked_in += tally.marked_in;
    all.pods += tally.pods;
    all.marked += tally.marked;
    all.moved += tally.moved;
    all.unsaid += tally.unsaid;
  }
  std::printf(
      "%d commits, %d of them to the last pod as planned; %d have a mark, on %d of %d pods in all; "
      "%d came out otherwise, %d of them without a mark\n",
      all.commits, all.exact, all.marked_in, all.marked, all.pods, all.moved, all.unsaid);
  // Marks that are everywhere would say nothing. What a handful of worlds has is no share.
  EXPECT_LE(all.marked, std::max(4, all.pods / kOneOfMarked));
  EXPECT_LE(all.unsaid, std::max(1, all.pods / kOneOfUnsaid));
}

}  // namespace
}  // namespace reconcile
