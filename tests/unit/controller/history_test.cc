#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {
namespace {

class HistoryTest : public ControllerTest {
 protected:
  // Everything that is assigned runs, and the agent tells how it started.
  void RunAndTell() {
    Report report = WhatRuns("host-1");
    for (const PodReport& pod : report.pods) {
      report.starts.push_back({pod.uid, {1, 20, 25, 25, 30, 40, 41}});
    }
    Say(report);
  }
  std::vector<Controller::HistoryEntry> History() { return *controller_->History("main"); }
};

TEST_F(HistoryTest, TimesACommitFromSeenToItsLastPodReady) {
  Start();
  Connect();
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Settle();
  ASSERT_EQ(History().size(), 1U);
  EXPECT_FALSE(History()[0].timing->ended);
  time_.RunFor(100);
  RunAndTell();
  const Controller::HistoryEntry entry = History()[0];
  EXPECT_TRUE(entry.in_force);
  ASSERT_TRUE(entry.timing.has_value());
  EXPECT_TRUE(entry.timing->ended);
  EXPECT_EQ(entry.timing->pods, 2);
  EXPECT_EQ(entry.timing->pods_ready, 2);
  EXPECT_EQ(entry.timing->node, "host-1");
  EXPECT_EQ(entry.timing->stages.size(), 16U);
  EXPECT_EQ(entry.timing->total_ms, entry.timing->stages.back().at_ms);
  EXPECT_GE(entry.timing->total_ms, 100);
}

TEST_F(HistoryTest, CountsOnlyPodsThatTheCommitBrought) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Start();
  Connect();
  RunAndTell();
  source_.SetFiles("c2", {{"web.yaml", ControllerOf(3)}});
  Settle();
  RunAndTell();
  const auto history = History();
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].revision.commit, "c2");
  EXPECT_EQ(history[0].timing->pods, 1);
  EXPECT_TRUE(history[0].timing->ended);
  EXPECT_EQ(history[1].timing->pods, 2);
  EXPECT_FALSE(history[1].in_force);
}

std::string DeploymentOf(const std::string& image) {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n"
         "  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}\n"
         "  selector: {matchLabels: {app: web}}\n"
         "  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n"
         "      - {name: main, image: '" +
         image + "'}\n";
}

TEST_F(HistoryTest, ARolloutIsTimedToItsLastPodWhichWaitedForTheOthers) {
  source_.SetFiles("c1", {{"web.yaml", DeploymentOf("app:1")}});
  Start();
  Connect();
  RunAndTell();
  ASSERT_TRUE(History()[0].timing->ended);
  source_.SetFiles("c2", {{"web.yaml", DeploymentOf("app:2")}});
  Settle();
  for (int i = 0; i < 10 && !History()[0].timing->ended; ++i) {
    time_.RunFor(100);
    RunAndTell();
  }
  const TraceSummary timing = *History()[0].timing;
  ASSERT_TRUE(timing.ended);
  EXPECT_EQ(timing.pods, 3);
  EXPECT_EQ(timing.pods_ready, 3);
  ASSERT_EQ(timing.stages.size(), 16U);
  EXPECT_EQ(timing.stages[5].name, "due");
  EXPECT_GE(timing.stages[5].took_ms, 200);
}

TEST_F(HistoryTest, SaysWhatFailedAndOutlivesTheController) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Start();
  Connect();
  RunAndTell();
  source_.SetFiles("c2", {{"web.yaml", "kind: [\n"}});
  Settle();
  ControllerOptions options;
  options.sources = {{"main", {"/repository", "", ""}}};
  controller_ = std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
  Start();
  const auto history = History();
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].revision.result, "Failed");
  EXPECT_TRUE(history[0].revision.message.starts_with("web.yaml:")) << history[0].revision.message;
  EXPECT_EQ(history[1].revision.result, "Applied");
  EXPECT_TRUE(history[1].in_force);
  EXPECT_FALSE(history[1].timing.has_value());
  EXPECT_EQ(controller_->History("nothing").status().code(), StatusCode::kNotFound);
}

TEST_F(HistoryTest, TellsWhatACommitChangedAndThatItConverged) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Start();
  Connect();
  Settle();
  ASSERT_TRUE(History()[0].revision.changes.has_value());
  EXPECT_EQ(History()[0].revision.changes->created, 1);
  EXPECT_FALSE(History()[0].revision.outcome.has_value()) << "its pods do not run yet";
  RunAndTell();
  Settle();
  ASSERT_TRUE(History()[0].revision.outcome.has_value());
  const RevisionOutcome first = *History()[0].revision.outcome;
  EXPECT_EQ(first.result, "Converged");
  EXPECT_EQ(first.took_ms, History()[0].timing->total_ms);
  EXPECT_EQ(first.pods_started, 2);
  EXPECT_EQ(first.pods_stopped, 0);
  source_.SetFiles("c2", {{"web.yaml", ControllerOf(1)}});
  Settle();
  RunAndTell();
  Settle();
  const SourceRevision second = History()[0].revision;
  EXPECT_EQ(second.changes->changed, 1);
  ASSERT_TRUE(second.outcome.has_value());
  EXPECT_EQ(second.outcome->pods_started, 0);
  EXPECT_EQ(second.outcome->pods_stopped, 1);
}

TEST_F(HistoryTest, ACommitThatAnotherReplacedBeforeAllOfItRanSaysSo) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Start();
  Connect();
  source_.SetFiles("c2", {{"web.yaml", ControllerOf(3)}});
  Settle();
  RunAndTell();
  Settle();
  EXPECT_EQ(History()[0].revision.outcome->result, "Converged");
  EXPECT_EQ(History()[1].revision.outcome->result, "Replaced");
}

// What it declares has to run, also when nothing of that is its own doing.
TEST_F(HistoryTest, ACommitThatStartsNoPodHasNotConvergedWhileItsSourcesPodsDoNotRun) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Start();
  Connect();
  Settle();
  const std::string words = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\ndata: {a: ";
  source_.SetFiles("c2", {{"web.yaml", ControllerOf(2)}, {"words.yaml", words + "one}\n"}});
  Settle();
  EXPECT_EQ(History()[0].revision.changes->created, 1);
  EXPECT_FALSE(History()[0].revision.outcome.has_value());
  EXPECT_EQ(History()[1].revision.outcome->result, "Replaced");
  source_.SetFiles("c3", {{"web.yaml", ControllerOf(2)}, {"words.yaml", words + "two}\n"}});
  Settle();
  EXPECT_EQ(History()[1].revision.outcome->result, "Replaced") << "no rollback goes to it";
  time_.RunFor(1'000);
  RunAndTell();
  Settle();
  ASSERT_TRUE(History()[0].revision.outcome.has_value());
  EXPECT_EQ(History()[0].revision.outcome->result, "Converged");
  EXPECT_GE(History()[0].revision.outcome->took_ms, 1'000) << "it waited for the pods";
}

TEST_F(HistoryTest, AControllerThatWasStartedMeanwhileFindsThatACommitConverged) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Start();
  Connect();
  ControllerOptions options;
  options.sources = {{"main", {"/repository", "", ""}}};
  controller_ = std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
  Start();
  Connect();
  EXPECT_FALSE(History()[0].revision.outcome.has_value());
  RunAndTell();
  time_.RunFor(6'000);  // it does not look through the whole model in every turn
  source_.hint();
  Settle();
  ASSERT_TRUE(History()[0].revision.outcome.has_value());
  EXPECT_EQ(History()[0].revision.outcome->result, "Converged");
  EXPECT_FALSE(History()[0].revision.outcome->took_ms.has_value()) << "nobody measured it";
}

TEST_F(HistoryTest, ASettledWorldWritesNothingForIt) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Start();
  Connect();
  RunAndTell();
  Settle();
  const Revision revision = controller_->State()->revision();
  for (int i = 0; i < 5; ++i) {
    source_.hint();
    Settle();
    RunWhatIsAssigned();
  }
  EXPECT_EQ(controller_->State()->revision(), revision);
  EXPECT_EQ(History().size(), 1U);
}

}  // namespace
}  // namespace reconcile
