#include "source/fake_source.h"
#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {
namespace {

std::string ConfigMapText(const std::string& name, const std::string& value) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: {key: '" + value +
         "'}\n";
}

bool HasLine(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

// One source.
using SourceTest = ControllerTest;

TEST_F(SourceTest, RecordsEachFateOfACommitOnce) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Start();
  Connect();
  RunWhatIsAssigned();
  source_.SetFiles("c2", {{"web.yaml", "kind: [\n"}});
  Settle();
  source_.SetFiles("c3", {});
  Settle();
  source_.answer = UnavailableError("no answer");
  for (int i = 0; i < 3; ++i) {
    source_.hint();
    Settle();
  }
  EXPECT_EQ(EventsOf(Kind::kSource, "main"),
            (std::vector<std::string>{"Normal Applied", "Warning FetchFailed",
                                      "Warning InvalidCommit", "Warning PruneHeld"}));
}

TEST_F(SourceTest, NotesTheWarningsOfACommitAndRecordsThemOnce) {
  std::string text = ControllerOf(1);
  text.replace(text.find("image: 'app:1'"), 14,
               "image: 'app:1', envFrom: [{configMapRef: {name: words}}]");
  source_.SetFiles("c1", {{"web.yaml", text}});
  source_.answer->warnings.push_back({"link.yaml", 0, 0, "is a symbolic link: not followed"});
  Start();
  time_.RunFor(120'000);
  EXPECT_TRUE(HasLine(controller_->Notes(), "source main: link.yaml: is a symbolic link"));
  EXPECT_TRUE(HasLine(controller_->Notes(), "uses ConfigMap default/words"));
  EXPECT_EQ(EventsOf(Kind::kSource, "main"),
            (std::vector<std::string>{"Normal Applied", "Warning CommitWarnings"}));
  source_.SetFiles("c2", {{"web.yaml", ControllerOf(1)}});
  Settle();
  EXPECT_FALSE(HasLine(controller_->Notes(), "source main"));
}

TEST_F(SourceTest, SaysThatTheStoreRefusesAndIsNotSettled) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(1)}});
  Start();
  Connect();
  RunWhatIsAssigned();
  EXPECT_EQ(controller_->Unconverged(), std::vector<std::string>());
  store_.set_unavailable(true);
  source_.SetFiles("c2", {{"web.yaml", ControllerOf(2)}});
  Settle();
  ASSERT_FALSE(controller_->Unconverged().empty());
  EXPECT_TRUE(controller_->Unconverged()[0].starts_with("controller: its store refuses to write"));
  EXPECT_FALSE(controller_->Settled());
  store_.set_unavailable(false);
  time_.RunFor(15'000);
  RunWhatIsAssigned();
  EXPECT_EQ(controller_->Unconverged(), std::vector<std::string>());
  EXPECT_TRUE(controller_->Settled());
}

// The source's path is an overlay; what changes lies beside it.
TEST_F(SourceTest, ABaseBesideTheSourcesFolderChangesWhatItsOverlayRenders) {
  const auto files = [](const std::string& value) {
    return std::map<std::string, std::string>{
        {"kustomization.yaml",
         "namePrefix: prod-\nresources: [../../base]\ngeneratorOptions: {disableNameSuffixHash: "
         "true}\nsecretGenerator: [{name: token, files: [../../base/token]}]\n"},
        {"../../base/kustomization.yaml", "resources: [a.yaml]\n"},
        {"../../base/a.yaml", ConfigMapText("a", value)},
        {"../../base/token", "canary-" + value}};
  };
  source_.SetFiles("c1", files("one"));
  Start();
  const auto value = [&] {
    const auto found = controller_->State()->Find<ConfigMap>("default", "prod-a");
    return found == nullptr ? "" : found->data.at("key");
  };
  EXPECT_EQ(value(), "one");
  std::vector<ManifestFile> next;
  for (const auto& [path, text] : files("two")) {
    next.push_back({path, "", std::make_shared<const std::string>(text)});
  }
  const auto plan = controller_->PlanManifests("main", {"c2", next});
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  ASSERT_TRUE(plan->problems.errors.empty()) << plan->problems.errors[0].ToString();
  std::string changed;
  for (const ObjectChange& change : plan->preview.changes) {
    for (const FieldChange& field : change.fields) {
      changed += ToString(change.key) + " " + field.path + " " + field.before + " " + field.after +
                 (field.secret ? " secret" : "") + "\n";
    }
  }
  EXPECT_EQ(changed,
            "ConfigMap default/prod-a data[key] \"one\" \"two\"\n"
            "Secret default/prod-token data[token] *** (before) *** (after) secret\n");
  source_.SetFiles("c2", files("two"));
  Settle();
  EXPECT_EQ(value(), "two");
}

// A commit that changes nothing is in force only when that is written down.
TEST_F(SourceTest, WritesWhichCommitIsInForceAfterTheStoreRefused) {
  source_.SetFiles("c1", {{"a.yaml", ConfigMapText("a", "x")}});
  Start();
  store_.set_unavailable(true);
  source_.SetFiles("c2", {{"a.yaml", ConfigMapText("a", "x")}});
  Settle();
  store_.set_unavailable(false);
  time_.RunFor(15'000);
  EXPECT_EQ(SourceState().applied_commit, "c2");
}

// Several sources in one repository.
class SourcesTest : public testing::Test {
 protected:
  void Start(const std::vector<std::string>& folders) {
    ControllerOptions options;
    for (const std::string& folder : folders) {
      options.sources.push_back({folder, {"/repository", "", folder}});
    }
    controller_ =
        std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
    ASSERT_TRUE(controller_->Start().ok());
    Settle();
  }
  void Settle() { time_.RunFor(100); }
  void Commit(const std::string& id, const std::map<std::string, std::string>& files) {
    FetchedCommit commit;
    commit.id = id;
    for (const auto& [path, text] : files) {
      commit.files.push_back({path, id + path, std::make_shared<std::string>(text)});
    }
    source_.SetCommit("/repository", commit);
  }
  std::string Ready(const std::string& source) {
    const auto found = controller_->State()->Find<Source>("", source);
    const Condition* ready =
        found == nullptr ? nullptr : FindCondition(found->status.conditions, "Ready");
    return ready == nullptr ? "" : ready->reason + ": " + ready->message;
  }
  std::string Value(const std::string& config_map) {
    const auto found = controller_->State()->Find<ConfigMap>("default", config_map);
    return found == nullptr ? "" : found->data.at("key");
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  FakeSource source_{&loop_};
  FakeAgentLink link_;
  std::unique_ptr<Controller> controller_;
};

TEST_F(SourcesTest, AnObjectOfTwoSourcesStaysWithTheFirst) {
  Commit("c1",
         {{"a/x.yaml", ConfigMapText("x", "of-a")}, {"b/x.yaml", ConfigMapText("x", "of-b")}});
  Start({"a", "b"});
  EXPECT_EQ(Ready("a"), "Applied: commit c1");
  EXPECT_EQ(Ready("b").substr(0, 14), "InvalidCommit:");
  EXPECT_NE(Ready("b").find("already declared by source 'a' at x.yaml:1"), std::string::npos);
  const Revision revision = controller_->State()->revision();
  time_.RunFor(300'000);
  EXPECT_EQ(Value("x"), "of-a");
  EXPECT_EQ(controller_->State()->revision(), revision) << "it does not flip";
}

TEST_F(SourcesTest, AnObjectMovesFromOneSourceToAnother) {
  Commit("c1", {{"a/x.yaml", ConfigMapText("x", "of-b")},
                {"b/x.yaml", ConfigMapText("y", "of-b")},
                {"b/z.yaml", ConfigMapText("z", "z")}});
  Start({"a", "b"});
  Commit("c2", {{"a/x.yaml", ConfigMapText("x", "of-a") + "---\n" + ConfigMapText("y", "of-a")},
                {"b/z.yaml", ConfigMapText("z", "z")}});
  time_.RunFor(120'000);
  EXPECT_EQ(Ready("a"), "Applied: commit c2");
  EXPECT_EQ(Value("y"), "of-a");
}

TEST_F(SourcesTest, AllSourcesOfARepositoryGetItsHints) {
  Commit("c1", {{"a/x.yaml", ConfigMapText("x", "1")}, {"b/y.yaml", ConfigMapText("y", "1")}});
  Start({"a", "b"});
  Commit("c2", {{"a/x.yaml", ConfigMapText("x", "2")}, {"b/y.yaml", ConfigMapText("y", "2")}});
  Settle();
  EXPECT_EQ(Value("x"), "2");
  EXPECT_EQ(Value("y"), "2");
}

TEST_F(SourcesTest, ANamespaceThatAnotherSourceBringsIsFoundAtOnce) {
  Commit("c1", {{"a/x.yaml",
                 "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: "
                 "shop}\ndata: {key: v}\n"},
                {"b/y.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"}});
  Start({"a", "b"});
  EXPECT_EQ(Ready("a"), "Applied: commit c1");
}

// Refuses, as the real store does, but sooner.
class SmallStore final : public Store {
 public:
  std::shared_ptr<const ClusterState> Snapshot() const override { return store_.Snapshot(); }
  Result<Revision> Commit(const Transaction& transaction, Revision expected) override {
    for (const Write& write : transaction.writes) {
      const auto map = As<ConfigMap>(write.object);
      if (map != nullptr && map->data.at("key") == "huge") return InvalidError("x is too large");
    }
    return store_.Commit(transaction, expected);
  }
  Result<std::vector<Change>> ChangesSince(Revision revision) const override {
    return store_.ChangesSince(revision);
  }
  WatchId Watch(WatchFunction on_changes) override { return store_.Watch(std::move(on_changes)); }
  void Unwatch(WatchId watch) override { store_.Unwatch(watch); }
  Status Compact(Revision revision) override { return store_.Compact(revision); }

 private:
  MemoryStore store_;
};

TEST_F(SourcesTest, ACommitThatTheStoreNeverTakesStopsOnlyItsSource) {
  SmallStore small;
  ControllerOptions options;
  for (const std::string folder : {"a", "b", "c"}) {
    options.sources.push_back({folder, {"/repository", "", folder}});
  }
  controller_ = std::make_unique<Controller>(options, &loop_, &random_, &small, &source_, &link_);
  ASSERT_TRUE(controller_->Start().ok());
  Commit("c1", {{"a/x.yaml", ConfigMapText("x", "1")},
                {"b/y.yaml", ConfigMapText("y", "huge")},
                {"c/z.yaml", ConfigMapText("z", "1")}});
  Settle();
  EXPECT_EQ(Value("x"), "1");
  EXPECT_EQ(Value("z"), "1");
  EXPECT_EQ(Ready("b"),
            "StoreRefused: commit c1: the store does not take what it leads to: x is too large");
  link_.handler.on_connected("host-1");
  link_.handler.on_report(ReportOf("host-1", 1));
  Settle();
  EXPECT_NE(controller_->State()->Find<Node>("", "host-1"), nullptr) << "reports go on";
  Commit("c2", {{"a/x.yaml", ConfigMapText("x", "1")},
                {"b/y.yaml", ConfigMapText("y", "small")},
                {"c/z.yaml", ConfigMapText("z", "1")}});
  Settle();
  EXPECT_EQ(Value("y"), "small");
  EXPECT_EQ(Ready("b"), "Applied: commit c2");
  controller_.reset();  // before its store
}

TEST_F(SourcesTest, ABrokenCommitIsNotReadAgainAtEveryPoll) {
  // What it is read from is dropped with its first reading: a second one would find nothing wrong.
  auto bytes = std::make_shared<std::string>("kind: [\n");
  FetchedCommit commit;
  commit.id = "c1";
  commit.files.push_back({"a/x.yaml", "blob", bytes});
  source_.SetCommit("/repository", commit);
  Start({"a"});
  EXPECT_EQ(Ready("a").substr(0, 14), "InvalidCommit:");
  const std::string said = Ready("a");
  *bytes = ConfigMapText("x", "1");
  time_.RunFor(180'000);
  EXPECT_EQ(Ready("a"), said);
}

std::string PodText(const std::string& image) {
  return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: main, image: "
         "'" +
         image + "'}]}\n";
}

// A bare Pod whose change takes several turns, and a broken commit amid them.
class InForceTest : public SourcesTest {
 protected:
  // The agent runs what it has, and what is to stop is gone.
  void Report() {
    reconcile::Report report = ReportOf("host-1", ++sequence_);
    report.applied = link_.sent["host-1"].back().fence;
    for (const auto& pod : link_.sent["host-1"].back().pods) {
      PodReport of_pod{.namespace_name = "default",
                       .name = pod->metadata.name,
                       .uid = pod->metadata.uid,
                       .gone = pod->metadata.deletion_timestamp.has_value()};
      of_pod.status.phase = PodPhase::kRunning;
      report.pods.push_back(of_pod);
    }
    link_.handler.on_report(report);
    Settle();
  }
  void StopThePodForTheSecondCommit() {
    Commit("c1", {{"a/p.yaml", PodText("app:1")}});
    Start({"a"});
    link_.handler.on_connected("host-1");
    link_.handler.on_report(ReportOf("host-1", ++sequence_));
    Settle();
    Report();
    Commit("c2", {{"a/p.yaml", PodText("app:2")}});
    Settle();
    ASSERT_TRUE(ThePod()->metadata.deletion_timestamp.has_value());
    Commit("c3", {{"a/p.yaml", "kind: [\n"}});
    Settle();
    ASSERT_EQ(Ready("a").substr(0, 14), "InvalidCommit:");
  }
  std::shared_ptr<const Pod> ThePod() { return controller_->State()->Find<Pod>("default", "p"); }

  int64_t sequence_ = 0;
};

TEST_F(InForceTest, WhatACommitBeganGoesOnWhileANewerOneIsBroken) {
  StopThePodForTheSecondCommit();
  Report();
  ASSERT_NE(ThePod(), nullptr);
  EXPECT_EQ(ThePod()->spec.containers[0].image, "app:2");
}

TEST_F(InForceTest, ASourceThatIsReadElsewhereIsHeldAlsoAfterARestart) {
  std::string many;
  for (int i = 0; i < 6; ++i) many += "---\n" + ConfigMapText("x" + std::to_string(i), "v");
  Commit("c1", {{"a/x.yaml", many}, {"b/y.yaml", ConfigMapText("y", "v")}});
  Start({"a"});
  ASSERT_EQ(Value("x5"), "v");
  ControllerOptions options;
  options.sources = {{"a", {"/repository", "", "b"}}};
  controller_ = std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
  ASSERT_TRUE(controller_->Start().ok());
  time_.RunFor(200'000);
  EXPECT_EQ(Ready("a").substr(0, 10), "PruneHeld:");
  EXPECT_EQ(Value("x5"), "v") << "nothing of the old path goes without a person's word";
}

TEST_F(InForceTest, WhatACommitBeganGoesOnAfterARestartToo) {
  StopThePodForTheSecondCommit();
  Start({"a"});
  link_.handler.on_connected("host-1");
  link_.handler.on_report(ReportOf("host-1", ++sequence_));
  Settle();
  Report();
  ASSERT_NE(ThePod(), nullptr);
  EXPECT_EQ(ThePod()->spec.containers[0].image, "app:2");
  const Revision revision = controller_->State()->revision();
  time_.RunFor(12'000);
  EXPECT_EQ(controller_->State()->revision(), revision) << "and then nothing more is written";
}

}  // namespace
}  // namespace reconcile
