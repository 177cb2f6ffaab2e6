#include "source/fake_source.h"
#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {
namespace {

std::string Wave(int wave) {
  return wave == 0
             ? ""
             : ", annotations: {argocd.argoproj.io/sync-wave: '" + std::to_string(wave) + "'}";
}

std::string DeploymentIn(const std::string& name, int wave, int replicas = 1) {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name + Wave(wave) +
         "}\nspec:\n  replicas: " + std::to_string(replicas) +
         "\n  selector: {matchLabels: {app: " + name +
         "}}\n  template:\n    metadata: {labels: {app: " + name +
         "}}\n    spec:\n      containers:\n      - {name: main, image: 'app:1'}\n---\n";
}

std::string MapsIn(int wave, int first, int count) {
  std::string text;
  for (int i = first; i < first + count; ++i) {
    text += "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map-" + std::to_string(i) +
            Wave(wave) + "}\n---\n";
  }
  return text;
}

std::string ReadyOf(const Controller& controller, const std::string& source) {
  const auto found = controller.State()->Find<Source>("", source);
  const Condition* ready =
      found == nullptr ? nullptr : FindCondition(found->status.conditions, "Ready");
  return ready == nullptr ? "" : ready->reason + ": " + ready->message;
}

class CommitWavesTest : public ControllerTest {
 protected:
  void SetText(const std::string& commit, const std::string& text) {
    source_.SetFiles(commit, {{"all.yaml", text}});
    Settle();
  }
  void Restart() {
    controller_.reset();
    ControllerOptions options;
    options.sources = {{"main", {"/repository", "", ""}}};
    controller_ =
        std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
    Start();
    Connect();
  }
  std::string Ready() { return ReadyOf(*controller_, "main"); }
  bool HasDeployment(const std::string& name) {
    return controller_->State()->Find<Deployment>("default", name) != nullptr;
  }
  size_t Maps() { return controller_->State()->Objects(Kind::kConfigMap).size(); }
};

TEST_F(CommitWavesTest, IsNotCalledAppliedWhileAWaveWaits) {
  SetText("c0", MapsIn(0, 1, 1));
  Start();
  Connect();
  SetText("c1", MapsIn(0, 1, 1) + DeploymentIn("db", 1) + DeploymentIn("web", 2));
  const std::string wait =
      "wave 2 waits for Deployment default/db of wave 1: 0 of 1 pods are ready";
  EXPECT_EQ(Ready(), "WaitingForWave: commit c1: " + wait);
  EXPECT_EQ(SourceState().applied_commit, "c0");
  EXPECT_EQ(SourceState().applying_commit, "c1");
  EXPECT_EQ(controller_->Unconverged().at(0), "source main: commit c1: " + wait);
  ASSERT_EQ(SourceState().history.size(), 2u);
  EXPECT_EQ(SourceState().history[0].result, "Waiting");
  EXPECT_FALSE(HasDeployment("web"));
  const Revision revision = controller_->State()->revision();
  time_.RunFor(1'000);
  EXPECT_EQ(controller_->State()->revision(), revision) << "nothing new is nothing to write";
  RunWhatIsAssigned();
  EXPECT_EQ(Ready(), "Applied: commit c1");
  EXPECT_EQ(SourceState().applied_commit, "c1");
  EXPECT_EQ(SourceState().applying_commit, "");
  EXPECT_EQ(SourceState().history[0].result, "Applied");
  EXPECT_TRUE(HasDeployment("web"));
  RunWhatIsAssigned();
  EXPECT_EQ(controller_->Unconverged(), std::vector<std::string>());
  EXPECT_EQ(
      EventsOf(Kind::kSource, "main"),
      (std::vector<std::string>{"Normal Applied", "Normal Applied", "Normal WaitingForWave"}));
}

TEST_F(CommitWavesTest, ANewerCommitReplacesOneThatWaitsForEver) {
  Start();
  Connect();
  SetText("c1", DeploymentIn("cache", 1) + DeploymentIn("db", 1) + DeploymentIn("web", 2));
  SetText("c2", DeploymentIn("cache", 1) + DeploymentIn("web", 0));
  EXPECT_EQ(Ready(),
            "WaitingForWave: commit c2: pruning waits for Deployment default/web of wave 0: 0 of 1 "
            "pods are ready");
  EXPECT_TRUE(HasDeployment("web"));
  RunWhatIsAssigned();
  EXPECT_EQ(Ready(), "Applied: commit c2");
  EXPECT_FALSE(HasDeployment("db"));
}

TEST_F(CommitWavesTest, ABrokenCommitLetsTheOneThatWaitsGoOn) {
  SetText("c0", MapsIn(0, 1, 1));
  Start();
  Connect();
  SetText("c1", MapsIn(0, 1, 1) + DeploymentIn("db", 1) + DeploymentIn("web", 2));
  SetText("c2", "kind: [\n");
  EXPECT_EQ(Ready().substr(0, 14), "InvalidCommit:");
  EXPECT_FALSE(HasDeployment("web"));
  RunWhatIsAssigned();
  EXPECT_TRUE(HasDeployment("web"));
  RunWhatIsAssigned();
  EXPECT_EQ(SourceState().applied_commit, "c1");
  EXPECT_EQ(SourceState().applying_commit, "");
}

TEST_F(CommitWavesTest, ARestartGoesOnWhereItWas) {
  SetText("c1", DeploymentIn("db", 1) + DeploymentIn("web", 2));
  Start();
  Connect();
  const std::string before = Ready();
  const std::string uid = controller_->State()->Find<Deployment>("default", "db")->metadata.uid;
  Restart();
  EXPECT_EQ(Ready(), before);
  EXPECT_FALSE(HasDeployment("web"));
  RunWhatIsAssigned();
  EXPECT_EQ(Ready(), "Applied: commit c1");
  EXPECT_EQ(controller_->State()->Find<Deployment>("default", "db")->metadata.uid, uid);
}

// Twenty deletions of 45 objects are below the breaker's half; counted twice they are not.
TEST_F(CommitWavesTest, TheBreakerCountsDeletionsThatWaitOnce) {
  const std::string keep = MapsIn(0, 100, 25) + DeploymentIn("db", 0);
  SetText("c1", keep + MapsIn(1, 1, 20));
  Start();
  Connect();
  RunWhatIsAssigned();
  ASSERT_EQ(Maps(), 45u);
  SetText("c2", keep + DeploymentIn("web", 2));
  EXPECT_EQ(Ready(),
            "WaitingForWave: commit c2: pruning waits for Deployment default/web of wave 2: "
            "0 of 1 pods are ready");
  ASSERT_EQ(SourceState().recent_prunes.size(), 1u);
  EXPECT_EQ(SourceState().recent_prunes[0].objects, 20);
  EXPECT_EQ(SourceState().let_through.size(), 20u);
  time_.RunFor(120'000);
  EXPECT_EQ(SourceState().recent_prunes.size(), 1u);
  // Nor by a restart, nor when the next commit still leaves them out.
  Restart();
  SetText("c3", keep + DeploymentIn("web", 2) + MapsIn(0, 200, 1));
  EXPECT_EQ(Ready().substr(0, 26), "WaitingForWave: commit c3:");
  EXPECT_EQ(SourceState().recent_prunes.size(), 1u);
  EXPECT_EQ(Maps(), 46u);
  // What is removed in addition counts together with them.
  SetText("c4", MapsIn(0, 100, 12) + DeploymentIn("db", 0) + DeploymentIn("web", 2));
  EXPECT_EQ(Ready().substr(0, 10), "PruneHeld:");
  SetText("c5", keep + DeploymentIn("web", 2) + MapsIn(0, 200, 1));
  RunWhatIsAssigned();
  EXPECT_EQ(Ready(), "Applied: commit c5");
  EXPECT_EQ(Maps(), 26u);
  EXPECT_EQ(SourceState().recent_prunes.size(), 1u);
  EXPECT_TRUE(SourceState().let_through.empty());
}

// A person's word holds until all of it is done.
TEST_F(CommitWavesTest, WhatWasConfirmedIsNotHeldAgain) {
  SetText("c1", MapsIn(0, 100, 1) + DeploymentIn("db", 1) + DeploymentIn("web", 2));
  Start();
  Connect();
  RunWhatIsAssigned();
  RunWhatIsAssigned();
  SetText("c2", MapsIn(0, 100, 1));
  ASSERT_EQ(Ready().substr(0, 10), "PruneHeld:");
  ASSERT_TRUE(controller_->Confirm(SourceState().held->plan_hash).ok());
  Settle();
  EXPECT_EQ(Ready(),
            "WaitingForWave: commit c2: pruning of wave 1 waits for Deployment default/web "
            "of wave 2: 1 pod of it is still there");
  for (int i = 0; i < 3; ++i) RunWhatIsAssigned();
  EXPECT_EQ(Ready(), "Applied: commit c2");
  EXPECT_FALSE(HasDeployment("db"));
  EXPECT_FALSE(HasDeployment("web"));
}

// ---- The plan ----

TEST_F(CommitWavesTest, ThePlanWarnsOfWhatIsKeptAsItIs) {
  const auto map = [](const std::string& value, const std::string& annotations) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a" + annotations +
           "}\ndata: {key: '" + value + "'}\n";
  };
  SetText("c1", map("one", ""));
  Start();
  const std::string next =
      map("two", ", annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}");
  const auto plan = controller_->PlanManifests(
      "main", {"c2", {{"all.yaml", "b", std::make_shared<const std::string>(next)}}});
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->problems.warnings.size(), 1u);
  EXPECT_EQ(
      plan->problems.warnings[0].ToString(),
      "all.yaml:1:1: ConfigMap default/a: differs from what is there (data[key]), and stays as "
      "it is: its annotation \"kustomize.toolkit.fluxcd.io/ssa: IfNotPresent\" keeps it");
}

// ---- dependsOn ----

class DependsOnTest : public ControllerTest {
 protected:
  DependsOnTest() {
    SourceSpec base{"/repository", "", "base"};
    SourceSpec shop{"/repository", "", "shop"};
    shop.depends_on = {"zone"};
    ControllerOptions options;
    options.sources = {{"shop", shop}, {"zone", base}};
    controller_ =
        std::make_unique<Controller>(options, &loop_, &random_, &store_, &repository_, &link_);
  }
  void Commit(const std::string& id, const std::string& base, const std::string& shop) {
    FetchedCommit commit;
    commit.id = id;
    commit.files = {{"base/all.yaml", id + "base", std::make_shared<std::string>(base)},
                    {"shop/all.yaml", id + "shop", std::make_shared<std::string>(shop)}};
    repository_.SetCommit("/repository", commit);
    Settle();
  }

  FakeSource repository_{&loop_};
};

TEST_F(DependsOnTest, ACommitWaitsUntilWhatItDependsOnIsAppliedAndHealthy) {
  Commit("c1", DeploymentIn("db", 0), MapsIn(0, 1, 1));
  Start();
  Connect();
  const std::string wait =
      "commit c1: waits for source zone: Deployment default/db: 0 of 1 pods are ready";
  EXPECT_EQ(ReadyOf(*controller_, "shop"), "WaitingForSource: " + wait);
  EXPECT_EQ(controller_->Unconverged().at(0), "source shop: " + wait);
  EXPECT_EQ(controller_->State()->Objects(Kind::kConfigMap).size(), 0u);
  RunWhatIsAssigned();
  EXPECT_EQ(ReadyOf(*controller_, "shop"), "Applied: commit c1");
  EXPECT_EQ(controller_->State()->Objects(Kind::kConfigMap).size(), 1u);
  // The next commit waits for the other source's next one.
  Commit("c2", DeploymentIn("db", 0, 2), MapsIn(0, 1, 2));
  EXPECT_EQ(ReadyOf(*controller_, "shop").substr(0, 17), "WaitingForSource:");
  EXPECT_EQ(controller_->State()->Objects(Kind::kConfigMap).size(), 1u);
  RunWhatIsAssigned();
  EXPECT_EQ(ReadyOf(*controller_, "shop"), "Applied: commit c2");
  EXPECT_EQ(controller_->State()->Objects(Kind::kConfigMap).size(), 2u);
}

TEST_F(DependsOnTest, WithoutAnythingToWaitForBothAreAppliedAtOnce) {
  Commit("c1", MapsIn(0, 7, 1), MapsIn(0, 1, 1));
  Start();
  EXPECT_EQ(ReadyOf(*controller_, "shop"), "Applied: commit c1");
}

TEST_F(DependsOnTest, ACommitThatChangesNothingDoesNotWait) {
  Commit("c1", DeploymentIn("db", 0), MapsIn(0, 1, 1));
  Start();
  Connect();
  RunWhatIsAssigned();
  Commit("c2", DeploymentIn("db", 0, 2), MapsIn(0, 1, 1));
  EXPECT_EQ(ReadyOf(*controller_, "shop"), "Applied: commit c2");
}

}  // namespace
}  // namespace reconcile
