#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

class StopTest : public StepTest {
 protected:
  std::vector<std::string> PerformOnce() {
    std::vector<std::string> keys;
    for (const Operation& operation : Take().operations) {
      keys.push_back(operation.key.substr(0, operation.key.find('-')));
      Perform(operation);
    }
    return keys;
  }
};

TEST_F(StopTest, StopsRemovesDetachesAndForgetsInThatOrder) {
  Assign(MakePod());
  Settle();
  Delete(0, 30);
  const std::string app = Newest("app").id;
  const std::string sandbox = Newest("POD").id;
  std::vector<std::string> order;
  for (StepResult result = Take(); !result.operations.empty(); result = Take()) {
    EXPECT_FALSE(ReportOf(result).gone);
    for (const Operation& operation : result.operations) {
      order.push_back(operation.key);
      Perform(operation);
    }
    ASSERT_LT(order.size(), 20U);
  }
  const std::string pod = std::string("pod/") + kUid + "/";
  EXPECT_EQ(order, (std::vector<std::string>{"stop/" + app, "remove/" + app, pod + "network",
                                             "remove/" + sandbox, pod + "forget"}));
  EXPECT_TRUE(seen.containers.empty());
  EXPECT_TRUE(ReportOf(Take()).gone);
  EXPECT_TRUE(seen.pods.empty());
}

TEST_F(StopTest, GoneIsSaidAgainUntilTheAssignmentForgetsThePod) {
  Assign(MakePod());
  Settle();
  Delete(0, 30);
  Settle();
  EXPECT_TRUE(ReportOf(Take()).gone);
  EXPECT_TRUE(ReportOf(Take()).gone);
  assignment.pods.clear();
  const StepResult result = Take();
  EXPECT_TRUE(result.pods.empty());
  EXPECT_TRUE(result.operations.empty());
}

TEST_F(StopTest, PodThatNeverRanIsGoneAtOnce) {
  Assign(MakePod());
  Delete(0, 30);
  EXPECT_TRUE(ReportOf(Take()).gone);
}

TEST_F(StopTest, PodIsNotGoneWhileSomethingIsUnderWayForIt) {
  Assign(MakePod());
  Delete(0, 30);
  seen.busy.insert(PodKeyPrefix(kUid) + "sandbox");
  EXPECT_FALSE(ReportOf(Take()).gone);
}

TEST_F(StopTest, AllContainersStopAtTheSameTimeWithTheGraceThatIsLeft) {
  auto pod = MakePod();
  pod->spec.containers = {MakeContainer("one"), MakeContainer("two")};
  Assign(pod);
  Settle();
  Delete(0, 30);
  Pass(12'000);
  const auto stops = Find<StopContainerOp>(Take());
  ASSERT_EQ(stops.size(), 2U);
  EXPECT_EQ(stops[0].grace_seconds, 18);
  EXPECT_EQ(stops[1].grace_seconds, 18);
}

TEST_F(StopTest, LateAgentStillGivesTwoSeconds) {
  Assign(MakePod());
  Settle();
  Delete(0, 30);
  Pass(300'000);
  EXPECT_EQ(Find<StopContainerOp>(Take()).at(0).grace_seconds, 2);
}

TEST_F(StopTest, GraceOfZeroKillsAtOnce) {
  Assign(MakePod());
  Settle();
  Delete(0, 0);
  EXPECT_EQ(Find<StopContainerOp>(Take()).at(0).grace_seconds, 0);
}

TEST_F(StopTest, ClockFarBehindGivesNoMoreThanTheGrace) {
  Assign(MakePod());
  Settle();
  Delete(0, 30);
  now.wall.ms -= 3'600'000;
  EXPECT_EQ(Find<StopContainerOp>(Take()).at(0).grace_seconds, 30);
}

TEST_F(StopTest, ContainerThatExitsDuringStopIsNotRestarted) {
  Assign(MakePod());
  Settle();
  Delete(0, 30);
  Take();
  Kill("app", 0);
  const StepResult result = Take();
  EXPECT_TRUE(Find<RunContainer>(result).empty());
  EXPECT_TRUE(StatusOf(result).state.terminated);
}

TEST_F(StopTest, ContainerThatOutlivesItsGraceIsRemovedByForce) {
  Assign(MakePod());
  Settle();
  Delete(0, 10);
  const std::string app = Newest("app").id;
  Take();
  seen.busy.insert("stop/" + app);  // the engine does not come back from the stop
  StepResult result = Take();
  EXPECT_TRUE(result.operations.empty());
  ASSERT_TRUE(result.wake_at);
  now.wall.ms += *result.wake_at - now.mono;
  now.mono = *result.wake_at;
  result = Take();
  ASSERT_EQ(Find<RemoveContainerOp>(result).size(), 1U);
  EXPECT_EQ(Find<RemoveContainerOp>(result)[0].container_id, app);
}

TEST_F(StopTest, ShorterGraceBringsTheEndForward) {
  Assign(MakePod());
  Settle();
  Delete(0, 600);
  Take();
  Delete(0, 1);
  Take();
  EXPECT_LE(*seen.pods[kUid].stop_deadline, now.mono + 2'000);
}

TEST_F(StopTest, StoppingGoesOnAfterARestartOfTheAgent) {
  Assign(MakePod());
  Settle();
  Delete(0, 30);
  PerformOnce();
  ForgetEverything();
  Settle();
  EXPECT_TRUE(seen.containers.empty());
  EXPECT_TRUE(seen.attached_addresses.empty());
  EXPECT_TRUE(seen.pod_folders.empty());
}

TEST_F(StopTest, NetworkThatCannotBeUndoneKeepsThePodButNotItsSandbox) {
  Assign(MakePod());
  Settle();
  Delete(0, 30);
  PerformOnce();
  Perform(Take().operations.at(0));  // the container's removal
  seen.failed[PodKeyPrefix(kUid) + "network"] = {1, now.mono + 60'000, StatusCode::kUnavailable,
                                                 "ip: no answer"};
  const StepResult result = Settle();
  EXPECT_TRUE(seen.containers.empty());
  EXPECT_FALSE(ReportOf(result).gone);
  Pass(60'000);
  Settle();
  EXPECT_TRUE(ReportOf(Take()).gone);
}

TEST_F(StopTest, StatusOfAStoppingPodKeepsWhatItsContainersSaidLast) {
  Assign(MakePod());
  Settle();
  Delete(0, 30);
  PerformOnce();  // stop
  Take();
  seen.containers.erase(Newest("app").id);
  const StepResult result = Take();
  ASSERT_TRUE(StatusOf(result).state.terminated);
  EXPECT_EQ(StatusOf(result).state.terminated->exit_code, 143);
}

TEST_F(StopTest, UnassignedPodGoesOnlyWhenItMay) {
  Assign(MakePod());
  Settle();
  assignment.pods.clear();
  StepResult result = Settle();
  EXPECT_EQ(seen.containers.size(), 2U) << "nobody said that it may go";
  may_remove = {kUid};
  result = Take();
  ASSERT_EQ(Find<StopContainerOp>(result).size(), 1U);
  EXPECT_EQ(Find<StopContainerOp>(result)[0].grace_seconds, 30) << "from its label";
  Settle();
  EXPECT_TRUE(seen.containers.empty());
  EXPECT_TRUE(seen.pods.empty());
  EXPECT_TRUE(seen.attached_addresses.empty());
  EXPECT_TRUE(seen.pod_folders.empty());
}

TEST_F(StopTest, FilesOfPodsThatAreGoneAreRemoved) {
  seen.pod_folders = {"some-old-uid"};
  Settle();
  EXPECT_TRUE(seen.pod_folders.empty());
}

TEST_F(StopTest, ContainersWithoutAPodsLabelAreNeverTouched) {
  ContainerInfo stranger;
  stranger.id = "stranger";
  stranger.name = "database";
  stranger.state = ContainerRunState::kRunning;
  stranger.labels[std::string(kLabelCluster)] = "cluster-a";
  seen.containers["stranger"] = stranger;
  may_remove = {""};
  const StepResult result = Settle();
  EXPECT_TRUE(seen.containers.contains("stranger"));
  EXPECT_TRUE(result.operations.empty());
}

}  // namespace
}  // namespace reconcile
