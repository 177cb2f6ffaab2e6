#include "controller/trace.h"

#include <gtest/gtest.h>

#include "controller/commit_traces.h"
#include "schema/core.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

CommitTrace StoredTrace() {
  CommitTrace trace;
  trace.commit = "c1";
  trace.seen = {1'000};
  trace.fetched = MonoTime{1'030};
  trace.parsed = MonoTime{1'032};
  trace.planned = MonoTime{1'033};
  trace.stored = MonoTime{1'040};
  return trace;
}

TracedPod ReadyPod(const std::string& name, int64_t due, int64_t reported) {
  TracedPod pod;
  pod.namespace_name = "default";
  pod.name = name;
  pod.node = "host-1";
  pod.due = {due};
  pod.assigned = MonoTime{due + 1};
  pod.times = StartTimes{5, 60, 75, 75, 100, 160, 160, 161};
  pod.reported = MonoTime{reported};
  return pod;
}

std::string Text(const TraceSummary& summary) {
  std::string text;
  for (const TraceStage& stage : summary.stages) {
    text += stage.name + " " + std::to_string(stage.at_ms) + "+" + std::to_string(stage.took_ms);
    if (stage.median_ms) text += "/" + std::to_string(*stage.median_ms);
    text += "\n";
  }
  return text;
}

TEST(Trace, FollowsTheLastPodAndAddsUpToTheWhole) {
  CommitTrace trace = StoredTrace();
  trace.pods["a"] = ReadyPod("a", 1'040, 1'210);
  trace.pods["b"] = ReadyPod("b", 1'240, 1'430);
  const TraceSummary summary = SummarizeTrace(trace, true);
  EXPECT_EQ(summary.pod, "default/b");
  EXPECT_EQ(summary.node, "host-1");
  EXPECT_EQ(summary.pods_ready, 2);
  EXPECT_EQ(summary.total_ms, 430);
  EXPECT_EQ(Text(summary),
            "seen 0+0\nfetched 30+30\nparsed 32+2\nplanned 33+1\nstored 40+7\ndue 240+200/0\n"
            "assigned 241+1/1\naccepted 246+5/5\nsandbox 301+55/55\nattached 316+15/15\n"
            "image 316+0/0\ncreated 341+25/25\nstarted 401+60/60\nnetwork 401+0/0\nready 402+1/1\n"
            "reported 430+28/8\n");
  int64_t sum = 0;
  for (const TraceStage& stage : summary.stages) sum += stage.took_ms;
  EXPECT_EQ(sum, summary.total_ms);
  EXPECT_TRUE(StagesText(summary).starts_with("430 ms (fetched 30, parsed 2, planned 1, stored 7"));
}

TEST(Trace, WithoutPodsEndsWhereItIsStored) {
  const TraceSummary summary = SummarizeTrace(StoredTrace(), true);
  EXPECT_EQ(summary.stages.size(), 5U);
  EXPECT_EQ(summary.total_ms, 40);
  EXPECT_EQ(summary.pod, "");
}

TEST(Trace, GivesWhatAnAgentDidNotTellToTheReport) {
  CommitTrace trace = StoredTrace();
  trace.pods["a"] = ReadyPod("a", 1'040, 1'210);
  trace.pods["a"].times.reset();
  const TraceSummary summary = SummarizeTrace(trace, true);
  EXPECT_EQ(summary.stages.back().took_ms, 169);
  EXPECT_EQ(summary.total_ms, 210);
  EXPECT_NE(summary.note.find("host-1 told no times"), std::string::npos) << summary.note;
}

TEST(Trace, IsNotLongerThanItWasWhateverAHostSays) {
  CommitTrace trace = StoredTrace();
  trace.pods["a"] = ReadyPod("a", 1'040, 1'210);
  trace.pods["a"].times = StartTimes{5, INT64_MAX, 3, 3, 3, 3, 3, INT64_MAX};
  const TraceSummary summary = SummarizeTrace(trace, true);
  EXPECT_EQ(summary.total_ms, 210);
  for (const TraceStage& stage : summary.stages) EXPECT_GE(stage.took_ms, 0) << stage.name;
}

// A source "main" whose commit brings the Pod "web", and a state that holds it.
class TracesTest : public testing::Test {
 protected:
  static std::shared_ptr<Pod> WebPod(const std::string& uid, bool ready) {
    auto pod = std::make_shared<Pod>();
    pod->metadata.namespace_name = "default";
    pod->metadata.name = "web";
    pod->metadata.uid = uid;
    pod->metadata.origin.source = "main";
    pod->spec.node_name = "host-1";
    if (ready) pod->status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
    return pod;
  }
  void Begin(const std::string& commit) {
    traces_.Asked("main", false, {1'000});
    traces_.Fetched("main", commit, false, {1'010});
    traces_.Parsed("main", {1'020});
  }
  void Store(const std::string& commit, const std::string& uid) {
    const auto pod = WebPod(uid, false);
    ClusterState after = state_;
    after.Put(pod);
    ObjectChange change;
    change.type = ChangeType::kCreate;
    change.key = pod->key();
    change.after = pod;
    traces_.Stored("main", commit, {change}, {1'030}, {1'040});
    traces_.TakeWrites({{{pod->key(), pod}}}, state_, after, {1'040});
    state_ = after;
  }
  void Assign(const std::string& uid) {
    Assignment assignment;
    assignment.node = "host-1";
    assignment.pods = {WebPod(uid, false)};
    traces_.Assigned(assignment, {1'041});
  }
  void Hear(const std::string& uid) {
    Report report;
    report.starts = {{uid, {1, 2, 3, 4, 5, 6, 7}}};
    traces_.Heard(report, {1'060});
    state_.Put(WebPod(uid, true));
  }

  CommitTraces traces_;
  ClusterState state_;
};

TEST_F(TracesTest, EndOnceWhenEverythingRuns) {
  Begin("c1");
  Store("c1", "u1");
  Assign("u1");
  EXPECT_TRUE(traces_.Settle(state_, {1'050}).empty());
  EXPECT_FALSE(traces_.Find("main", "c1")->ended);
  Hear("u1");
  const auto ended = traces_.Settle(state_, {1'061});
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].commit, "c1");
  EXPECT_EQ(ended[0].summary.total_ms, 60);
  EXPECT_EQ(ended[0].summary.pod, "default/web");
  EXPECT_TRUE(traces_.Settle(state_, {1'070}).empty());
  EXPECT_TRUE(traces_.Find("main", "c1")->ended);
}

TEST_F(TracesTest, APodOfAnOlderAgentEndsWhenTheModelHasItReady) {
  Begin("c1");
  Store("c1", "u1");
  Assign("u1");
  state_.Put(WebPod("u1", true));
  ASSERT_EQ(traces_.Settle(state_, {1'090}).size(), 1U);
  EXPECT_EQ(traces_.Find("main", "c1")->total_ms, 90);
}

TEST_F(TracesTest, ALaterCommitEndsWhatIsStillOnItsWay) {
  Begin("c1");
  Store("c1", "u1");
  Begin("c2");
  Store("c2", "u2");
  EXPECT_FALSE(traces_.Find("main", "c1")->ended);
  Assign("u2");
  Hear("u2");
  const auto ended = traces_.Settle(state_, {1'061});
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].commit, "c2");
}

TEST_F(TracesTest, APodThatIsMadeAgainLaterIsNotOfTheCommit) {
  Begin("c1");
  Store("c1", "u1");
  Assign("u1");
  Hear("u1");
  ASSERT_EQ(traces_.Settle(state_, {1'061}).size(), 1U);
  const auto again = WebPod("u2", false);
  ClusterState after = state_;
  after.Put(again);
  traces_.TakeWrites({{{again->key(), again}}}, state_, after, {2'000});
  EXPECT_EQ(traces_.Find("main", "c1")->pods, 1);
  EXPECT_TRUE(traces_.Settle(after, {2'001}).empty());
}

TEST_F(TracesTest, WhatIsInForceAlreadyBringsNothing) {
  traces_.Asked("main", false, {1'000});
  traces_.Fetched("main", "c1", true, {1'010});
  traces_.Stored("main", "c1", {}, {1'030}, {1'040});
  EXPECT_FALSE(traces_.Find("main", "c1").has_value());
}

TEST_F(TracesTest, AHintDuringALookIsWhenTheNextOneWasAskedFor) {
  traces_.Asked("main", false, {1'000});
  traces_.Asked("main", true, {1'003});
  traces_.Asked("main", true, {1'005});
  traces_.Asked("main", false, {1'020});
  traces_.Fetched("main", "c1", false, {1'030});
  EXPECT_EQ(traces_.Find("main", "c1")->total_ms, 27);
}

TEST_F(TracesTest, KeepsABoundedNumber) {
  for (int i = 0; i < 30; ++i) {
    const std::string commit = "c" + std::to_string(i);
    Begin(commit);
    traces_.Stored("main", commit, {}, {1'030}, {1'040});
    ASSERT_EQ(traces_.Settle(state_, {1'041}).size(), 1U);
  }
  EXPECT_FALSE(traces_.Find("main", "c9").has_value());
  EXPECT_TRUE(traces_.Find("main", "c10").has_value());
}

}  // namespace
}  // namespace reconcile
