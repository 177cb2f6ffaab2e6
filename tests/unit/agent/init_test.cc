#include <gtest/gtest.h>

#include "agent/init_containers.h"
#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

Container MakeSidecar(const std::string& name) {
  Container sidecar = MakeContainer(name);
  sidecar.others.Set("restartPolicy", Value::String("Always"));
  return sidecar;
}

class InitTest : public StepTest {
 protected:
  // A pod with these initContainers; a name that begins with "side" is a sidecar's.
  void Run(const std::vector<std::string>& inits, RestartPolicy policy = RestartPolicy::kAlways) {
    auto pod = MakePod();
    pod->spec.restart_policy = policy;
    for (const std::string& name : inits) {
      const bool is_sidecar = name.starts_with("side");
      pod->spec.init_containers.push_back(is_sidecar ? MakeSidecar(name) : MakeContainer(name));
    }
    Assign(pod);
  }
  // The sandbox ends, and all that joined it.
  void LoseSandbox() {
    for (auto& [id, container] : seen.containers) {
      if (IsLive(container)) Exit(&container, 137);
    }
    seen.attached_addresses.clear();
  }
  std::string Live() const {
    std::string names;
    for (const auto& [id, container] : seen.containers) {
      if (!IsLive(container) || IsSandbox(container)) continue;
      names += (names.empty() ? "" : " ") + LabelOf(container, kLabelContainer);
    }
    return names;
  }
  static const PodStatus& PodStatusOf(const StepResult& result) { return ReportOf(result).status; }
  static const ContainerStatus& InitStatusOf(const StepResult& result, size_t index = 0) {
    return PodStatusOf(result).init_container_statuses.at(index);
  }
  static std::string Stopped(const StepResult& result, const Seen& seen) {
    std::string names;
    for (const StopContainerOp& stop : Find<StopContainerOp>(result)) {
      names += (names.empty() ? "" : " ") +
               LabelOf(seen.containers.at(stop.container_id), kLabelContainer);
    }
    return names;
  }
};

TEST_F(InitTest, RunOneAfterAnotherBeforeTheOthers) {
  Run({"first", "second"});
  StepResult result = Settle();
  EXPECT_EQ(Live(), "first");
  const PodStatus& status = PodStatusOf(result);
  EXPECT_EQ(status.phase, PodPhase::kPending);
  const Condition* initialized = FindCondition(status.conditions, "Initialized");
  EXPECT_EQ(initialized->status, ConditionStatus::kFalse);
  EXPECT_EQ(initialized->reason, "ContainersNotInitialized");
  EXPECT_EQ(initialized->message, "containers with incomplete status: [first second]");
  EXPECT_EQ(InitStatusOf(result, 0).started, false);
  EXPECT_EQ(InitStatusOf(result, 1).state.waiting->reason, "PodInitializing");
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "PodInitializing");

  Kill("first", 0);
  result = Settle();
  EXPECT_EQ(Live(), "second");
  EXPECT_TRUE(InitStatusOf(result, 0).ready);
  EXPECT_EQ(FindCondition(PodStatusOf(result).conditions, "Initialized")->message,
            "containers with incomplete status: [second]");

  Kill("second", 0);
  result = Settle();
  EXPECT_EQ(Live(), "app");
  EXPECT_EQ(PodStatusOf(result).phase, PodPhase::kRunning);
  EXPECT_EQ(FindCondition(PodStatusOf(result).conditions, "Initialized")->status,
            ConditionStatus::kTrue);
  EXPECT_EQ(FindCondition(PodStatusOf(result).conditions, "Ready")->status, ConditionStatus::kTrue);
  EXPECT_EQ(InitStatusOf(result, 1).state.terminated->reason, "Completed");
}

TEST_F(InitTest, ThatFailRunAgainWithBackoff) {
  Run({"init"});
  Settle();
  Kill("init");
  Settle();
  Kill("init");
  const StepResult result = Settle();
  EXPECT_EQ(Live(), "");
  EXPECT_EQ(InitStatusOf(result).state.waiting->reason, "CrashLoopBackOff");
  EXPECT_EQ(InitStatusOf(result).last_state.terminated->exit_code, 1);
  EXPECT_EQ(InitStatusOf(result).restart_count, 1);
  EXPECT_EQ(PodStatusOf(result).phase, PodPhase::kPending);
  Pass(10'000);
  Settle();
  EXPECT_EQ(Live(), "init");
  Kill("init", 0);
  Settle();
  EXPECT_EQ(Live(), "app");
}

TEST_F(InitTest, ThatFailEndAPodThatRestartsNothing) {
  Run({"side", "init"}, RestartPolicy::kNever);
  Settle();
  EXPECT_EQ(Live(), "side init");
  Kill("init", 3);
  EXPECT_EQ(PodStatusOf(Take()).phase, PodPhase::kPending) << "the sidecar still runs";
  const StepResult result = Settle();
  EXPECT_EQ(Live(), "");
  EXPECT_EQ(PodStatusOf(result).phase, PodPhase::kFailed);
  EXPECT_EQ(InitStatusOf(result, 1).state.terminated->exit_code, 3);
  EXPECT_TRUE(All("app").empty());
  ForgetEverything();
  EXPECT_EQ(PodStatusOf(Settle()).phase, PodPhase::kFailed);
}

TEST_F(InitTest, RunOnceWhateverRestarts) {
  Run({"init"});
  Settle();
  Kill("init", 0);
  Settle();
  Kill("app");
  Settle();
  EXPECT_EQ(Live(), "app");
  ForgetEverything();
  const StepResult result = Settle();
  EXPECT_EQ(All("init").size(), 1u);
  EXPECT_TRUE(InitStatusOf(result).ready);
}

TEST_F(InitTest, AreDoneThoughSomebodyRemovesThem) {
  Run({"init"});
  Settle();
  Kill("init", 0);
  Settle();
  seen.containers.erase(Newest("init").id);
  StepResult result = Settle();
  EXPECT_EQ(Live(), "app");
  EXPECT_TRUE(All("init").empty());
  EXPECT_EQ(InitStatusOf(result).state.terminated->reason, "Completed");
  ForgetEverything();
  result = Settle();
  EXPECT_TRUE(All("init").empty()) << "what came after it is there";
  ASSERT_TRUE(InitStatusOf(result).state.terminated);
  EXPECT_EQ(InitStatusOf(result).state.terminated->reason, "Completed");
  EXPECT_TRUE(InitStatusOf(result).ready);
  Kill("app");
  Settle();
  EXPECT_EQ(Live(), "app");
  EXPECT_TRUE(All("init").empty());
}

TEST_F(InitTest, RunAnewInANewSandbox) {
  Run({"init"});
  Settle();
  Kill("init", 0);
  Settle();
  Pass(60'000);
  LoseSandbox();
  const StepResult result = Settle();
  EXPECT_EQ(Live(), "init");
  EXPECT_EQ(All("init").size(), 2u);
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "PodInitializing");
  EXPECT_EQ(PodStatusOf(result).phase, PodPhase::kRunning) << "its containers had started";
  Kill("init", 0);
  Settle();
  EXPECT_EQ(Live(), "app");
}

TEST_F(InitTest, OfALostSandboxAreNotTakenForDone) {
  Run({"first", "second"});
  Settle();
  Kill("first", 0);
  Settle();
  LoseSandbox();
  ForgetEverything();
  const StepResult result = Settle();
  EXPECT_EQ(Live(), "first");
  EXPECT_EQ(InitStatusOf(result, 1).state.waiting->reason, "PodInitializing");
}

// Its start was under way while its sandbox ended.
TEST_F(InitTest, ASidecarOfAnEarlierSandboxIsStoppedAndCountsForNothing) {
  Run({"init", "side"});
  Settle();
  Kill("init", 0);
  Settle();
  const ContainerInfo stray = Newest("side");
  LoseSandbox();
  Settle();
  ASSERT_EQ(Live(), "init");
  seen.containers[stray.id] = stray;
  Kill("init", 0);
  EXPECT_EQ(Stopped(Take(), seen), "side");
  EXPECT_EQ(Live(), "side") << "the others wait";
  Settle();
  EXPECT_EQ(Live(), "side app");
  EXPECT_NE(Newest("side").id, stray.id);
}

TEST_F(InitTest, SidecarsStayBesideTheOthersAndAreRestartedAlways) {
  Run({"side", "init"}, RestartPolicy::kOnFailure);
  StepResult result = Settle();
  EXPECT_EQ(Live(), "side init");
  EXPECT_TRUE(InitStatusOf(result, 0).started);
  Kill("init", 0);
  result = Settle();
  EXPECT_EQ(Live(), "side app");
  Kill("side", 0);
  Settle();
  EXPECT_EQ(All("side").size(), 2u);
  EXPECT_EQ(All("init").size(), 1u);
  Kill("side", 0);
  result = Settle();
  EXPECT_EQ(InitStatusOf(result, 0).state.waiting->reason, "CrashLoopBackOff");
  EXPECT_EQ(FindCondition(PodStatusOf(result).conditions, "Ready")->message,
            "containers with unready status: [side]");
}

TEST_F(InitTest, SidecarThatFailsKeepsTheNextWaiting) {
  Run({"side", "init"});
  images_on_host.erase("shop:2");
  ChangePod(0, [](Pod* pod) {
    pod->spec.init_containers.Edit()[0].image = "shop:9";
    pod->spec.init_containers.Edit()[0].image_pull_policy = PullPolicy::kNever;
  });
  const StepResult result = Settle();
  EXPECT_EQ(Live(), "");
  EXPECT_EQ(InitStatusOf(result, 0).state.waiting->reason, "ErrImageNeverPull");
  EXPECT_EQ(FindCondition(PodStatusOf(result).conditions, "Initialized")->message,
            "containers with incomplete status: [side init]");
}

TEST_F(InitTest, SidecarsEndAfterTheOthersAndKeepNoPodFromEnding) {
  Run({"side1", "side2"}, RestartPolicy::kNever);
  Settle();
  EXPECT_EQ(Live(), "side1 side2 app");
  Kill("app", 0);
  StepResult result = Take();
  EXPECT_EQ(Stopped(result, seen), "side2");
  EXPECT_EQ(PodStatusOf(result).phase, PodPhase::kRunning);
  Kill("side2", 143);
  EXPECT_EQ(Stopped(Take(), seen), "side1");
  Kill("side1", 143);
  result = Settle();
  EXPECT_EQ(PodStatusOf(result).phase, PodPhase::kSucceeded);
  EXPECT_EQ(All("side1").size(), 1u);
}

TEST_F(InitTest, ADeletedPodStopsItsSidecarsLast) {
  Run({"side1", "side2"});
  Settle();
  Delete(0, 30);
  EXPECT_EQ(Stopped(Take(), seen), "app");
  Kill("app", 0);
  EXPECT_EQ(Stopped(Take(), seen), "side2");
  Kill("side2", 0);
  EXPECT_EQ(Stopped(Take(), seen), "side1");
  Kill("side1", 0);
  EXPECT_TRUE(ReportOf(Settle()).gone);
}

TEST_F(InitTest, ADeletedPodRestartsItsSidecarsAsLongAsTheOthersRun) {
  Run({"side"});
  Settle();
  Delete(0, 30);
  Kill("side");
  const StepResult result = Take();
  EXPECT_EQ(Stopped(result, seen), "app");
  for (const Operation& operation : result.operations) {
    if (!std::holds_alternative<StopContainerOp>(operation.action)) Perform(operation);
  }
  for (const Operation& operation : Take().operations) {
    if (std::holds_alternative<RunContainer>(operation.action)) Perform(operation);
  }
  EXPECT_EQ(All("side").size(), 2u);
  Kill("app", 0);
  Kill("side", 0);
  Settle();
  EXPECT_TRUE(All("side").empty());
}

TEST_F(InitTest, AtTheEndOfTheGracePeriodSidecarsHaveAMoment) {
  Run({"side1", "side2"});
  Settle();
  Delete(0, 5);
  EXPECT_EQ(Take().wake_at, now.mono + 5'000);
  Pass(5'000);
  const StepResult result = Take();
  EXPECT_EQ(Stopped(result, seen).size(), std::string("app side1 side2").size());
  for (const StopContainerOp& stop : Find<StopContainerOp>(result)) {
    const bool is_app = stop.container_id == Newest("app").id;
    EXPECT_EQ(stop.grace_seconds, is_app ? 0 : 2);
  }
}

TEST_F(InitTest, APodThatIsNotAssignedStopsItsSidecarsLastToo) {
  Run({"side"});
  Settle();
  assignment.pods.clear();
  may_remove.insert(kUid);
  EXPECT_EQ(Stopped(Take(), seen), "app");
}

TEST_F(InitTest, AContainersOwnPolicyWins) {
  Run({"init"}, RestartPolicy::kNever);
  ChangePod(0, [](Pod* pod) {
    pod->spec.init_containers.Edit()[0].others.Set("restartPolicy", Value::String("OnFailure"));
    pod->spec.containers.Edit()[0].others.Set("restartPolicy", Value::String("OnFailure"));
  });
  Settle();
  Kill("init");
  Settle();
  EXPECT_EQ(Live(), "init");
  Kill("init", 0);
  Settle();
  Kill("app");
  Settle();
  EXPECT_EQ(Live(), "app");
  Kill("app", 0);
  EXPECT_EQ(PodStatusOf(Settle()).phase, PodPhase::kSucceeded);
}

TEST_F(InitTest, ImagesOfLaterContainersAreAskedForWhenTheyAreDue) {
  Run({"init"});
  ChangePod(0, [](Pod* pod) {
    pod->spec.containers.Edit()[0].image_pull_policy = PullPolicy::kAlways;
    pod->spec.containers.Edit()[0].image = "shop:2";
  });
  Settle();
  EXPECT_FALSE(seen.images.contains("shop:2"));
  Kill("init", 0);
  Settle();
  EXPECT_TRUE(seen.images.at("shop:2").pulled_at.has_value());
}

}  // namespace
}  // namespace reconcile
