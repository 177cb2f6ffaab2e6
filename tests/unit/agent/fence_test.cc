#include "agent/fence.h"

#include "agent/node_status.h"
#include "link/lineage.h"
#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

Assignment Of(Fence fence, int pods = 0) {
  Assignment assignment;
  assignment.fence = std::move(fence);
  assignment.node = "host-1";
  for (int i = 0; i < pods; ++i) {
    assignment.pods.push_back(MakePod("web-" + std::to_string(i), "uid-" + std::to_string(i)));
  }
  return assignment;
}

Seen RunningPods(int count) {
  Seen seen;
  for (int i = 0; i < count; ++i) {
    ContainerInfo container;
    container.id = "id-" + std::to_string(i);
    container.state = ContainerRunState::kRunning;
    container.labels[std::string(kLabelPodUid)] = "uid-" + std::to_string(i);
    seen.containers[container.id] = container;
  }
  return seen;
}

const Fence kCurrent = {"cluster-a", "line-1", 5, 100};

TEST(FenceTest, TakesWhatIsNewerAndWhatIsRepeated) {
  EXPECT_TRUE(CheckFence(kCurrent, Of({"cluster-a", "line-1", 5, 101}), "host-1").ok());
  EXPECT_TRUE(CheckFence(kCurrent, Of(kCurrent), "host-1").ok());
  EXPECT_TRUE(CheckFence(kCurrent, Of({"cluster-a", "line-1", 6, 1}), "host-1").ok());
  EXPECT_TRUE(CheckFence(std::nullopt, Of(kCurrent), "host-1").ok()) << "first contact";
}

TEST(FenceTest, RefusesWhatIsOlder) {
  const Status revision = CheckFence(kCurrent, Of({"cluster-a", "line-1", 5, 99}), "host-1");
  EXPECT_EQ(revision.code(), StatusCode::kConflict);
  const Status epoch = CheckFence(kCurrent, Of({"cluster-a", "line-1", 4, 999}), "host-1");
  EXPECT_EQ(epoch.code(), StatusCode::kConflict);
}

TEST(FenceTest, RefusesWhatIsForeign) {
  for (const Fence& fence : {Fence{"cluster-b", "line-1", 9, 999},
                             Fence{"cluster-a", "line-2", 9, 9}, Fence{"", "line-1", 9, 999}}) {
    EXPECT_EQ(CheckFence(kCurrent, Of(fence), "host-1").code(), StatusCode::kInvalid);
  }
  EXPECT_EQ(CheckFence(kCurrent, Of(kCurrent), "host-2").code(), StatusCode::kInvalid);
}

// Fences of one cluster whose CA signs with "signed:".
Fence OfLineage(const std::string& lineage, int64_t began_ms, int64_t epoch = 1) {
  const LineageClaim claim{"cluster-a", lineage, began_ms};
  return {"cluster-a", lineage, epoch, 1, began_ms, "signed:" + LineageText(claim)};
}
bool VerifyForTests(std::string_view text, const std::string& proof) {
  return proof == "signed:" + std::string(text);
}

TEST(FenceTest, FollowsALaterLineageThatIsProven) {
  const Fence old = OfLineage("line-1", 100, /*epoch=*/7);
  EXPECT_TRUE(CheckFence(old, Of(OfLineage("line-2", 101)), "host-1", VerifyForTests).ok())
      << "whatever its epoch and revision";
  const Status earlier = CheckFence(OfLineage("line-2", 101), Of(old), "host-1", VerifyForTests);
  EXPECT_EQ(earlier.code(), StatusCode::kConflict);
  EXPECT_NE(earlier.message().find("superseded"), std::string::npos) << earlier.message();
  const Status as_late = CheckFence(old, Of(OfLineage("line-2", 100)), "host-1", VerifyForTests);
  EXPECT_EQ(as_late.code(), StatusCode::kConflict);
}

TEST(FenceTest, FollowsNoLineageWithoutProof) {
  const Fence old = OfLineage("line-1", 100);
  const Fence later = OfLineage("line-2", 200);
  EXPECT_EQ(CheckFence(old, Of(later), "host-1").code(), StatusCode::kInvalid) << "no CA is known";
  Fence forged = later;
  forged.lineage_began_ms = 300;  // the signature is of another beginning
  EXPECT_EQ(CheckFence(old, Of(forged), "host-1", VerifyForTests).code(), StatusCode::kInvalid);
  forged = later;
  forged.lineage_proof.clear();
  const Status status = CheckFence(old, Of(forged), "host-1", VerifyForTests);
  EXPECT_NE(status.message().find("has not signed"), std::string::npos) << status.message();
  forged = later;
  forged.cluster_id = "cluster-b";
  EXPECT_EQ(CheckFence(old, Of(forged), "host-1", VerifyForTests).code(), StatusCode::kInvalid);
}

TEST(FenceTest, TheFirstAssignmentOfALineageStopsNothingWithoutAWord) {
  const Assignment applied = Of(OfLineage("line-1", 100), 10);
  const Seen seen = RunningPods(12);
  EXPECT_EQ(HoldReason(Of(OfLineage("line-2", 200), 10), &applied, seen), "")
      << "what was never assigned does not count";
  EXPECT_NE(HoldReason(Of(OfLineage("line-2", 200), 9), &applied, seen), "");
  Assignment explained = Of(OfLineage("line-2", 200), 9);
  explained.tombstones = {"uid-9"};
  EXPECT_EQ(HoldReason(explained, &applied, seen), "");
}

TEST(FenceTest, HoldsWhatWouldStopManyPodsWithoutAWord) {
  const Assignment applied = Of(kCurrent, 10);
  const Seen seen = RunningPods(10);
  EXPECT_EQ(HoldReason(Of(kCurrent, 7), &applied, seen), "") << "3 of 10 may go";
  const std::string reason = HoldReason(Of(kCurrent, 6), &applied, seen);
  EXPECT_NE(reason.find("4 of the 10"), std::string::npos) << reason;
  EXPECT_NE(HoldReason(Of(kCurrent, 0), &applied, seen), "");
}

TEST(FenceTest, ShareCountsOnLargeHosts) {
  const Assignment applied = Of(kCurrent, 100);
  const Seen seen = RunningPods(100);
  EXPECT_EQ(HoldReason(Of(kCurrent, 70), &applied, seen), "");
  EXPECT_NE(HoldReason(Of(kCurrent, 69), &applied, seen), "");
}

TEST(FenceTest, FewPodsMayAlwaysGo) {
  const Assignment applied = Of(kCurrent, 3);
  EXPECT_EQ(HoldReason(Of(kCurrent, 0), &applied, RunningPods(3)), "");
}

TEST(FenceTest, TombstonesAndDeletionTimestampsAccountForPods) {
  const Assignment applied = Of(kCurrent, 10);
  const Seen seen = RunningPods(10);
  Assignment next = Of(kCurrent, 0);
  for (int i = 0; i < 10; ++i) next.tombstones.push_back("uid-" + std::to_string(i));
  EXPECT_EQ(HoldReason(next, &applied, seen), "");
  Assignment deleting = Of(kCurrent, 10);
  for (auto& pod : deleting.pods) {
    auto copy = std::make_shared<Pod>(*pod);
    copy->metadata.deletion_timestamp = WallTime{1};
    pod = copy;
  }
  EXPECT_EQ(HoldReason(deleting, &applied, seen), "");
  EXPECT_EQ(HoldReason(Of(kCurrent, 0), &deleting, seen), "") << "they were leaving already";
}

TEST(FenceTest, AgentThatForgotHoldsByWhatRunsHere) {
  EXPECT_NE(HoldReason(Of(kCurrent, 0), nullptr, RunningPods(10)), "");
  EXPECT_EQ(HoldReason(Of(kCurrent, 10), nullptr, RunningPods(10)), "");
}

TEST(FenceTest, UnassignedPodsGoWhenFewAndStayWhenMany) {
  const Removable few = FindRemovable(Of(kCurrent, 8), RunningPods(10));
  EXPECT_EQ(few.pod_uids, (std::set<std::string>{"uid-8", "uid-9"}));
  EXPECT_EQ(few.held, "");
  const Removable many = FindRemovable(Of(kCurrent, 2), RunningPods(10));
  EXPECT_TRUE(many.pod_uids.empty());
  EXPECT_NE(many.held, "");
}

TEST(FenceTest, TombstonedPodsGoEvenWhileOthersAreHeld) {
  Assignment applied = Of(kCurrent, 2);
  applied.tombstones = {"uid-5"};
  EXPECT_EQ(FindRemovable(applied, RunningPods(10)).pod_uids, std::set<std::string>{"uid-5"});
}

TEST(FenceTest, StoppingThatBeganIsFinished) {
  Seen seen = RunningPods(10);
  for (int i = 0; i < 10; ++i) {
    seen.pods["uid-" + std::to_string(i)].stop_deadline = MonoTime{1};
  }
  EXPECT_EQ(FindRemovable(Of(kCurrent, 0), seen).pod_uids.size(), 10U);
}

TEST(NodeStatusTest, SaysWhatTheEngineSays) {
  AgentOptions options;
  options.node_name = "host-1";
  options.host_ip = "192.0.2.1";
  options.node_labels = {{"disk", "ssd"}};
  HostHealth health;
  EXPECT_EQ(MakeNodeStatus(options, health).conditions[0].status, ConditionStatus::kFalse);
  health.engine = EngineInfo{"20.10.24", "1.41", "Debian", "6.1", "amd64", 4, 8LL << 30, true, ""};
  const NodeStatus status = MakeNodeStatus(options, health);
  EXPECT_EQ(status.conditions[0].status, ConditionStatus::kTrue);
  EXPECT_EQ(status.capacity.at("cpu").ToString(), "4");
  EXPECT_EQ(status.capacity.at("memory").ToString(), "8Gi");
  EXPECT_EQ(status.allocatable.at("pods").Units(), 110);
  EXPECT_EQ(status.node_info.container_runtime_version, "docker://20.10.24");
  const StringMap labels = MakeNodeLabels(options, health);
  EXPECT_EQ(labels.at("kubernetes.io/arch"), "amd64");
  EXPECT_EQ(labels.at("beta.kubernetes.io/arch"), "amd64");
  EXPECT_EQ(labels.at("beta.kubernetes.io/os"), "linux");
  EXPECT_EQ(labels.at("kubernetes.io/hostname"), "host-1");
  EXPECT_EQ(labels.at("disk"), "ssd");
}

TEST(NodeStatusTest, SaysWhetherContainersOutliveTheEngine) {
  HostHealth health;
  health.engine = EngineInfo();
  NodeStatus status = MakeNodeStatus(AgentOptions(), health);
  EXPECT_EQ(FindCondition(status.conditions, kLiveRestore)->status, ConditionStatus::kFalse);
  health.engine->live_restore = true;
  status = MakeNodeStatus(AgentOptions(), health);
  EXPECT_EQ(FindCondition(status.conditions, kLiveRestore)->status, ConditionStatus::kTrue);
}

TEST(NodeStatusTest, HasConditionsOfPressureOnceTheHostWasLookedAt) {
  HostHealth health;
  EXPECT_EQ(FindCondition(MakeNodeStatus({}, health).conditions, kDiskPressure), nullptr);
  health.pressures.emplace();
  (*health.pressures)[1].is_on = true;
  const NodeStatus status = MakeNodeStatus({}, health);
  EXPECT_EQ(FindCondition(status.conditions, kMemoryPressure)->status, ConditionStatus::kFalse);
  EXPECT_EQ(FindCondition(status.conditions, kDiskPressure)->status, ConditionStatus::kTrue);
  EXPECT_EQ(FindCondition(status.conditions, kPidPressure)->status, ConditionStatus::kFalse);
}

TEST(NodeStatusTest, IsNotReadyWithTheWordsOfWhatFailed) {
  AgentOptions options;
  HostHealth health;
  health.engine = EngineInfo();
  health.engine_error = "connection refused";
  EXPECT_NE(MakeNodeStatus(options, health).conditions[0].message.find("connection refused"),
            std::string::npos);
  health.engine_error.clear();
  health.network_error = "nft: permission denied";
  EXPECT_EQ(MakeNodeStatus(options, health).conditions[0].reason, "NetworkNotReady");
  health.network_error.clear();
  health.files_errors["assignment"] = "no space left on device";
  EXPECT_NE(MakeNodeStatus(options, health).conditions[0].message.find("no space left"),
            std::string::npos);
}

}  // namespace
}  // namespace reconcile
