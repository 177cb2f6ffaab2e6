// Lifecycle hooks in the agent's steps.
#include "agent/kept_hooks.h"
#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

constexpr char kPostStart[] = R"({"postStart":{"exec":{"command":["begin"]}}})";
constexpr char kPreStop[] = R"({"preStop":{"exec":{"command":["finish"]}}})";

void SetLifecycle(Container* container, const std::string& json) {
  container->others.Set("lifecycle", ParseJson(json).value());
}

class HookStepTest : public StepTest {
 protected:
  void AssignWith(const std::string& lifecycle, RestartPolicy policy = RestartPolicy::kAlways) {
    auto pod = MakePod();
    pod->spec.restart_policy = policy;
    SetLifecycle(&pod->spec.containers.Edit()[0], lifecycle);
    Assign(pod);
    Settle();
  }
  void AddSidecar(Pod* pod, const std::string& name, const std::string& lifecycle) {
    Container sidecar = MakeContainer(name);
    sidecar.others.Set("restartPolicy", Value::String("Always"));
    if (!lifecycle.empty()) SetLifecycle(&sidecar, lifecycle);
    pod->spec.init_containers.push_back(sidecar);
  }
  // Performs what one step asks for.
  StepResult PerformOnce() {
    StepResult result = Take();
    for (const Operation& operation : result.operations) Perform(operation);
    return result;
  }
  static std::vector<StopContainerOp> Signals(const StepResult& result) {
    return Find<StopContainerOp>(result);
  }
  static const Condition& ReadyOf(const StepResult& result) {
    return *FindCondition(ReportOf(result).status.conditions, "Ready");
  }
};

// ---- postStart ----

TEST_F(HookStepTest, AContainerHasNotStartedBeforeItsPostStartHookHasEnded) {
  AssignWith(kPostStart);
  ASSERT_EQ(hooks_begun.size(), 1U);
  EXPECT_EQ(hooks_begun[0].kind, HookKind::kPostStart);
  EXPECT_EQ(hooks_begun[0].container_id, Newest("app").id);
  EXPECT_EQ(hooks_begun[0].address, seen.pods[kUid].address);
  EXPECT_EQ(std::get<ExecProbe>(hooks_begun[0].hook.action).command,
            std::vector<std::string>{"begin"});
  StepResult result = Take();
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "ContainerCreating");
  EXPECT_EQ(StatusOf(result).state.waiting->message, "its postStart hook has not ended yet");
  EXPECT_FALSE(StatusOf(result).started);
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kPending);

  Pass(5'000);
  EndHook(hooks_begun[0]);
  result = Settle();
  EXPECT_TRUE(StatusOf(result).state.running);
  EXPECT_TRUE(StatusOf(result).ready);
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kRunning);
  EXPECT_EQ(ReadyOf(result).last_transition_time, now.wall) << "not from the container's start";
  EXPECT_EQ(hooks_begun.size(), 1U);
}

TEST_F(HookStepTest, ARequestHasTenMinutesAndOthersADay) {
  AssignWith(R"({"postStart":{"httpGet":{"port":80}}})");
  EXPECT_EQ(hooks_begun.at(0).timeout_ms, 600'000);
  ChangePod(0, [](Pod* pod) { SetLifecycle(&pod->spec.containers.Edit()[0], kPostStart); });
  Kill("app");
  Settle();
  EXPECT_EQ(hooks_begun.at(1).timeout_ms, kMaxPostStartMs);
}

TEST_F(HookStepTest, ItsProbesWaitForIt) {
  auto pod = MakePod();
  SetLifecycle(&pod->spec.containers.Edit()[0], kPostStart);
  pod->spec.containers.Edit()[0].others.Set(
      "livenessProbe", ParseJson(R"({"tcpSocket":{"port":80},"periodSeconds":1})").value());
  Assign(pod);
  Settle();
  Pass(10'000);
  Settle();
  EXPECT_TRUE(probes_asked.empty());
  EndHook(hooks_begun.at(0));
  Settle();
  EXPECT_FALSE(probes_asked.empty());
}

TEST_F(HookStepTest, AFailedPostStartHookStopsTheContainerAndItsPolicyApplies) {
  AssignWith(kPostStart, RestartPolicy::kOnFailure);
  EndHook(hooks_begun.at(0), "PostStartHook failed: no");
  StepResult result = Take();
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "PostStartHookError");
  EXPECT_EQ(StatusOf(result).state.waiting->message, "PostStartHook failed: no");
  ASSERT_EQ(Signals(result).size(), 1U);
  EXPECT_EQ(Signals(result)[0].grace_seconds, 30);
  EXPECT_EQ(result.operations[0].reason,
            "Container app failed its postStart hook, will be restarted");
  Kill("app", 0);
  Settle();
  EXPECT_EQ(hooks_begun.size(), 2U) << "it runs again, though it took the signal well";
  EndHook(hooks_begun.at(1), "again");
  Take();
  Kill("app", 0);
  result = Settle();
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "CrashLoopBackOff");
}

TEST_F(HookStepTest, UnderNeverAFailedPostStartHookEndsThePod) {
  AssignWith(kPostStart, RestartPolicy::kNever);
  EndHook(hooks_begun.at(0), "no");
  EXPECT_EQ(Take().operations.at(0).reason, "Container app failed its postStart hook");
  Kill("app", 143);
  EXPECT_EQ(ReportOf(Settle()).status.phase, PodPhase::kFailed);
  EXPECT_EQ(hooks_begun.size(), 1U);
}

TEST_F(HookStepTest, LaterContainersWaitForAnEarlierOnesPostStartHook) {
  auto pod = MakePod();
  pod->spec.containers = {MakeContainer("one"), MakeContainer("two"), MakeContainer("three")};
  SetLifecycle(&pod->spec.containers.Edit()[1], kPostStart);
  Assign(pod);
  StepResult result = Settle();
  EXPECT_TRUE(StatusOf(result, 0).state.running);
  EXPECT_TRUE(All("three").empty());
  EXPECT_EQ(StatusOf(result, 2).state.waiting->message,
            "the postStart hook of container two has to end before");
  EndHook(hooks_begun.at(0), "it failed");
  Take();
  EXPECT_EQ(Find<RunContainer>(Take()).size(), 1U) << "one that fails holds nobody";
}

TEST_F(HookStepTest, ASidecarHasNotStartedBeforeItsPostStartHookHasEnded) {
  auto pod = MakePod();
  AddSidecar(pod.get(), "side", kPostStart);
  Assign(pod);
  StepResult result = Settle();
  EXPECT_TRUE(All("app").empty());
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "PodInitializing");
  EndHook(hooks_begun.at(0));
  result = Settle();
  EXPECT_TRUE(StatusOf(result).state.running);
}

TEST_F(HookStepTest, AnAgentThatStartsAgainRunsNoPostStartHookAgainThatHasEnded) {
  AssignWith(kPostStart);
  const std::string id = Newest("app").id;
  EndHook(hooks_begun.at(0));
  Pass(5'000);
  ForgetEverything();
  seen.hooks_earlier[id] = {true, WallTime{now.wall.ms - 500}, {}};
  const StepResult result = Settle();
  EXPECT_TRUE(StatusOf(result).ready);
  EXPECT_EQ(ReadyOf(result).last_transition_time, seen.hooks_earlier[id].post_start_ended_at);
  EXPECT_EQ(hooks_begun.size(), 1U);
}

TEST_F(HookStepTest, AnAgentThatStartsAgainRunsAPostStartHookAgainThatHadNotEnded) {
  AssignWith(kPostStart);
  const std::string id = Newest("app").id;
  ForgetEverything();
  seen.hooks_earlier[id] = {};
  Settle();
  ASSERT_EQ(hooks_begun.size(), 2U);
  EXPECT_EQ(hooks_begun[1].container_id, id);
}

TEST_F(HookStepTest, APausedContainersPostStartHookWaits) {
  AssignWith(kPostStart);
  ForgetEverything();
  Newest("app").state = ContainerRunState::kPaused;
  Settle();
  EXPECT_EQ(hooks_begun.size(), 1U);
}

// ---- preStop ----

TEST_F(HookStepTest, PreStopRunsBeforeTheSignalWithinTheGracePeriod) {
  AssignWith(kPreStop);
  EXPECT_TRUE(hooks_begun.empty());
  Delete(0, 30);
  StepResult result = PerformOnce();
  ASSERT_EQ(hooks_begun.size(), 1U);
  EXPECT_EQ(hooks_begun[0].kind, HookKind::kPreStop);
  EXPECT_EQ(hooks_begun[0].timeout_ms, 30'000);
  EXPECT_EQ(std::get<ExecProbe>(hooks_begun[0].hook.action).command,
            std::vector<std::string>{"finish"});
  EXPECT_TRUE(Signals(result).empty());
  Pass(4'000);
  EXPECT_TRUE(Take().operations.empty());
  EndHook(hooks_begun[0]);
  const auto signals = Signals(Take());
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_EQ(signals[0].grace_seconds, 26);
  Settle();
  EXPECT_TRUE(ReportOf(Take()).gone);
}

TEST_F(HookStepTest, AfterAHookThatOutlastsTheGracePeriodThereAreTwoSeconds) {
  AssignWith(kPreStop);
  Delete(0, 10);
  EXPECT_EQ(PerformOnce().wake_at, now.mono + 10'000);
  Pass(10'000);
  StepResult result = Take();
  ASSERT_EQ(Signals(result).size(), 1U);
  EXPECT_EQ(Signals(result)[0].grace_seconds, 2);
  ASSERT_EQ(Reasons(result), std::vector<std::string>{"FailedPreStopHook"});
  EXPECT_EQ(result.events[0].message,
            "PreStopHook failed: container app: it did not end within the grace period");
  EXPECT_TRUE(Reasons(Take()).empty()) << "it is said once";
  Pass(5'000);
  EXPECT_EQ(Find<RemoveContainerOp>(Take()).size(), 1U) << "nobody stops it: it is removed";
}

TEST_F(HookStepTest, AHookThatEndsLateLeavesTwoSeconds) {
  AssignWith(kPreStop);
  Delete(0, 10);
  PerformOnce();
  Pass(9'500);
  EndHook(hooks_begun.at(0));
  EXPECT_EQ(Signals(Take()).at(0).grace_seconds, 2);
}

TEST_F(HookStepTest, AGracePeriodOfZeroRunsNoHook) {
  AssignWith(kPreStop);
  Delete(0, 0);
  const StepResult result = PerformOnce();
  EXPECT_TRUE(hooks_begun.empty());
  EXPECT_EQ(Signals(result).at(0).grace_seconds, 0);
}

TEST_F(HookStepTest, WhatEndsByItselfRunsNoHook) {
  AssignWith(kPreStop);
  Kill("app");
  Settle();
  Kill("app");
  Delete(0, 30);
  Settle();
  EXPECT_TRUE(hooks_begun.empty());
}

TEST_F(HookStepTest, WhatEndsDuringItsHookIsStoppedNoFurther) {
  AssignWith(kPreStop);
  Delete(0, 30);
  PerformOnce();
  Kill("app", 0);
  const StepResult result = Take();
  EXPECT_TRUE(Signals(result).empty());
  EXPECT_TRUE(seen.pods[kUid].stops.empty());
  Settle();
  EXPECT_TRUE(ReportOf(Take()).gone);
}

TEST_F(HookStepTest, AProgramThatFailsItsLivenessProbeRunsItWithinTheProbesGracePeriod) {
  auto pod = MakePod();
  SetLifecycle(&pod->spec.containers.Edit()[0], kPreStop);
  pod->spec.containers.Edit()[0].others.Set(
      "livenessProbe",
      ParseJson(R"({"tcpSocket":{"port":80},"terminationGracePeriodSeconds":7})").value());
  Assign(pod);
  Settle();
  const ProbeContainer asked = probes_asked.at(0);
  ProbesMemory& memory = seen.pods[kUid].memory["app"].probes;
  for (int i = 0; i < 3; ++i) {
    TakeOutcome(asked.kind, asked.probe, asked.container_id, {false, ""}, &memory);
  }
  StepResult result = PerformOnce();
  ASSERT_EQ(hooks_begun.size(), 1U);
  EXPECT_EQ(hooks_begun[0].timeout_ms, 7'000);
  EXPECT_EQ(result.operations[0].reason, "Container app failed liveness probe, will be restarted");
  EndHook(hooks_begun[0]);
  Pass(1'000);
  EXPECT_EQ(Signals(PerformOnce()).at(0).grace_seconds, 6);
  Settle();
  EXPECT_EQ(StatusOf(Take()).restart_count, 1);
}

TEST_F(HookStepTest, AStopWhoseHookHasBegunIsCarriedOutWhateverIsDecidedLater) {
  AssignWith(kPreStop);
  const std::string first = Newest("app").id;
  ChangePod(0, [](Pod* pod) { pod->spec.containers.Edit()[0].image = "shop:2"; });
  Settle();
  ASSERT_EQ(hooks_begun.size(), 1U);
  ChangePod(0, [](Pod* pod) { pod->spec.containers.Edit()[0].image = "shop:1"; });
  EXPECT_TRUE(Signals(Take()).empty());
  EndHook(hooks_begun[0]);
  ASSERT_EQ(Signals(PerformOnce()).at(0).container_id, first);
  Settle();
  EXPECT_NE(Newest("app").id, first);
  EXPECT_EQ(hooks_begun.size(), 1U) << "the successor runs, and is not stopped";
}

TEST_F(HookStepTest, ALostSandboxsContainersRunIt) {
  auto pod = MakePod();
  SetLifecycle(&pod->spec.containers.Edit()[0], kPreStop);
  pod->spec.containers.push_back(MakeContainer("other"));
  Assign(pod);
  Settle();
  Kill("POD", 137);
  const StepResult result = PerformOnce();
  EXPECT_EQ(hooks_begun.size(), 1U);
  ASSERT_EQ(Signals(result).size(), 1U);
  EXPECT_EQ(Signals(result)[0].container_id, Newest("other").id);
}

TEST_F(HookStepTest, APodOfWhichNothingButLabelsIsKnownRunsIt) {
  auto pod = MakePod();
  pod->spec.containers.Edit()[0].env = {{"WHERE", "here", std::nullopt}};
  SetLifecycle(&pod->spec.containers.Edit()[0],
               R"json({"preStop":{"exec":{"command":["leave","$(WHERE)"]}}})json");
  Assign(pod);
  Settle();
  ForgetEverything();
  assignment.pods.clear();
  may_remove = {kUid};
  const StepResult result = PerformOnce();
  ASSERT_EQ(hooks_begun.size(), 1U);
  EXPECT_EQ(std::get<ExecProbe>(hooks_begun[0].hook.action).command,
            (std::vector<std::string>{"leave", "here"}));
  EXPECT_EQ(hooks_begun[0].timeout_ms, 30'000);
  EXPECT_TRUE(Signals(result).empty());
  EndHook(hooks_begun[0]);
  EXPECT_EQ(Signals(Take()).size(), 1U);
}

TEST_F(HookStepTest, HooksOfAllBeginAtOnceAndSignalsHaveTheirOrder) {
  auto pod = MakePod();
  SetLifecycle(&pod->spec.containers.Edit()[0], kPreStop);
  AddSidecar(pod.get(), "side1", kPreStop);
  AddSidecar(pod.get(), "side2", "");
  Assign(pod);
  Settle();
  Delete(0, 30);
  EXPECT_TRUE(Signals(PerformOnce()).empty());
  ASSERT_EQ(hooks_begun.size(), 2U);
  for (const RunHook& hook : std::vector<RunHook>(hooks_begun)) EndHook(hook);
  StepResult result = Take();
  ASSERT_EQ(Signals(result).size(), 1U);
  EXPECT_EQ(Signals(result)[0].container_id, Newest("app").id);
  Kill("app", 0);
  EXPECT_EQ(Signals(Take()).at(0).container_id, Newest("side2").id);
  Kill("side2", 0);
  EXPECT_EQ(Signals(Take()).at(0).container_id, Newest("side1").id);
  Pass(30'000);
  EXPECT_EQ(Signals(Take()).at(0).grace_seconds, 2);
}

TEST_F(HookStepTest, SidecarsOfAPodThatIsDoneRunThem) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kNever;
  AddSidecar(pod.get(), "side1", kPreStop);
  AddSidecar(pod.get(), "side2", kPreStop);
  Assign(pod);
  Settle();
  Kill("app", 0);
  EXPECT_TRUE(Signals(PerformOnce()).empty());
  ASSERT_EQ(hooks_begun.size(), 2U);
  for (const RunHook& hook : std::vector<RunHook>(hooks_begun)) EndHook(hook);
  EXPECT_EQ(Signals(Take()).at(0).container_id, Newest("side2").id);
  Kill("side2", 0);
  EXPECT_EQ(Signals(Take()).at(0).container_id, Newest("side1").id);
}

TEST_F(HookStepTest, HooksBeginWhileAnEndpointIsDrained) {
  AssignWith(kPreStop);
  EndpointSlice slice;
  Endpoint endpoint;
  endpoint.addresses = {seen.pods[kUid].address};
  slice.endpoints = {endpoint};
  assignment.endpoint_slices = {std::make_shared<EndpointSlice>(slice)};
  Delete(0, 30);
  PerformOnce();
  ASSERT_EQ(hooks_begun.size(), 1U);
  EndHook(hooks_begun[0]);
  EXPECT_TRUE(Signals(Take()).empty()) << "some host may still send it connections";
  assignment.is_drained = true;
  EXPECT_EQ(Signals(Take()).size(), 1U);
}

TEST_F(HookStepTest, AnEvictedPodHasASecondForIt) {
  AssignWith(kPreStop);
  seen.pods[kUid].evicted = "too much";
  PerformOnce();
  ASSERT_EQ(hooks_begun.size(), 1U);
  EXPECT_EQ(hooks_begun[0].timeout_ms, 1'000);
  Pass(1'000);
  EXPECT_EQ(Signals(Take()).at(0).grace_seconds, 2);
}

TEST_F(HookStepTest, APodWhoseActiveDeadlineIsOverRunsIt) {
  auto pod = MakePod();
  SetLifecycle(&pod->spec.containers.Edit()[0], kPreStop);
  pod->spec.others.Set("activeDeadlineSeconds", Value::Int(60));
  Assign(pod);
  Settle();
  Pass(60'000);
  PerformOnce();
  ASSERT_EQ(hooks_begun.size(), 1U);
  EndHook(hooks_begun[0]);
  EXPECT_EQ(Signals(Take()).size(), 1U);
}

TEST_F(HookStepTest, OfSeveralStopsTheShortestCounts) {
  AssignWith(kPreStop);
  ChangePod(0, [](Pod* pod) { pod->spec.containers.Edit()[0].image = "shop:2"; });
  Settle();
  ASSERT_EQ(hooks_begun.size(), 1U);
  Delete(0, 5);
  Take();
  Pass(5'000);
  EXPECT_EQ(Signals(Take()).at(0).grace_seconds, 2);
}

TEST_F(HookStepTest, ItIsNotRunBesideThePostStartHook) {
  AssignWith(R"({"postStart":{"exec":{"command":["begin"]}},"preStop":{"sleep":{"seconds":3}}})");
  Delete(0, 30);
  const StepResult result = PerformOnce();
  EXPECT_EQ(hooks_begun.size(), 1U);
  EXPECT_TRUE(Signals(result).empty());
  EXPECT_FALSE(StatusOf(result).ready);
  EndHook(hooks_begun[0]);
  PerformOnce();
  ASSERT_EQ(hooks_begun.size(), 2U);
  EXPECT_EQ(std::get<SleepHook>(hooks_begun[1].hook.action).ms, 3'000);
}

TEST_F(HookStepTest, AnAgentThatStartsAgainCarriesOutTheStop) {
  AssignWith(kPreStop);
  const std::string id = Newest("app").id;
  ForgetEverything();
  // The clock was set back meanwhile.
  seen.hooks_earlier[id].stop = KeptStop{WallTime{now.wall.ms + 3'600'000}, 20'000, false};
  PerformOnce();
  StepResult result = PerformOnce();
  ASSERT_EQ(hooks_begun.size(), 1U);
  EXPECT_EQ(hooks_begun[0].timeout_ms, 20'000);
  Pass(20'000);
  EXPECT_EQ(Signals(Take()).at(0).grace_seconds, 2);

  ForgetEverything();
  seen.hooks_earlier[id].stop = KeptStop{WallTime{now.wall.ms + 8'000}, 20'000, true};
  result = Take();
  ASSERT_EQ(Signals(result).size(), 1U) << "its hook had ended";
  EXPECT_EQ(Signals(result)[0].grace_seconds, 8);
  EXPECT_TRUE(Signals(result)[0].told);
}

TEST(KeptHooks, AreReadAsTheyWereWritten) {
  const KeptHooksById kept = {
      {"one", {true, WallTime{17}, {}}},
      {"two", {false, {}, KeptStop{WallTime{99}, 30'000, true}}},
      {"three", {true, {}, KeptStop{WallTime{98}, 0, false}}},
  };
  EXPECT_EQ(ReadKeptHooks(WriteKeptHooks(kept)).value(), kept);
  EXPECT_TRUE(ReadKeptHooks("").value().empty());
  for (const std::string text : {"one", "one 2 - - - 0", "one 1 x - - 0", "one 1 - 5 - 0",
                                 "one 1 - - - 2", "one 1 - - - 0 more", "\n"}) {
    EXPECT_EQ(ReadKeptHooks(text).status().code(), StatusCode::kInvalid) << text;
  }
}

}  // namespace
}  // namespace reconcile
