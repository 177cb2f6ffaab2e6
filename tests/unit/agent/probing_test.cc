// What probes make of containers: in the agent's steps, and over its whole loop.
#include "agent/kept_probes.h"
#include "tests/unit/agent/agent_fixture.h"
#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

constexpr char kReadinessEach2s[] =
    R"({"httpGet":{"port":80},"periodSeconds":2,"failureThreshold":2})";
constexpr char kLivenessEach2s[] = R"({"tcpSocket":{"port":80},"periodSeconds":2})";

void SetProbe(Pod* pod, const std::string& field, const std::string& json) {
  pod->spec.containers.Edit()[0].others.Set(field, ParseJson(json).value());
}

class ProbeStepTest : public StepTest {
 protected:
  void AssignProbed(const std::string& field, const std::string& json) {
    auto pod = MakePod();
    SetProbe(pod.get(), field, json);
    Assign(pod);
    Settle();
  }
  void Answer(const ProbeContainer& asked, bool success) {
    ProbesMemory& memory = seen.pods[asked.pod_uid].memory[asked.container].probes;
    TakeOutcome(asked.kind, asked.probe, asked.container_id, {success, ""}, &memory);
  }
  void FailForGood() {
    const ProbeContainer asked = probes_asked.back();
    for (int i = 0; i < asked.probe.failure_threshold; ++i) Answer(asked, false);
  }
};

TEST_F(ProbeStepTest, AContainerWithoutProbesIsReadyAndNotAsked) {
  Assign(MakePod());
  const StepResult result = Settle();
  EXPECT_TRUE(StatusOf(result).ready);
  EXPECT_TRUE(probes_asked.empty());
}

TEST_F(ProbeStepTest, ReadinessDecidesOfThePodsCondition) {
  AssignProbed("readinessProbe", kReadinessEach2s);
  ASSERT_EQ(probes_asked.size(), 1U);
  EXPECT_EQ(probes_asked[0].address, seen.pods[kUid].address);
  StepResult result = Take();
  EXPECT_TRUE(StatusOf(result).started);
  EXPECT_FALSE(StatusOf(result).ready);
  const Condition* ready = FindCondition(ReportOf(result).status.conditions, "Ready");
  ASSERT_NE(ready, nullptr);
  EXPECT_EQ(ready->reason, "ContainersNotReady");
  EXPECT_EQ(ready->message, "containers with unready status: [app]");
  EXPECT_EQ(ReportOf(result).status.phase, PodPhase::kRunning);

  Pass(5'000);
  Answer(probes_asked[0], true);
  result = Take();
  EXPECT_TRUE(StatusOf(result).ready);
  ready = FindCondition(ReportOf(result).status.conditions, "Ready");
  EXPECT_EQ(ready->status, ConditionStatus::kTrue);
  EXPECT_EQ(ready->last_transition_time, now.wall) << "it counts from then, not from the start";
}

TEST_F(ProbeStepTest, ASidecarThatHasNotPassedItsStartupProbeKeepsTheOthersWaiting) {
  auto pod = MakePod();
  Container sidecar = MakeContainer("sidecar");
  sidecar.others.Set("restartPolicy", Value::String("Always"));
  sidecar.others.Set("startupProbe", ParseJson(R"({"tcpSocket":{"port":80}})").value());
  sidecar.others.Set("readinessProbe", ParseJson(kReadinessEach2s).value());
  pod->spec.init_containers.push_back(sidecar);
  Assign(pod);
  StepResult result = Settle();
  ASSERT_EQ(probes_asked.size(), 1U);
  EXPECT_EQ(probes_asked[0].container, "sidecar");
  EXPECT_EQ(StatusOf(result).state.waiting->reason, "PodInitializing");
  EXPECT_FALSE(ReportOf(result).status.init_container_statuses.at(0).started);

  Answer(probes_asked[0], true);
  result = Settle();
  EXPECT_TRUE(StatusOf(result).state.running);
  EXPECT_TRUE(ReportOf(result).status.init_container_statuses.at(0).started);
  EXPECT_EQ(FindCondition(ReportOf(result).status.conditions, "Ready")->status,
            ConditionStatus::kFalse)
      << "a sidecar's readiness counts";
  Answer(probes_asked.back(), true);
  result = Take();
  EXPECT_EQ(FindCondition(ReportOf(result).status.conditions, "Ready")->status,
            ConditionStatus::kTrue);
}

TEST_F(ProbeStepTest, ACommandsReferencesAreReplacedFromTheLiteralEnvironment) {
  auto pod = MakePod();
  pod->spec.containers.Edit()[0].env = {{"URL", "http://here", std::nullopt}};
  SetProbe(
      pod.get(), "livenessProbe",
      R"json({"exec":{"command":["get","$(URL)/x","$(NO)","$$(URL)"]},"periodSeconds":1})json");
  Assign(pod);
  Settle();
  ASSERT_FALSE(probes_asked.empty());
  EXPECT_EQ(std::get<ExecProbe>(probes_asked[0].probe.action).command,
            (std::vector<std::string>{"get", "http://here/x", "$(NO)", "$(URL)"}));
  Pass(2'000);
  const ProbesAsked again = AskAgain(assignment, seen.busy, &seen.pods, now.mono);
  ASSERT_EQ(again.operations.size(), 1U);
  const auto& action = std::get<ProbeContainer>(again.operations[0].action);
  EXPECT_EQ(std::get<ExecProbe>(action.probe.action).command[1], "http://here/x");
}

TEST_F(ProbeStepTest, IsAskedAgainAPeriodLaterAndNotTwiceAtOnce) {
  AssignProbed("readinessProbe", kReadinessEach2s);
  const std::string key = "probe/" + probes_asked[0].container_id + "/1";
  seen.busy.insert(key);
  Pass(10'000);
  EXPECT_TRUE(Find<ProbeContainer>(Take()).empty()) << "no answer has come yet";
  seen.busy.erase(key);
  EXPECT_EQ(Find<ProbeContainer>(Take()).size(), 1U);
  const StepResult result = Take();
  EXPECT_TRUE(Find<ProbeContainer>(result).empty());
  ASSERT_TRUE(result.probes_at);
  EXPECT_LE(*result.probes_at - now.mono, 2'000 + kProbesTogetherMs);
}

TEST_F(ProbeStepTest, TimeAloneAsksAgainWithoutAStep) {
  AssignProbed("readinessProbe", kReadinessEach2s);
  const auto ask = [&] { return AskAgain(assignment, seen.busy, &seen.pods, now.mono); };
  ProbesAsked asked = ask();
  EXPECT_TRUE(asked.operations.empty());
  ASSERT_TRUE(asked.again_at);
  Pass(*asked.again_at - now.mono);
  asked = ask();
  ASSERT_EQ(asked.operations.size(), 1U);
  const auto& again = std::get<ProbeContainer>(asked.operations[0].action);
  EXPECT_EQ(again.container_id, Newest("app").id);
  EXPECT_EQ(again.address, seen.pods[kUid].address);
  EXPECT_GT(*asked.again_at, now.mono);
  EXPECT_TRUE(ask().operations.empty()) << "a period has to pass";
  Newest("app").state = ContainerRunState::kPaused;
  Take();
  Pass(60'000);
  EXPECT_TRUE(ask().operations.empty());
}

TEST_F(ProbeStepTest, FailedLivenessStopsTheContainerInItsOwnGracePeriod) {
  AssignProbed("livenessProbe", R"({"exec":{"command":["a"]},"terminationGracePeriodSeconds":7})");
  const std::string first = Newest("app").id;
  FailForGood();
  const StepResult result = Take();
  const auto stops = Find<StopContainerOp>(result);
  ASSERT_EQ(stops.size(), 1U);
  EXPECT_EQ(stops[0].container_id, first);
  EXPECT_EQ(stops[0].grace_seconds, 7);
  EXPECT_EQ(result.operations[0].reason, "Container app failed liveness probe, will be restarted");
  EXPECT_TRUE(Find<ProbeContainer>(result).empty()) << "it is not asked any more";
  Perform(result.operations[0]);
  Pass(20'000);
  Settle();
  EXPECT_EQ(StatusOf(Take()).restart_count, 1);
  EXPECT_TRUE(StatusOf(Take()).ready) << "live until the opposite is known";
}

TEST_F(ProbeStepTest, UnderOnFailureItRunsAgainHoweverItEnded) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kOnFailure;
  SetProbe(pod.get(), "livenessProbe", kLivenessEach2s);
  Assign(pod);
  Settle();
  FailForGood();
  ASSERT_EQ(Find<StopContainerOp>(Take()).size(), 1U);
  Kill("app", 0);
  Pass(20'000);
  Settle();
  EXPECT_EQ(StatusOf(Take()).restart_count, 1);
}

TEST_F(ProbeStepTest, UnderNeverItEnds) {
  auto pod = MakePod();
  pod->spec.restart_policy = RestartPolicy::kNever;
  SetProbe(pod.get(), "livenessProbe", kLivenessEach2s);
  Assign(pod);
  Settle();
  FailForGood();
  const StepResult result = Take();
  ASSERT_EQ(result.operations.size(), 1U);
  EXPECT_EQ(result.operations[0].reason, "Container app failed liveness probe");
  Kill("app", 137);
  Pass(20'000);
  Settle();
  EXPECT_EQ(ReportOf(Take()).status.phase, PodPhase::kFailed);
}

TEST_F(ProbeStepTest, StartupHoldsTheOthers) {
  auto pod = MakePod();
  SetProbe(pod.get(), "startupProbe", kLivenessEach2s);
  SetProbe(pod.get(), "readinessProbe", kReadinessEach2s);
  SetProbe(pod.get(), "livenessProbe", kLivenessEach2s);
  Assign(pod);
  Settle();
  Pass(60'000);
  Settle();
  for (const ProbeContainer& asked : probes_asked) EXPECT_EQ(asked.kind, ProbeKind::kStartup);
  EXPECT_FALSE(StatusOf(Take()).started);
  EXPECT_FALSE(StatusOf(Take()).ready);
  Answer(probes_asked.back(), true);
  probes_asked.clear();
  Settle();
  EXPECT_EQ(probes_asked.size(), 2U) << "at once";
  EXPECT_TRUE(StatusOf(Take()).started);
}

TEST_F(ProbeStepTest, APodThatStopsIsAskedForReadinessAlone) {
  auto pod = MakePod();
  SetProbe(pod.get(), "readinessProbe", kReadinessEach2s);
  SetProbe(pod.get(), "livenessProbe", kLivenessEach2s);
  Assign(pod);
  Settle();
  Delete(0, 30);
  Pass(10'000);
  const auto asked = Find<ProbeContainer>(Take());
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].kind, ProbeKind::kReadiness);
}

TEST_F(ProbeStepTest, APausedContainerIsNotAsked) {
  AssignProbed("livenessProbe", kLivenessEach2s);
  Newest("app").state = ContainerRunState::kPaused;
  Pass(60'000);
  EXPECT_TRUE(Find<ProbeContainer>(Take()).empty());
}

TEST_F(ProbeStepTest, WithTheHostsNetworkItIsTheHostsAddress) {
  auto pod = MakePod();
  pod->spec.host_network = true;
  SetProbe(pod.get(), "readinessProbe", kReadinessEach2s);
  Assign(pod);
  Settle();
  ASSERT_EQ(probes_asked.size(), 1U);
  EXPECT_EQ(probes_asked[0].address, host.host_ip);
}

TEST_F(ProbeStepTest, WhatAnEarlierRunSaidHoldsUntilTheFirstResult) {
  AssignProbed("readinessProbe", kReadinessEach2s);
  const std::string id = Newest("app").id;
  Pass(5'000);
  ForgetEverything();
  seen.probed_earlier[id] = {true, true, WallTime{now.wall.ms - 500}};
  StepResult result = Take();
  EXPECT_TRUE(StatusOf(result).ready);
  EXPECT_EQ(FindCondition(ReportOf(result).status.conditions, "Ready")->last_transition_time,
            WallTime(now.wall.ms - 500));
  EXPECT_TRUE(Find<ProbeContainer>(result).empty()) << "not all of a host's at once";
  Pass(2'000);
  Settle();
  for (int i = 0; i < 2; ++i) Answer(probes_asked.back(), false);
  EXPECT_FALSE(StatusOf(Take()).ready);
}

TEST(KeptProbes, AreReadAsTheyWereWritten) {
  const KeptProbes kept = {{"one", {true, false, WallTime{17}}}, {"two", {false, true, {}}}};
  EXPECT_EQ(ReadKeptProbes(WriteKeptProbes(kept)).value(), kept);
  EXPECT_TRUE(ReadKeptProbes("").value().empty());
  for (const std::string text : {"one", "one 1 2 -", "one 1 1 x", "one 1 1 - more", "\n"}) {
    EXPECT_EQ(ReadKeptProbes(text).status().code(), StatusCode::kInvalid) << text;
  }
}

class ProbingTest : public AgentTest {
 protected:
  void RunProbed(const std::string& field, const std::string& json) {
    AddPod("web");
    auto pod = std::make_shared<Pod>(*assignment.pods[0]);
    SetProbe(pod.get(), field, json);
    assignment.pods[0] = pod;
    StartAgent();
    Assign();
    Settle();
    RunFor(1'000);
  }
  bool Ready() const { return Reported("web").status.container_statuses.at(0).ready; }
};

TEST_F(ProbingTest, ReadinessFollowsTheProgram) {
  bool serves = false;
  answer = [&](const ProbeRequest&) { return ProbeOutcome{serves, serves ? "" : "it is ill"}; };
  RunProbed("readinessProbe", kReadinessEach2s);
  EXPECT_FALSE(Ready());
  serves = true;
  RunFor(2'500);
  EXPECT_TRUE(Ready());
  serves = false;
  RunFor(2'100);
  EXPECT_TRUE(Ready()) << "two failures in a row make one";
  RunFor(2'100);
  EXPECT_FALSE(Ready());
  EXPECT_TRUE(Said("Unhealthy", "Readiness probe failed: it is ill"));
  EXPECT_EQ(Running().size(), 1U) << "nothing is restarted for it";
}

TEST_F(ProbingTest, FailuresThatLastAreToldNowAndThenOnly) {
  answer = [](const ProbeRequest&) { return ProbeOutcome{false, "it is ill"}; };
  RunProbed("readinessProbe", kReadinessEach2s);
  RunFor(250'000);
  EXPECT_EQ(TimesSaid("Unhealthy"), 2);
  RunFor(100'000);
  EXPECT_EQ(TimesSaid("Unhealthy"), 3);
}

TEST_F(ProbingTest, ACommandThatFailsRestartsTheContainer) {
  int failures = 2;
  engine.SetCommandChooser([&](const ContainerConfig&, const std::vector<std::string>& command) {
    if (failures-- <= 0) return FakeCommand();
    EXPECT_EQ(command, std::vector<std::string>{"check"});
    return FakeCommand{.exit_code = 1, .output = "no \xff disk\n"};
  });
  RunProbed("livenessProbe",
            R"({"exec":{"command":["check"]},"periodSeconds":1,"failureThreshold":2})");
  RunFor(3'000);
  EXPECT_EQ(Running().size(), 1U);
  EXPECT_TRUE(Said("Unhealthy", "Liveness probe failed: no ? disk"));
  EXPECT_EQ(TimesSaid("Killing", "Container app failed liveness probe, will be restarted"), 1);
  EXPECT_EQ(Reported("web").status.container_statuses[0].restart_count, 1);
}

TEST_F(ProbingTest, ACommandThatDoesNotEndInTimeFails) {
  engine.SetCommandChooser([](const ContainerConfig&, const std::vector<std::string>&) {
    return FakeCommand{.takes_ms = 60'000};
  });
  RunProbed("readinessProbe", R"({"exec":{"command":["check"]},"timeoutSeconds":2})");
  RunFor(5'000);
  EXPECT_TRUE(Said("Unhealthy", "Readiness probe failed: the command did not end within 2 s"));
}

TEST_F(ProbingTest, AnEngineThatIsAwayIsNoFailure) {
  RunProbed("livenessProbe",
            R"({"exec":{"command":["check"]},"periodSeconds":1,"failureThreshold":1})");
  const std::string first = Running()[0].id;
  engine.FailNext(FakeCall::kExec, UnavailableError("away"), 5);
  RunFor(10'000);
  EXPECT_EQ(Running()[0].id, first);
  EXPECT_FALSE(Said("Unhealthy"));
}

TEST_F(ProbingTest, CommandsThatHangAreBoundedAndKeepNoStartWaiting) {
  int most = 0;
  int now_running = 0;
  engine.SetCommandChooser([&](const ContainerConfig&, const std::vector<std::string>&) {
    most = std::max(most, ++now_running);
    loop.After(3'000, [&] { --now_running; });
    return FakeCommand{.takes_ms = 3'000};
  });
  for (int i = 0; i < 3 * 16; ++i) AddPod("web-" + std::to_string(i));
  for (auto& each : assignment.pods) {
    auto pod = std::make_shared<Pod>(*each);
    SetProbe(pod.get(), "readinessProbe", R"({"exec":{"command":["check"]},"timeoutSeconds":5})");
    each = pod;
  }
  StartAgent();
  Assign();
  RunFor(30'000);
  EXPECT_EQ(Running().size(), assignment.pods.size());
  EXPECT_EQ(most, 16);
  for (const auto& pod : assignment.pods) {
    EXPECT_TRUE(Reported(pod->metadata.name).status.container_statuses.at(0).ready);
  }
}

TEST_F(ProbingTest, ARestartOfTheAgentMakesNothingUnreadyAndStartsNothingAgain) {
  AddPod("web");
  auto pod = std::make_shared<Pod>(*assignment.pods[0]);
  SetProbe(pod.get(), "startupProbe", kLivenessEach2s);
  SetProbe(pod.get(), "readinessProbe", kReadinessEach2s);
  assignment.pods[0] = pod;
  StartAgent();
  Assign();
  Settle();
  RunFor(5'000);
  ASSERT_TRUE(Ready());
  const auto ready_since =
      FindCondition(Reported("web").status.conditions, "Ready")->last_transition_time;
  KillAgent();
  probed.clear();
  link.reports.clear();
  StartAgent();
  Settle();
  RunFor(5'000);
  for (const Report& report : link.reports) {
    for (const PodReport& each : report.pods) {
      EXPECT_TRUE(each.status.container_statuses.at(0).ready);
      EXPECT_EQ(FindCondition(each.status.conditions, "Ready")->last_transition_time, ready_since);
    }
  }
  ASSERT_FALSE(probed.empty());
  for (const ProbeRequest& request : probed) {
    EXPECT_TRUE(std::holds_alternative<HttpProbe>(request.probe.action)) << "no startup probe";
  }
}

TEST_F(ProbingTest, ALostFileMakesNothingUnready) {
  RunProbed("readinessProbe", R"({"httpGet":{"port":80},"periodSeconds":60})");
  ASSERT_TRUE(Ready());
  KillAgent();
  ASSERT_TRUE(files.Write("probes", "nonsense", 0600).ok());
  StartAgent();
  Settle();
  EXPECT_TRUE(Ready());
}

TEST_F(ProbingTest, AWriteThatFailedOnceDoesNotLeaveTheHostUnready) {
  AddPod("web");
  auto pod = std::make_shared<Pod>(*assignment.pods[0]);
  pod->spec.restart_policy = RestartPolicy::kNever;
  SetProbe(pod.get(), "readinessProbe", kReadinessEach2s);
  assignment.pods[0] = pod;
  StartAgent();
  Assign();
  const auto host_is_ready = [&] {
    return FindCondition(LastReport().node_status.conditions, "Ready")->status ==
           ConditionStatus::kTrue;
  };
  ASSERT_TRUE(loop.RunUntil([&] { return !Running().empty(); }));
  files.FailNextWrites(UnavailableError("no space left on device"), 1);
  RunFor(300);
  ASSERT_FALSE(host_is_ready());
  // What is known is again what is on disk.
  engine.KillContainer(Running()[0].id, 1);
  RunFor(60'000);
  EXPECT_TRUE(host_is_ready());
}

}  // namespace
}  // namespace reconcile
