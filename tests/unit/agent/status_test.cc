#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

class StatusTest : public StepTest {
 protected:
  const Condition& ConditionOf(const StepResult& result, const std::string& type) {
    const Condition* found = FindCondition(ReportOf(result).status.conditions, type);
    static const Condition kNone;
    EXPECT_NE(found, nullptr) << type;
    return found == nullptr ? kNone : *found;
  }
};

TEST_F(StatusTest, PendingPodIsCreatingAndNotReady) {
  Assign(MakePod());
  const StepResult result = Take();
  const PodStatus& status = ReportOf(result).status;
  EXPECT_EQ(status.phase, PodPhase::kPending);
  EXPECT_EQ(status.host_ip, "192.0.2.1");
  EXPECT_EQ(status.pod_ip, "");
  EXPECT_TRUE(status.pod_ips.empty());
  EXPECT_EQ(status.qos_class, "BestEffort");
  EXPECT_EQ(status.start_time, now.wall);
  ASSERT_TRUE(StatusOf(result).state.waiting);
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "ContainerCreating");
  EXPECT_EQ(ConditionOf(result, "PodScheduled").status, ConditionStatus::kTrue);
  EXPECT_EQ(ConditionOf(result, "Ready").status, ConditionStatus::kFalse);
  EXPECT_EQ(ConditionOf(result, "Ready").message, "containers with unready status: [app]");
}

TEST_F(StatusTest, RunningPodIsReadySinceItsLastContainerStarted) {
  Assign(MakePod());
  const StepResult result = Settle();
  const ContainerInfo& container = Newest("app");
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kRunning);
  EXPECT_EQ(ReportOf(result).status.pod_ip, "10.42.3.2");
  EXPECT_EQ(ReportOf(result).status.pod_ips, (std::vector<PodIp>{{"10.42.3.2"}}));
  EXPECT_EQ(StatusOf(result).container_id, "docker://" + container.id);
  EXPECT_EQ(StatusOf(result).state.running->started_at, container.started_at);
  EXPECT_TRUE(StatusOf(result).ready && StatusOf(result).started);
  EXPECT_EQ(ConditionOf(result, "Ready").last_transition_time, container.started_at);
}

TEST_F(StatusTest, PendingUntilEveryContainerHasStarted) {
  auto pod = MakePod();
  pod->spec.containers = {MakeContainer("one"), MakeContainer("two")};
  Assign(pod);
  Settle();
  seen.containers.erase(Newest("two").id);
  seen.pods[kUid].memory["two"] = ContainerMemory();
  EXPECT_EQ(ReportOf(Take()).status.phase, PodPhase::kPending);
}

TEST_F(StatusTest, ReadyKeepsItsTransitionTimeAndMovesItWhenItChanges) {
  Assign(MakePod());
  const StepResult first = Settle();
  const auto since = ConditionOf(first, "Ready").last_transition_time;
  Pass(60'000);
  EXPECT_EQ(ConditionOf(Take(), "Ready").last_transition_time, since);
  Newest("app").state = ContainerRunState::kPaused;
  const StepResult paused = Take();
  EXPECT_EQ(ConditionOf(paused, "Ready").last_transition_time, now.wall);
}

TEST_F(StatusTest, EndsAreNamedByTheirCause) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kNever;
  pod->spec.containers = {MakeContainer("done"), MakeContainer("error"), MakeContainer("memory")};
  Assign(pod);
  Settle();
  Kill("done", 0);
  Kill("error", 7);
  Kill("memory", 137);
  Newest("memory").oom_killed = true;
  const StepResult result = Settle();
  EXPECT_EQ(StatusOf(result, 0).state.terminated->reason, "Completed");
  EXPECT_EQ(StatusOf(result, 1).state.terminated->reason, "Error");
  EXPECT_EQ(StatusOf(result, 1).state.terminated->exit_code, 7);
  EXPECT_EQ(StatusOf(result, 2).state.terminated->reason, "OOMKilled");
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kFailed);
  EXPECT_EQ(ConditionOf(result, "Ready").reason, "PodFailed");
}

TEST_F(StatusTest, SucceededPodIsNotReadyBecauseItIsDone) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kNever;
  Assign(pod);
  Settle();
  Kill("app", 0);
  const StepResult result = Settle();
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kSucceeded);
  EXPECT_EQ(ConditionOf(result, "Ready").reason, "PodCompleted");
}

TEST_F(StatusTest, RestartCountIsTheAttempt) {
  Assign(MakePod());
  Settle();
  Kill("app", 1);
  const StepResult result = Settle();
  EXPECT_EQ(StatusOf(result).restart_count, 1);
  ASSERT_TRUE(StatusOf(result).last_state.terminated);
  EXPECT_EQ(StatusOf(result).last_state.terminated->exit_code, 1);
}

TEST_F(StatusTest, RefusedCreationSaysTheEnginesWords) {
  Assign(MakePod());
  Settle();
  Kill("app");
  Take();
  seen.failed[PodKeyPrefix(kUid) + "container/app"] = {1, now.mono + 5'000, StatusCode::kInvalid,
                                                       "Minimum memory limit allowed is 6MB"};
  StepResult result = Take();
  for (const Operation& operation : result.operations) Perform(operation);
  result = Take();
  ASSERT_TRUE(StatusOf(result).state.waiting);
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "CreateContainerError");
  EXPECT_EQ(StatusOf(result).state.waiting->message, "Minimum memory limit allowed is 6MB");
}

TEST_F(StatusTest, RestartedAgentKnowsTheAddressBeforeItLookedAtTheNetwork) {
  Assign(MakePod());
  const StepResult before = Settle();
  ForgetEverything();
  seen.network_listed = false;
  seen.attached_addresses.clear();
  const StepResult after = Take();
  EXPECT_EQ(ReportOf(after).status, ReportOf(before).status);
  EXPECT_TRUE(Find<AttachNetwork>(after).empty());
}

}  // namespace
}  // namespace reconcile
