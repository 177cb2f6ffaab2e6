// Lifecycle hooks over the agent's whole loop, on an engine that may fail.
#include "tests/unit/agent/agent_fixture.h"

namespace reconcile {
namespace {

constexpr char kBoth[] =
    R"({"postStart":{"exec":{"command":["begin"]}},"preStop":{"exec":{"command":["finish"]}}})";

class HookRunsTest : public AgentTest {
 protected:
  HookRunsTest() {
    engine.SetCommandChooser(
        [this](const ContainerConfig&, const std::vector<std::string>& command) {
          commands.push_back(command.at(0));
          return command.at(0) == "begin" ? begins : finishes;
        });
  }
  void RunWith(const std::string& lifecycle, int64_t grace_seconds = 30) {
    AddPod("web");
    auto pod = std::make_shared<Pod>(*assignment.pods[0]);
    pod->spec.termination_grace_period_seconds = grace_seconds;
    pod->spec.containers.Edit()[0].others.Set("lifecycle", ParseJson(lifecycle).value());
    assignment.pods[0] = pod;
    StartAgent();
    Assign();
    ASSERT_TRUE(loop.RunUntil([&] { return !Running().empty(); }));
    RunFor(300);
  }
  void Remove(int64_t grace_seconds = 30) {
    DeletePod("web", grace_seconds);
    Assign();
    RunFor(300);
  }
  const ContainerStatus& Status() const { return Reported("web").status.container_statuses.at(0); }
  // In whatever is said.
  bool Tells(const std::string& words) const {
    for (const Report& report : link.reports) {
      for (const AgentEvent& event : report.events) {
        if (event.message.find(words) != std::string::npos) return true;
      }
    }
    return false;
  }
  int64_t Signals() const { return engine.CallCount(FakeCall::kStop); }

  FakeCommand begins{.takes_ms = 2'000};
  FakeCommand finishes{.takes_ms = 3'000};
  std::vector<std::string> commands;  // of hooks, by their first words
};

TEST_F(HookRunsTest, RunAfterTheStartAndBeforeTheSignal) {
  RunWith(kBoth);
  EXPECT_EQ(commands, std::vector<std::string>{"begin"});
  EXPECT_FALSE(Status().ready);
  RunFor(2'200);
  EXPECT_TRUE(Status().ready);
  Remove();
  EXPECT_EQ(commands, (std::vector<std::string>{"begin", "finish"}));
  EXPECT_EQ(TimesSaid("Killing", "Stopping container app"), 1) << "when the stop begins";
  EXPECT_EQ(Signals(), 0);
  RunFor(2'000);
  EXPECT_EQ(Signals(), 0);
  EXPECT_EQ(Running().size(), 1U);
  Settle();
  EXPECT_EQ(Signals(), 1);
  EXPECT_TRUE(Running().empty());
  EXPECT_TRUE(Reported("web").gone);
  EXPECT_EQ(TimesSaid("Killing"), 1);
  EXPECT_EQ(TimesSaid("FailedPreStopHook"), 0);
}

TEST_F(HookRunsTest, APostStartHookThatFailsRestartsTheContainer) {
  begins.exit_code = 3;
  begins.output = "the password is swordfish";
  RunWith(kBoth);
  RunFor(2'500);
  EXPECT_EQ(TimesSaid("FailedPostStartHook",
                      "PostStartHook failed: container app: its command ended with exit code 3"),
            1);
  EXPECT_TRUE(Tells("exit code 3"));
  EXPECT_FALSE(Tells("swordfish")) << "what it writes may be secret";
  EXPECT_TRUE(Said("Killing", "Container app failed its postStart hook, will be restarted"));
  EXPECT_EQ(commands.at(1), "finish") << "as before any stop";
  begins.exit_code = 0;
  RunFor(30'000);
  EXPECT_EQ(Status().restart_count, 1);
  EXPECT_TRUE(Status().ready);
}

TEST_F(HookRunsTest, APreStopHookThatFailsIsToldAndTheStopGoesOn) {
  finishes.exit_code = 1;
  RunWith(kBoth);
  RunFor(2'200);
  Remove();
  Settle();
  EXPECT_TRUE(Running().empty());
  EXPECT_EQ(TimesSaid("FailedPreStopHook",
                      "PreStopHook failed: container app: its command ended with exit code 1"),
            1);
}

TEST_F(HookRunsTest, AContainerThatEndsDuringItsHookIsNoFailureOfTheHook) {
  RunWith(kBoth);
  engine.KillContainer(Running()[0].id, 1);
  RunFor(500);
  EXPECT_FALSE(Said("FailedPostStartHook"));
  RunFor(5'000);
  EXPECT_TRUE(Status().ready) << "the next one's has ended";
  Remove();
  engine.KillContainer(Running()[0].id, 0);
  Settle();
  EXPECT_FALSE(Said("FailedPreStopHook"));
  EXPECT_TRUE(Reported("web").gone);
}

TEST_F(HookRunsTest, AHookThatHangsEndsWithTheGracePeriod) {
  finishes.takes_ms = 3'600'000;
  RunWith(kBoth);
  RunFor(2'200);
  Remove(8);
  RunFor(7'000);
  EXPECT_EQ(Running().size(), 1U);
  RunFor(3'200);
  EXPECT_TRUE(Running().empty());
  EXPECT_EQ(TimesSaid("FailedPreStopHook"), 1);
  Settle();
}

TEST_F(HookRunsTest, AnAgentThatEndsAmidAPostStartHookRunsItAgain) {
  RunWith(kBoth);
  const std::string id = Running()[0].id;
  KillAgent();
  StartAgent();
  RunFor(1'000);
  EXPECT_EQ(commands, (std::vector<std::string>{"begin", "begin"}));
  EXPECT_FALSE(Status().ready);
  RunFor(3'000);
  EXPECT_TRUE(Status().ready);
  KillAgent();
  link.reports.clear();
  StartAgent();
  RunFor(5'000);
  EXPECT_EQ(commands.size(), 2U) << "it has ended, which is known";
  for (const Report& report : link.reports) {
    for (const PodReport& pod : report.pods) {
      EXPECT_TRUE(pod.status.container_statuses.at(0).ready);
    }
  }
  EXPECT_EQ(Running().at(0).id, id);
}

TEST_F(HookRunsTest, AnAgentThatEndsAmidAPreStopHookCarriesOutTheStop) {
  RunWith(kBoth, 20);
  RunFor(2'200);
  Remove(20);
  KillAgent();
  RunFor(6'000);
  StartAgent();
  RunFor(1'000);
  EXPECT_EQ(commands, (std::vector<std::string>{"begin", "finish", "finish"}));
  EXPECT_EQ(Signals(), 0);
  RunFor(3'000);
  EXPECT_EQ(Signals(), 1);
  EXPECT_EQ(TimesSaid("Killing"), 1);
  Settle();
  EXPECT_TRUE(Reported("web").gone);
}

TEST_F(HookRunsTest, ALostFileRunsNoHookAgain) {
  RunWith(kBoth);
  RunFor(2'200);
  KillAgent();
  ASSERT_TRUE(files.Write("hooks", "nonsense", 0600).ok());
  StartAgent();
  Settle();
  EXPECT_TRUE(Status().ready);
  EXPECT_EQ(commands.size(), 1U);
}

TEST_F(HookRunsTest, AnEngineThatEndsAmidAHookEndsNoContainer) {
  RunWith(kBoth);
  const std::string id = Running()[0].id;
  engine.Crash();
  RunFor(5'000);
  engine.Start();
  RunFor(10'000);
  EXPECT_EQ(Running().at(0).id, id);
  EXPECT_TRUE(Status().ready);
  EXPECT_FALSE(Said("FailedPostStartHook"));
  EXPECT_EQ(commands, (std::vector<std::string>{"begin", "begin"}));
  Remove();
  engine.Crash();
  RunFor(5'000);
  engine.Start();
  RunFor(15'000);
  EXPECT_TRUE(Running().empty());
  EXPECT_EQ(commands.back(), "finish");
  EXPECT_FALSE(Said("FailedPreStopHook"));
  Settle();
}

TEST_F(HookRunsTest, AnEngineThatAnswersNoHookKeepsNoContainerBeyondItsGracePeriod) {
  RunWith(R"({"preStop":{"exec":{"command":["finish"]}}})");
  engine.FailNext(FakeCall::kExec, UnavailableError("away"), 1'000);
  Remove(6);
  RunFor(8'500);
  EXPECT_TRUE(Running().empty());
  EXPECT_TRUE(commands.empty());
}

TEST_F(HookRunsTest, RequestsGoToThePodsAddressAndTakeTheirTime) {
  int64_t asked_for_ms = 0;
  answer = [&](const ProbeRequest& request) {
    asked_for_ms = request.probe.timeout_ms;
    return ProbeOutcome{false, "Get \"http://10.42.3.2:80/?token=x\": Connection refused"};
  };
  RunWith(R"({"preStop":{"httpGet":{"port":80,"path":"/leave","host":""}}})");
  Remove(12);
  Settle();
  ASSERT_EQ(probed.size(), 1U);
  const auto& http = std::get<HttpProbe>(probed[0].probe.action);
  EXPECT_EQ(http.path, "/leave");
  EXPECT_TRUE(http.of_hook);
  EXPECT_EQ(probed[0].address.substr(0, 6), "10.42.");
  EXPECT_NEAR(static_cast<double>(asked_for_ms), 12'000, 100);
  EXPECT_TRUE(Said("FailedPreStopHook", "PreStopHook failed: container app: Connection refused"));
  EXPECT_FALSE(Tells("token"));
}

TEST_F(HookRunsTest, ASleepTakesItsTime) {
  RunWith(R"({"preStop":{"sleep":{"seconds":4}}})");
  EXPECT_TRUE(Status().ready);
  Remove();
  RunFor(3'000);
  EXPECT_EQ(Running().size(), 1U);
  Settle();
  EXPECT_TRUE(Reported("web").gone);
  EXPECT_FALSE(Said("FailedPreStopHook"));
}

TEST_F(HookRunsTest, AHandlerThatNobodyCanRunFails) {
  RunWith(R"({"preStop":{"tcpSocket":{"port":80}}})");
  Remove();
  Settle();
  EXPECT_TRUE(Reported("web").gone);
  EXPECT_TRUE(Said("FailedPreStopHook", "no hook can be run by tcpSocket"));
  EXPECT_TRUE(probed.empty());
}

TEST_F(HookRunsTest, AWriteThatFailedOnceDoesNotLeaveTheHostUnready) {
  AddPod("web");
  auto pod = std::make_shared<Pod>(*assignment.pods[0]);
  pod->spec.restart_policy = RestartPolicy::kNever;
  pod->spec.containers.Edit()[0].others.Set("lifecycle", ParseJson(kBoth).value());
  assignment.pods[0] = pod;
  StartAgent();
  Assign();
  const auto is_ready = [&] {
    return FindCondition(LastReport().node_status.conditions, "Ready")->status ==
           ConditionStatus::kTrue;
  };
  ASSERT_TRUE(loop.RunUntil([&] { return !Running().empty(); }));
  files.FailNextWrites(UnavailableError("no space left on device"), 1);
  RunFor(300);
  ASSERT_FALSE(is_ready());
  // What is known is again what is on disk.
  engine.KillContainer(Running()[0].id, 1);
  RunFor(60'000);
  EXPECT_TRUE(is_ready());
}

TEST_F(HookRunsTest, CommandsAreBoundedAndKeepNoStopWaiting) {
  int most = 0;
  int running = 0;
  engine.SetCommandChooser([&](const ContainerConfig&, const std::vector<std::string>&) {
    most = std::max(most, ++running);
    loop.After(5'000, [&] { --running; });
    return FakeCommand{.takes_ms = 5'000};
  });
  constexpr int kPods = 200;
  for (int i = 0; i < kPods; ++i) {
    AddPod("web-" + std::to_string(i));
    auto pod = std::make_shared<Pod>(*assignment.pods.back());
    pod->spec.containers.Edit()[0].others.Set(
        "lifecycle", ParseJson(R"({"preStop":{"exec":{"command":["finish"]}}})").value());
    assignment.pods.back() = pod;
  }
  StartAgent();
  Assign();
  Settle();
  EXPECT_EQ(Running().size(), size_t{kPods});
  for (int i = 0; i < kPods; ++i) DeletePod("web-" + std::to_string(i), 30);
  Assign();
  RunFor(20'000);
  EXPECT_TRUE(Running().empty());
  EXPECT_EQ(most, 112);
  Settle();
}

}  // namespace
}  // namespace reconcile
