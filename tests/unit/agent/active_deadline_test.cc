#include "agent/active_deadline.h"

#include "base/value.h"
#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

class ActiveDeadlineTest : public StepTest {
 protected:
  std::shared_ptr<Pod> MakeBounded(RestartPolicy policy) {
    auto pod = MakePod();
    pod->spec.restart_policy = policy;
    pod->spec.others.Set("activeDeadlineSeconds", Value::Int(60));
    return pod;
  }
  PodStatus StatusNow() { return ReportOf(Take()).status; }
};

TEST_F(ActiveDeadlineTest, StopsThePodWhenItsTimeIsUpAndFailsIt) {
  Assign(MakeBounded(RestartPolicy::kAlways));
  const StepResult running = Settle();
  ASSERT_TRUE(running.wake_at);
  EXPECT_LE(*running.wake_at - now.mono, 60'000);
  Pass(*running.wake_at - now.mono - 1);
  EXPECT_TRUE(Take().operations.empty());
  Pass(1);
  const StepResult stop = Take();
  ASSERT_EQ(Find<StopContainerOp>(stop).size(), 1U);
  EXPECT_EQ(Find<StopContainerOp>(stop)[0].grace_seconds, 30);
  EXPECT_EQ(Reasons(stop), std::vector<std::string>{"DeadlineExceeded"});
  EXPECT_EQ(ReportOf(stop).status.phase, PodPhase::kRunning);
  Settle();
  const PodStatus ended = StatusNow();
  EXPECT_EQ(ended.phase, PodPhase::kFailed);
  EXPECT_EQ(ended.reason, "DeadlineExceeded");
  EXPECT_TRUE(ended.container_statuses[0].state.terminated);
  EXPECT_EQ(FindCondition(ended.conditions, "Ready")->reason, "PodFailed");
  Pass(3'600'000);
  EXPECT_EQ(Settle().pods.at(0).status.phase, PodPhase::kFailed);
}

TEST_F(ActiveDeadlineTest, SidecarsStopAfterWhatTheyServe) {
  auto pod = MakeBounded(RestartPolicy::kNever);
  Container sidecar = MakeContainer("sidecar");
  sidecar.others.Set("restartPolicy", Value::String("Always"));
  pod->spec.init_containers.push_back(sidecar);
  Assign(pod);
  Settle();
  Pass(60'000);
  const auto stopped = [&](const StepResult& result) {
    std::vector<std::string> names;
    for (const StopContainerOp& stop : Find<StopContainerOp>(result)) {
      names.push_back(LabelOf(seen.containers.at(stop.container_id), kLabelContainer));
    }
    return names;
  };
  EXPECT_EQ(stopped(Take()), std::vector<std::string>{"app"});
  Kill("app", 143);
  EXPECT_EQ(stopped(Take()), std::vector<std::string>{"sidecar"});
  Kill("sidecar", 143);
  Settle();
  EXPECT_EQ(StatusNow().reason, "DeadlineExceeded");
}

TEST_F(ActiveDeadlineTest, WhatHadEndedBeforeKeepsItsEndAlsoForAnAgentThatComesLater) {
  Assign(MakeBounded(RestartPolicy::kNever));
  Settle();
  Kill("app", 0);
  ForgetEverything();
  Pass(3'600'000);
  const PodStatus ended = Settle().pods.at(0).status;
  EXPECT_EQ(ended.phase, PodPhase::kSucceeded);
  EXPECT_EQ(ended.reason, "");
}

TEST_F(ActiveDeadlineTest, RestartedAgentGivesNoFurtherTime) {
  Assign(MakeBounded(RestartPolicy::kAlways));
  Settle();
  Pass(70'000);
  ForgetEverything();
  const StepResult stop = Take();
  ASSERT_EQ(Find<StopContainerOp>(stop).size(), 1U);
  EXPECT_LE(Find<StopContainerOp>(stop)[0].grace_seconds, 21);  // of 30, by 10 s too late
}

TEST_F(ActiveDeadlineTest, AClockThatIsSetEndsNoPodAndKeepsNone) {
  Assign(MakeBounded(RestartPolicy::kAlways));
  Settle();
  for (const int64_t jump_ms : {3'600'000, -7'200'000}) {
    now.wall.ms += jump_ms;
    EXPECT_TRUE(Take().operations.empty()) << jump_ms;
  }
  Pass(60'000);
  const StepResult stop = Take();
  ASSERT_EQ(Find<StopContainerOp>(stop).size(), 1U);
  EXPECT_EQ(Find<StopContainerOp>(stop)[0].grace_seconds, 30);
}

TEST_F(ActiveDeadlineTest, EndsAContainerThatWaitsToBeStartedAgain) {
  Assign(MakeBounded(RestartPolicy::kOnFailure));
  Settle();
  for (int crashes = 0; crashes < 3; ++crashes) {
    Kill("app", 3);
    Pass(10'000);
    Settle();
  }
  Kill("app", 3);
  Pass(60'000);
  const PodStatus ended = StatusNow();
  EXPECT_EQ(ended.phase, PodPhase::kFailed);
  ASSERT_TRUE(ended.container_statuses[0].state.terminated);
  EXPECT_EQ(ended.container_statuses[0].state.terminated->exit_code, 3);
}

TEST_F(ActiveDeadlineTest, FailsAPodThatHasStartedNothing) {
  auto pod = MakeBounded(RestartPolicy::kNever);
  pod->spec.containers.Edit()[0].image = "absent:1";
  pod->spec.containers.Edit()[0].image_pull_policy = PullPolicy::kNever;
  Assign(pod);
  Settle();
  EXPECT_EQ(StatusNow().phase, PodPhase::kPending);
  Pass(60'000);
  Settle();
  const PodStatus ended = StatusNow();
  EXPECT_EQ(ended.phase, PodPhase::kFailed);
  EXPECT_EQ(ended.container_statuses[0].state.terminated->reason, "ContainerStatusUnknown");
  EXPECT_TRUE(All("app").empty());
}

TEST_F(ActiveDeadlineTest, LongerDeadlineOfARunningPodCounts) {
  Assign(MakeBounded(RestartPolicy::kAlways));
  Settle();
  ChangePod(0, [](Pod* pod) { pod->spec.others.Set("activeDeadlineSeconds", Value::Int(3600)); });
  Pass(70'000);
  EXPECT_TRUE(Settle().operations.empty());
  EXPECT_EQ(StatusNow().phase, PodPhase::kRunning);
}

}  // namespace
}  // namespace reconcile
