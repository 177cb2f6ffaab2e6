#include "agent/containers.h"
#include "tests/unit/agent/agent_fixture.h"

namespace reconcile {
namespace {

class AgentFaultsTest : public AgentTest {
 protected:
  void RunPods(int count) {
    for (int i = 0; i < count; ++i) AddPod("web-" + std::to_string(i));
    StartAgent();
    Assign();
    Settle();
    ASSERT_EQ(Running().size(), static_cast<size_t>(count));
  }
  ConditionStatus NodeReady() const {
    return FindCondition(LastReport().node_status.conditions, "Ready")->status;
  }
  std::string NodeWords() const {
    return FindCondition(LastReport().node_status.conditions, "Ready")->message;
  }
};

TEST_F(AgentFaultsTest, Faults_Line32_EngineKilledWithLiveRestoreTouchesNothing) {
  RunPods(3);
  const auto before = RunningIds();
  engine.Crash();
  RunFor(90'000);
  EXPECT_EQ(NodeReady(), ConditionStatus::kFalse);
  EXPECT_NE(NodeWords().find("connection refused"), std::string::npos) << NodeWords();
  EXPECT_EQ(LastReport().pods.size(), 3U) << "what was known is still said";
  engine.Start();
  RunFor(10'000);
  Settle();
  EXPECT_EQ(NodeReady(), ConditionStatus::kTrue);
  EXPECT_EQ(RunningIds(), before);
}

TEST_F(AgentFaultsTest, AssignmentThatComesWhileTheEngineIsDownIsDoneLater) {
  RunPods(1);
  engine.Crash();
  RunFor(1'000);
  AddPod("late");
  Assign();
  RunFor(30'000);
  EXPECT_EQ(Running().size(), 1U);
  engine.Start();
  RunFor(30'000);
  EXPECT_EQ(Running().size(), 2U);
}

TEST_F(AgentFaultsTest, RebootBringsEverythingBack) {
  RunPods(3);
  KillAgent();
  engine.RebootHost();
  network.RebootHost();
  files.LoseUnsynced();
  engine.Start();
  StartAgent();
  RunFor(60'000);
  EXPECT_EQ(Running().size(), 3U);
  EXPECT_EQ(Running("POD").size(), 3U);
  for (const PodReport& pod : LastReport().pods) {
    EXPECT_EQ(pod.status.phase, PodPhase::kRunning);
    EXPECT_TRUE(network.HasRoute(pod.status.pod_ip));
  }
}

TEST_F(AgentFaultsTest, LostRepliesDoubleNothing) {
  for (const FakeCall call :
       {FakeCall::kCreate, FakeCall::kStart, FakeCall::kStop, FakeCall::kRemove, FakeCall::kInspect,
        FakeCall::kList, FakeCall::kEnsurePause, FakeCall::kInspectImage}) {
    engine.FailNext(call, UnavailableError("lost"), 2, true);
  }
  AddPod("web");
  StartAgent();
  Assign();
  RunFor(300'000);
  EXPECT_EQ(Running().size(), 1U);
  EXPECT_EQ(Running("POD").size(), 1U);
  EXPECT_EQ(Reported("web").status.phase, PodPhase::kRunning);
  DeletePod("web");
  Assign();
  RunFor(300'000);
  EXPECT_TRUE(engine.Containers("cluster-a").empty());
  EXPECT_TRUE(Reported("web").gone);
}

TEST_F(AgentFaultsTest, ManyFaultsOfEveryKindEndWellOnceTheyStop) {
  engine.SetFaults({.failed_per_mille = 100, .lost_reply_per_mille = 100});
  network.SetFaults({.failed_per_mille = 100, .lost_reply_per_mille = 100});
  for (int i = 0; i < 8; ++i) AddPod("web-" + std::to_string(i));
  StartAgent();
  Assign();
  for (int round = 0; round < 10; ++round) {
    RunFor(30'000);
    if (round % 3 == 0) engine.Crash();
    if (round % 3 == 1) engine.Start();
    if (round == 5) {
      KillAgent();
      StartAgent();
    }
  }
  engine.Start();
  engine.SetFaults({});
  network.SetFaults({});
  RunFor(400'000);
  Settle();
  EXPECT_EQ(Running().size(), 8U);
  EXPECT_EQ(Running("POD").size(), 8U);
  std::set<std::string> addresses;
  for (const PodReport& pod : LastReport().pods) {
    EXPECT_EQ(pod.status.phase, PodPhase::kRunning) << pod.name;
    EXPECT_TRUE(network.HasRoute(pod.status.pod_ip)) << pod.name;
    addresses.insert(pod.status.pod_ip);
  }
  EXPECT_EQ(addresses.size(), 8U);
}

TEST_F(AgentFaultsTest, NetworkThatCannotBePreparedIsTheNodesCondition) {
  network.FailNext(FakeNetworkCall::kPrepare, InternalError("nft: permission denied"), 3);
  AddPod("web");
  StartAgent();
  Assign();
  RunFor(500);
  EXPECT_EQ(NodeReady(), ConditionStatus::kFalse);
  EXPECT_NE(NodeWords().find("permission denied"), std::string::npos);
  RunFor(60'000);
  EXPECT_EQ(NodeReady(), ConditionStatus::kTrue);
  EXPECT_EQ(Running().size(), 1U);
}

TEST_F(AgentFaultsTest, AssignmentIsSavedBeforeItIsObeyed) {
  AddPod("web");
  StartAgent();
  files.FailNextWrites(UnavailableError("no space left on device"), 1);
  Assign();
  RunFor(2'000);
  EXPECT_TRUE(Running().empty());
  EXPECT_NE(LastReport().held.find("no space left"), std::string::npos);
  RunFor(10'000);
  EXPECT_EQ(Running().size(), 1U);
  EXPECT_EQ(LastReport().held, "");
}

TEST_F(AgentFaultsTest, DamagedAssignmentOnDiskStopsNothing) {
  RunPods(5);
  const auto before = RunningIds();
  KillAgent();
  ASSERT_TRUE(files.Damage("assignment"));
  StartAgent();
  RunFor(60'000);
  EXPECT_EQ(RunningIds(), before);
  Assign();
  Settle();
  EXPECT_EQ(RunningIds(), before);
}

TEST_F(AgentFaultsTest, EmptyAssignmentIsHeldUntilItIsExplained) {
  RunPods(5);
  const auto before = RunningIds();
  const auto pods = assignment.pods;
  assignment.pods.clear();
  Assign();
  RunFor(120'000);
  EXPECT_EQ(RunningIds(), before);
  EXPECT_NE(LastReport().held.find("5 of the 5"), std::string::npos) << LastReport().held;
  for (const auto& pod : pods) assignment.tombstones.push_back(pod->metadata.uid);
  Assign();
  RunFor(60'000);
  EXPECT_TRUE(RunningIds().empty());
  EXPECT_EQ(LastReport().held, "");
}

TEST_F(AgentFaultsTest, AgentThatLostItsFilesHoldsAnEmptyAssignmentToo) {
  RunPods(5);
  const auto before = RunningIds();
  KillAgent();
  ASSERT_TRUE(files.Damage("assignment"));
  StartAgent();
  assignment.pods.clear();
  Assign();
  RunFor(120'000);
  EXPECT_EQ(RunningIds(), before);
  EXPECT_NE(LastReport().held, "");
}

TEST_F(AgentFaultsTest, ForeignAndOlderAssignmentsChangeNothing) {
  RunPods(2);
  const auto before = RunningIds();
  const Assignment good = assignment;
  assignment.pods.clear();
  assignment.fence.cluster_id = "cluster-b";
  Assign();
  RunFor(30'000);
  EXPECT_EQ(RunningIds(), before);
  EXPECT_NE(LastReport().held.find("cluster-b"), std::string::npos);
  link.Connect();
  assignment.fence = good.fence;
  assignment.fence.epoch = 0;
  Assign();
  RunFor(30'000);
  EXPECT_EQ(RunningIds(), before);
  EXPECT_NE(LastReport().held.find("earlier controller, epoch 0"), std::string::npos)
      << LastReport().held;
  assignment = good;
  Assign();
  RunFor(5'000);
  EXPECT_EQ(LastReport().held, "");
}

TEST_F(AgentFaultsTest, ARefusalIsForgottenWithItsConnection) {
  RunPods(1);
  link.Connect();
  assignment.fence.epoch = 0;
  Assign();
  RunFor(5'000);
  EXPECT_NE(LastReport().held, "");
  link.Connect();
  RunFor(5'000);
  EXPECT_EQ(LastReport().held, "") << "another controller may speak now";
}

// A connection has one controller at its end: what comes from an earlier one was on its way for
// long.
TEST_F(AgentFaultsTest, ALateAssignmentOfAnEarlierControllerIsNoRefusal) {
  RunPods(1);
  assignment.fence.epoch = 0;
  Assign();
  RunFor(5'000);
  EXPECT_EQ(LastReport().held, "");
}

TEST_F(AgentFaultsTest, ContainersOfOtherClustersAreNeverTouched) {
  ContainerConfig config;
  config.name = "stranger";
  config.image = "shop:1";
  config.labels = {{std::string(kLabelCluster), "cluster-b"},
                   {std::string(kLabelPodUid), "some-uid"},
                   {std::string(kLabelContainer), "app"}};
  auto other = engine.Connect();
  other->CreateContainer(
      config, [&](Result<std::string> id) { other->StartContainer(*id, [](const Status&) {}); });
  RunFor(1'000);
  RunPods(1);
  assignment.pods.clear();
  Assign();
  RunFor(120'000);
  const auto left = engine.Containers();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].name, "stranger");
  EXPECT_TRUE(IsLive(left[0]));
}

TEST_F(AgentFaultsTest, EndedPodStaysEndedWhenItsContainersArePrunedWhileTheAgentIsAway) {
  engine.SetImage("once:1", {.present = true, .program = {.exit_after_ms = 50}});
  AddPod("job", "once:1");
  auto job = std::make_shared<Pod>(*assignment.pods[0]);
  job->spec.restart_policy = RestartPolicy::kOnFailure;
  assignment.pods[0] = job;
  StartAgent();
  Assign();
  RunFor(5'000);
  ASSERT_EQ(Reported("job").status.phase, PodPhase::kSucceeded);
  KillAgent();
  for (const ContainerInfo& container : engine.Containers()) engine.DestroyContainer(container.id);
  const int64_t creations = engine.CallCount(FakeCall::kCreate);
  StartAgent();
  RunFor(60'000);
  EXPECT_EQ(engine.CallCount(FakeCall::kCreate), creations);
  EXPECT_EQ(Reported("job").status.phase, PodPhase::kSucceeded);
}

TEST_F(AgentFaultsTest, UnsentEventsAreKeptUpToALimit) {
  RunPods(1);
  link.connected = false;
  for (int i = 0; i < 600; ++i) {
    engine.DestroyContainer(Running()[0].id);
    RunFor(1'500);
    ASSERT_EQ(Running().size(), 1U) << i;
  }
  link.Connect();
  EXPECT_EQ(LastReport().events.size(), 1'000U);
}

TEST_F(AgentFaultsTest, ParallelOperationsAreLimited) {
  options.max_parallel_operations = 3;
  for (int i = 0; i < 20; ++i) AddPod("web-" + std::to_string(i));
  int creating = 0;
  int most = 0;
  engine.SetObserver([&](const FakeChange& change) {
    if (change.what == "create") most = std::max(most, ++creating);
    if (change.what == "start") --creating;
  });
  StartAgent();
  Assign();
  Settle();
  EXPECT_EQ(Running().size(), 20U);
  EXPECT_LE(most, 3);
  EXPECT_GE(most, 2);
}

}  // namespace
}  // namespace reconcile
