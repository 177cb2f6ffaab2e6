#include "agent/restart.h"

#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

class RestartTest : public StepTest {
 protected:
  // Lets the newest container run for `run_ms` and crash; gives how long the next start waits.
  int64_t CrashAndMeasure(int64_t run_ms) {
    Pass(run_ms);
    Kill("app");
    const int32_t attempt = AttemptOf(Newest("app"));
    int64_t waited_ms = 0;
    while (true) {
      Settle();
      if (AttemptOf(Newest("app")) > attempt) return waited_ms / 1000;
      const StepResult result = Take();
      if (!result.wake_at) return -1;
      const int64_t step_ms = *result.wake_at - now.mono;
      waited_ms += step_ms;
      Pass(step_ms);
    }
  }
};

TEST(Backoff, DoublesToItsLimit) {
  const std::vector<int64_t> expected = {0, 10, 20, 40, 80, 160, 300, 300};
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(CrashBackoffMs(static_cast<int32_t>(i)), expected[i] * 1000);
  }
  EXPECT_EQ(CrashBackoffMs(1'000'000), kMaxCrashBackoffMs);
  EXPECT_EQ(PullBackoffMs(1), 10'000);
  EXPECT_EQ(PullBackoffMs(100), 300'000);
  EXPECT_EQ(RetryDelayMs(1), 1'000);
  EXPECT_EQ(RetryDelayMs(100), kMaxRetryMs);
  EXPECT_EQ(SandboxBackoffMs(1), 1'000);
  EXPECT_EQ(SandboxBackoffMs(100), kMaxSandboxBackoffMs);
}

TEST_F(RestartTest, FirstCrashRestartsAtOnceThenTheWaitDoubles) {
  Assign(MakePod());
  Settle();
  std::vector<int64_t> waits;
  for (int i = 0; i < 8; ++i) waits.push_back(CrashAndMeasure(0));
  EXPECT_EQ(waits, (std::vector<int64_t>{0, 10, 20, 40, 80, 160, 300, 300}));
}

TEST_F(RestartTest, RunBeyondTenMinutesForgivesTheCrashesBefore) {
  Assign(MakePod());
  Settle();
  for (int i = 0; i < 4; ++i) CrashAndMeasure(0);
  EXPECT_EQ(CrashAndMeasure(kCrashResetMs + 1), 0);
  EXPECT_EQ(CrashAndMeasure(0), 10);
}

TEST_F(RestartTest, RunOfTenMinutesSharpForgivesNothing) {
  Assign(MakePod());
  Settle();
  for (int i = 0; i < 3; ++i) CrashAndMeasure(0);
  Newest("app").started_at = now.wall;
  Pass(kCrashResetMs);
  Kill("app");
  Settle();
  EXPECT_EQ(seen.pods[kUid].memory["app"].backoff_ms, 40'000);
}

TEST_F(RestartTest, CleanExitUnderAlwaysBacksOffTheSameWay) {
  Assign(MakePod());
  Settle();
  Kill("app", 0);
  Settle();
  Kill("app", 0);
  const StepResult result = Settle();
  ASSERT_TRUE(StatusOf(result).state.waiting);
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "CrashLoopBackOff");
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kRunning);
}

TEST_F(RestartTest, BackOffIsOfOneContainerAlone) {
  auto pod = MakePod();
  pod->spec.containers = {MakeContainer("app"), MakeContainer("other")};
  Assign(pod);
  Settle();
  Kill("app");
  Settle();
  Kill("app");
  Kill("other");
  Settle();
  EXPECT_TRUE(IsLive(Newest("other")));
  EXPECT_FALSE(IsLive(Newest("app")));
}

TEST_F(RestartTest, WaitIsSaidInWordsAndAsOneEvent) {
  Assign(MakePod());
  Settle();
  Kill("app");
  Settle();
  Kill("app");
  const StepResult first = Take();
  EXPECT_EQ(Reasons(first), std::vector<std::string>{"BackOff"});
  EXPECT_EQ(
      StatusOf(first).state.waiting->message,
      std::string("back-off 10s restarting failed container=app pod=web_default(") + kUid + ")");
  EXPECT_TRUE(Take().events.empty());
  EXPECT_EQ(StatusOf(first).last_state.terminated->exit_code, 1);
}

TEST_F(RestartTest, PreviousAttemptIsKeptAndOlderOnesGo) {
  Assign(MakePod());
  Settle();
  for (int i = 0; i < 4; ++i) CrashAndMeasure(0);
  std::set<int32_t> attempts;
  for (const ContainerInfo& container : All("app")) attempts.insert(AttemptOf(container));
  EXPECT_EQ(attempts, (std::set<int32_t>{3, 4}));
}

TEST_F(RestartTest, RestartedAgentGoesOnWaiting) {
  Assign(MakePod());
  Settle();
  for (int i = 0; i < 3; ++i) CrashAndMeasure(0);
  Kill("app");
  Settle();
  const MonoTime due = seen.pods[kUid].memory["app"].restart_at;
  Pass(5'000);
  ForgetEverything();
  Settle();
  EXPECT_EQ(AttemptOf(Newest("app")), 3);
  EXPECT_GE(seen.pods[kUid].memory["app"].restart_at.ms + 100, due.ms);
  EXPECT_LE(seen.pods[kUid].memory["app"].restart_at, due + 100);
}

TEST_F(RestartTest, WallClockJumpsNeverLengthenAWait) {
  Assign(MakePod());
  Settle();
  CrashAndMeasure(0);
  Kill("app");
  now.wall.ms -= 3'600'000;  // an hour back
  const StepResult back = Settle();
  ASSERT_TRUE(back.wake_at);
  EXPECT_LE(*back.wake_at - now.mono, 10'000);
}

TEST_F(RestartTest, WallClockJumpForwardRestartsAtWorstAtOnce) {
  Assign(MakePod());
  Settle();
  CrashAndMeasure(0);
  Kill("app");
  now.wall.ms += 3'600'000;
  Settle();
  EXPECT_TRUE(IsLive(Newest("app")));
}

TEST_F(RestartTest, ChangedSpecStartsAtOnceWithAClearRecord) {
  Assign(MakePod());
  Settle();
  for (int i = 0; i < 3; ++i) CrashAndMeasure(0);
  Kill("app");
  Settle();
  EXPECT_FALSE(IsLive(Newest("app")));
  ChangePod(0, [](Pod* pod) { pod->spec.containers.Edit()[0].image = "shop:2"; });
  Settle();
  EXPECT_TRUE(IsLive(Newest("app")));
  EXPECT_EQ(CrashAndMeasure(0), 0);
}

TEST_F(RestartTest, FailedStartSaysTheEnginesWordsAndBacksOff) {
  Assign(MakePod());
  Settle();
  const auto fail_start = [&] {
    ContainerInfo& container = Newest("app");
    container.state = ContainerRunState::kCreated;
    container.started_at.reset();
    container.error = "exec: \"nope\": executable file not found in $PATH";
    container.exit_code = 127;
  };
  fail_start();
  Settle();
  fail_start();
  const StepResult result = Settle();
  const ContainerStatus& status = StatusOf(result);
  ASSERT_TRUE(status.state.waiting);
  EXPECT_EQ(status.state.waiting->reason, "RunContainerError");
  EXPECT_NE(status.state.waiting->message.find("executable file not found"), std::string::npos);
  EXPECT_EQ(status.last_state.terminated->reason, "ContainerCannotRun");
  EXPECT_TRUE(result.wake_at);
}

TEST_F(RestartTest, NeverMeansOnce) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kNever;
  Assign(pod);
  Settle();
  Kill("app", 3);
  const StepResult result = Settle();
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kFailed);
  EXPECT_EQ(AttemptOf(Newest("app")), 0);
  EXPECT_EQ(StatusOf(result).state.terminated->exit_code, 3);
}

TEST_F(RestartTest, NeverPodWhoseContainerVanishedHasFailed) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kNever;
  Assign(pod);
  Settle();
  seen.containers.erase(Newest("app").id);
  const StepResult result = Settle();
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kFailed);
  EXPECT_TRUE(All("app").empty());
}

TEST_F(RestartTest, NeverPodWhoseSandboxDiedIsNotRunAgain) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kNever;
  Assign(pod);
  Settle();
  Kill("POD", 255);
  const StepResult result = Settle();
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kFailed);
  EXPECT_TRUE(All("POD").empty());
  EXPECT_EQ(AttemptOf(Newest("app")), 0);
}

TEST_F(RestartTest, OnFailureRestartsFailuresAndLeavesSuccesses) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kOnFailure;
  pod->spec.containers = {MakeContainer("good"), MakeContainer("bad")};
  Assign(pod);
  Settle();
  Kill("good", 0);
  Kill("bad", 2);
  StepResult result = Settle();
  EXPECT_EQ(AttemptOf(Newest("good")), 0);
  EXPECT_EQ(AttemptOf(Newest("bad")), 1);
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kRunning);
  Kill("bad", 0);
  result = Settle();
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kSucceeded);
}

TEST_F(RestartTest, EndedPodKeepsItsContainerAndGivesItsAddressBack) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kNever;
  Assign(pod);
  Settle();
  Kill("app", 0);
  Settle();
  EXPECT_EQ(All("app").size(), 1U) << "kept for its log";
  EXPECT_TRUE(All("POD").empty());
  EXPECT_TRUE(seen.attached_addresses.empty());
  EXPECT_EQ(seen.pods[kUid].address, "");
}

TEST_F(RestartTest, EndedPodIsNotRunAgainWhenItsContainersArePruned) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kOnFailure;
  Assign(pod);
  Settle();
  Kill("app", 0);
  const StepResult before = Settle();
  seen.containers.clear();
  const StepResult after = Settle();
  EXPECT_TRUE(seen.containers.empty());
  EXPECT_EQ(ReportOf(after).status, ReportOf(before).status);
}

}  // namespace
}  // namespace reconcile
