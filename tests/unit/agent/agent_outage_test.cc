// An engine, a disk or a network that fails for long: how often it is asked, and what is told of
// it.
#include "agent/containers.h"
#include "agent/pod_files.h"
#include "tests/unit/agent/agent_fixture.h"

namespace reconcile {
namespace {

constexpr int64_t kHourMs = 3'600'000;
constexpr int kForLong = 1'000'000;
// Every five seconds, at each resync, and a few in the beginning.
constexpr int64_t kMostLooksInAnHour = 3'600 / 5 + 60 + 10;

class AgentOutageTest : public AgentTest {
 protected:
  void RunPods(int count) {
    for (int i = 0; i < count; ++i) AddPod("web-" + std::to_string(i));
    StartAgent();
    Assign();
    Settle();
    ASSERT_EQ(Running().size(), static_cast<size_t>(count));
  }
  const Condition& NodeReady() const {
    return *FindCondition(LastReport().node_status.conditions, "Ready");
  }
};

TEST_F(AgentOutageTest, ListsAreAskedForAtASteadyPace) {
  RunPods(3);
  engine.FailNext(FakeCall::kList, UnavailableError("no answer"), kForLong);
  RunFor(kHourMs);
  EXPECT_GT(engine.injected_faults(), 600);
  EXPECT_LE(engine.injected_faults(), kMostLooksInAnHour);
}

TEST_F(AgentOutageTest, FailedOperationsStartNoLooksOfTheirOwn) {
  RunPods(20);
  engine.FailNext(FakeCall::kStop, UnavailableError("no answer"), kForLong);
  engine.FailNext(FakeCall::kList, UnavailableError("no answer"), kForLong);
  for (int i = 0; i < 20; ++i) DeletePod("web-" + std::to_string(i), 600);
  Assign();
  RunFor(kHourMs);
  EXPECT_LE(engine.injected_faults(), kMostLooksInAnHour + 20);
}

TEST_F(AgentOutageTest, EngineThatNeverSpokeIsAskedAtASteadyPace) {
  engine.FailNext(FakeCall::kInfo, UnavailableError("no answer"), kForLong);
  StartAgent();
  RunFor(kHourMs);
  EXPECT_GT(engine.injected_faults(), 600);
  EXPECT_LE(engine.injected_faults(), kMostLooksInAnHour);
}

TEST_F(AgentOutageTest, NetworkIsLookedAtAtASteadyPace) {
  network.FailNext(FakeNetworkCall::kList, UnavailableError("no answer"), kForLong);
  StartAgent();
  RunFor(kHourMs);
  EXPECT_GT(network.injected_faults(), 600);
  EXPECT_LE(network.injected_faults(), kMostLooksInAnHour);
}

TEST_F(AgentOutageTest, Faults_Line35_ClockJumpsAndSleepRestartNothing) {
  RunPods(5);
  const std::vector<std::string> ids = RunningIds();
  const int64_t lists = engine.CallCount(FakeCall::kList);
  for (const int64_t jump_ms : {kHourMs, -kHourMs, -kHourMs, kHourMs}) {
    loop.JumpWallClock(jump_ms);
    RunFor(60'000);
    EXPECT_EQ(RunningIds(), ids) << "after a jump of " << jump_ms;
  }
  loop.Sleep(8 * kHourMs);
  RunFor(60'000);
  EXPECT_EQ(RunningIds(), ids) << "after a sleep";
  EXPECT_EQ(NodeReady().status, ConditionStatus::kTrue);
  EXPECT_LE(engine.CallCount(FakeCall::kList) - lists, 15) << "what became due runs once";
}

// A crash's wait is measured by durations: neither jump makes it longer than it is, and a container
// that waits is not started again and again.
TEST_F(AgentOutageTest, Faults_Line35_AClockSetBackKeepsNoContainerWaiting) {
  RunPods(1);
  engine.KillContainer(Running()[0].id);
  RunFor(1'000);
  loop.JumpWallClock(-kHourMs);
  RunFor(60'000);
  ASSERT_EQ(Running().size(), 1U);
  const std::vector<std::string> ids = RunningIds();
  loop.JumpWallClock(2 * kHourMs);
  RunFor(60'000);
  EXPECT_EQ(RunningIds(), ids);
}

TEST_F(AgentOutageTest, ManyEventsOfOneContainerAreOneLook) {
  RunPods(1);
  RunFor(5'000);
  const int64_t before = engine.CallCount(FakeCall::kInspect);
  engine.Chatter(Running()[0].id, 50);
  RunFor(5'000);
  EXPECT_LE(engine.CallCount(FakeCall::kInspect) - before, 2) << "and one for what came meanwhile";
}

TEST_F(AgentOutageTest, ContainerThatCannotBeDescribedIsReplacedAndStopsNoOther) {
  RunPods(2);
  const std::string broken = Running()[0].id;
  engine.BreakInspection(broken, InternalError("RWLayer unexpectedly nil"));
  AddPod("late");
  Assign();
  RunFor(120'000);
  EXPECT_EQ(Running().size(), 3U);
  EXPECT_EQ(NodeReady().status, ConditionStatus::kTrue) << NodeReady().message;
  EXPECT_TRUE(engine.FindConfig(broken) != nullptr) << "the list says that it runs";
  ASSERT_TRUE(engine.KillContainer(broken));
  RunFor(120'000);
  EXPECT_EQ(Running().size(), 3U);
  for (int i = 0; i < 2; ++i) DeletePod("web-" + std::to_string(i));
  Assign();
  RunFor(120'000);
  EXPECT_TRUE(engine.FindConfig(broken) == nullptr);
  EXPECT_EQ(Running().size(), 1U);
}

TEST_F(AgentOutageTest, PodThatCannotBeStoppedSaysWhyOnce) {
  RunPods(1);
  engine.FailNext(FakeCall::kStop, InternalError("permission denied"), 4);
  DeletePod("web-0", 60);
  Assign();
  RunFor(5'000);
  EXPECT_EQ(Reported("web-0").status.message, "container app cannot be stopped: permission denied");
  EXPECT_EQ(TimesSaid("Killing"), 1);
  EXPECT_EQ(TimesSaid("FailedKillPod", "permission denied"), 1);
  RunFor(60'000);
  EXPECT_TRUE(Reported("web-0").gone);
  EXPECT_EQ(TimesSaid("FailedKillPod"), 1);
}

TEST_F(AgentOutageTest, NetworkThatCannotBeDetachedIsWhatKeepsThePod) {
  RunPods(1);
  network.FailNext(FakeNetworkCall::kDetachPod, InternalError("ip: busy"), 4);
  DeletePod("web-0", 1);
  Assign();
  RunFor(6'000);
  EXPECT_EQ(Reported("web-0").status.message, "its network cannot be detached: ip: busy");
  EXPECT_EQ(TimesSaid("FailedKillPod", "ip: busy"), 1);
}

TEST_F(AgentOutageTest, FullDiskIsTheNodesConditionAndKeepsWhatTellsOfAnEnd) {
  engine.SetImage("once:1", {.present = true, .program = {.exit_after_ms = 5'000}});
  AddPod("job", "once:1");
  auto job = std::make_shared<Pod>(*assignment.pods[0]);
  job->spec.restart_policy = RestartPolicy::kOnFailure;
  assignment.pods[0] = job;
  StartAgent();
  Assign();
  RunFor(3'000);
  files.FailNextWrites(UnavailableError("no space left on device"), 3);
  for (int i = 0; i < 5; ++i) {
    RunFor(2'000);
    engine.BreakEventStreams();  // a turn
  }
  EXPECT_EQ(NodeReady().status, ConditionStatus::kFalse) << "it was not tried at every turn";
  EXPECT_NE(NodeReady().message.find("no space left"), std::string::npos);
  EXPECT_EQ(Running("POD").size(), 1U);
  RunFor(30'000);
  EXPECT_EQ(NodeReady().status, ConditionStatus::kTrue) << NodeReady().message;
  EXPECT_EQ(Running("POD").size(), 0U);
  EXPECT_EQ(Reported("job").status.phase, PodPhase::kSucceeded);
}

TEST_F(AgentOutageTest, ResolverOfTheHostIsReadWheneverAPodsFilesAreWritten) {
  const auto has_resolver = [&](const std::string& name) {
    for (const ContainerInfo& info : Running()) {
      if (LabelOf(info, kLabelPod) != name) continue;
      const auto config = engine.FindConfig(info.id);
      for (const BindMount& bind : config->binds) {
        if (bind.container_path == "/etc/resolv.conf") return true;
      }
    }
    return false;
  };
  RunPods(1);
  EXPECT_TRUE(has_resolver("web-0"));
  resolv_conf = "nameserver 192.0.2.54\n";
  AddPod("second");
  Assign();
  Settle();
  EXPECT_TRUE(has_resolver("second"));
  const std::string uid = assignment.pods[1]->metadata.uid;
  EXPECT_EQ(files.Read(PodFolder(uid) + "/resolv.conf").value(), "nameserver 192.0.2.54\n");
  resolv_conf = "nameserver 127.0.0.53\n";
  AddPod("third");
  Assign();
  Settle();
  EXPECT_EQ(Running().size(), 3U);
  EXPECT_FALSE(has_resolver("third")) << "the engine's copy serves";
}

}  // namespace
}  // namespace reconcile
