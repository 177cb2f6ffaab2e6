// What ends because we stopped it, or because its sandbox went, says nothing of its program.
#include "agent/restart.h"
#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

class RestartLossTest : public StepTest {
 protected:
  void Run(RestartPolicy policy, const std::vector<std::string>& names = {"app"}) {
    auto pod = MakePod();
    pod->spec.restart_policy = policy;
    pod->spec.containers.clear();
    for (const std::string& name : names) pod->spec.containers.push_back(MakeContainer(name));
    Assign(pod);
    Settle();
  }
  // The step asks to stop the container, whose program then ends with 0.
  void StopWell(const std::string& name) {
    const auto stops = Find<StopContainerOp>(Take());
    ASSERT_EQ(stops.size(), 1U);
    ASSERT_EQ(stops[0].container_id, Newest(name).id);
    Exit(&Newest(name), 0);
  }
  void RemoveSandbox() { seen.containers.erase(Newest("POD").id); }
  void ChangeImage() {
    ChangePod(0, [](Pod* pod) { pod->spec.containers.Edit()[0].image = "shop:2"; });
  }
  PodPhase Phase() { return ReportOf(Take()).status.phase; }
};

TEST_F(RestartLossTest, SandboxLossEndsNoPodThoughItsProgramEndedWell) {
  Run(RestartPolicy::kOnFailure);
  RemoveSandbox();
  StopWell("app");
  EXPECT_EQ(Phase(), PodPhase::kRunning);
  Settle();
  EXPECT_EQ(AttemptOf(Newest("app")), 1);
  EXPECT_TRUE(IsLive(Newest("app")));
}

TEST_F(RestartLossTest, SandboxLossEndsNoPodThoughTheAgentRestartedMeanwhile) {
  Run(RestartPolicy::kOnFailure);
  RemoveSandbox();
  StopWell("app");
  ForgetEverything();
  EXPECT_EQ(Phase(), PodPhase::kRunning);
  Settle();
  EXPECT_EQ(AttemptOf(Newest("app")), 1);
}

TEST_F(RestartLossTest, DeadSandboxThatIsStillThereDoesNotEndThePodEither) {
  Run(RestartPolicy::kOnFailure);
  Kill("POD", 137);
  Pass(1'000);
  StopWell("app");
  ForgetEverything();
  EXPECT_EQ(Phase(), PodPhase::kRunning);
  Settle();
  EXPECT_EQ(AttemptOf(Newest("app")), 1);
}

TEST_F(RestartLossTest, WhatWasDoneBeforeTheLossIsNotDoneAgain) {
  Run(RestartPolicy::kOnFailure, {"done", "going"});
  Kill("done", 0);
  Settle();
  RemoveSandbox();
  Settle();
  EXPECT_EQ(AttemptOf(Newest("done")), 0);
  EXPECT_EQ(AttemptOf(Newest("going")), 1);
  ForgetEverything();
  Settle();
  EXPECT_EQ(AttemptOf(Newest("done")), 0) << "the new sandbox's label tells";
  RemoveSandbox();
  Settle();
  EXPECT_EQ(AttemptOf(Newest("done")), 0);
  EXPECT_EQ(AttemptOf(Newest("going")), 2);
  Kill("going", 0);
  EXPECT_EQ(ReportOf(Settle()).status.phase, PodPhase::kSucceeded);
}

TEST_F(RestartLossTest, NeverPodThatLostItsSandboxEndsByItsContainersExits) {
  Run(RestartPolicy::kNever);
  RemoveSandbox();
  StopWell("app");
  EXPECT_EQ(ReportOf(Settle()).status.phase, PodPhase::kSucceeded);
  EXPECT_EQ(AttemptOf(Newest("app")), 0);
}

TEST_F(RestartLossTest, ChangedSpecRunsWhateverThePolicyAndHoweverTheOldOneEnded) {
  for (const RestartPolicy policy : {RestartPolicy::kOnFailure, RestartPolicy::kNever}) {
    seen = {};
    seen.engine_up = true;
    seen.network_listed = true;
    assignment.pods.clear();
    Run(policy);
    ChangeImage();
    Settle();  // the new image is looked for, the old container stopped
    EXPECT_EQ(AttemptOf(Newest("app")), 1);
    EXPECT_TRUE(IsLive(Newest("app")));
    EXPECT_EQ(Phase(), PodPhase::kRunning);
  }
}

TEST_F(RestartLossTest, SpecThatIsTakenBackWhileItStopsEndsNoPod) {
  Run(RestartPolicy::kOnFailure);
  ChangeImage();
  for (const Operation& operation : Take().operations) Perform(operation);  // looks at the image
  StopWell("app");
  ChangePod(0, [](Pod* pod) { pod->spec.containers.Edit()[0].image = "shop:1"; });
  EXPECT_EQ(Phase(), PodPhase::kRunning);
  Settle();
  EXPECT_EQ(AttemptOf(Newest("app")), 1);
}

TEST_F(RestartLossTest, RebootsAndLossesAreNoCrashes) {
  Run(RestartPolicy::kAlways);
  for (int i = 0; i < 6; ++i) {
    Kill("app", 255);
    Kill("POD", 255);
    ForgetEverything();
    Settle();
    Pass(kMaxSandboxBackoffMs);
    Settle();
    ASSERT_EQ(AttemptOf(Newest("app")), i + 1);
  }
  ForgetEverything();
  Settle();
  Kill("app", 1);
  Settle();
  EXPECT_EQ(AttemptOf(Newest("app")), 7) << "the first crash restarts at once";
  EXPECT_TRUE(IsLive(Newest("app")));
}

}  // namespace
}  // namespace reconcile
