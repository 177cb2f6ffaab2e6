// An agent between two lineages of its cluster's store, and what it tells of itself.
#include "link/lineage.h"

#include "agent/containers.h"
#include "tests/unit/agent/agent_fixture.h"

namespace reconcile {
namespace {

class AgentLineageTest : public AgentTest {
 protected:
  AgentLineageTest() {
    options.verify = [](std::string_view text, const std::string& proof) {
      return proof == "signed:" + std::string(text);
    };
    assignment.fence = OfLineage("old", 100);
    assignment.fence.epoch = 9;
  }
  static Fence OfLineage(const std::string& lineage, int64_t began_ms) {
    const LineageClaim claim{"cluster-a", lineage, began_ms};
    return {"cluster-a", lineage, 1, 0, began_ms, "signed:" + LineageText(claim)};
  }
  void RunPods(int count) {
    for (int i = 0; i < count; ++i) AddPod("web-" + std::to_string(i));
    StartAgent();
    Assign();
    Settle();
    ASSERT_EQ(Running().size(), static_cast<size_t>(count));
  }
};

TEST_F(AgentLineageTest, FollowsARestoredControllerWithoutTouchingAContainer) {
  RunPods(3);
  const std::vector<std::string> ids = RunningIds();
  assignment.fence = OfLineage("new", 200);
  Assign();
  Settle();
  EXPECT_EQ(RunningIds(), ids);
  EXPECT_EQ(LastReport().applied->lineage, "new");
  EXPECT_EQ(LastReport().held, "");
  const Fence followed = assignment.fence;
  assignment.fence = OfLineage("old", 100);
  assignment.fence.epoch = 99;
  assignment.pods.clear();
  Assign();
  Settle();
  EXPECT_EQ(LastReport().held, "") << "on this connection it was only late";
  link.Connect();
  Assign();
  Settle();
  EXPECT_EQ(RunningIds(), ids) << "the controller that was superseded is obeyed no longer";
  EXPECT_NE(LastReport().held.find("superseded"), std::string::npos) << LastReport().held;
  KillAgent();
  StartAgent();
  Settle();
  Assign();
  Settle();
  EXPECT_EQ(RunningIds(), ids) << "nor after a restart";
  EXPECT_EQ(LastReport().applied->lineage, followed.lineage);
}

TEST_F(AgentLineageTest, RefusesALineageThatNobodySigned) {
  RunPods(2);
  const std::vector<std::string> ids = RunningIds();
  assignment.fence = OfLineage("new", 200);
  assignment.fence.lineage_proof = "mine";
  assignment.pods.clear();
  Assign();
  Settle();
  EXPECT_EQ(RunningIds(), ids);
  EXPECT_EQ(LastReport().applied->lineage, "old");
  EXPECT_NE(LastReport().held.find("has not signed"), std::string::npos) << LastReport().held;
}

// It would stop a pod, so it waits; but what it replaced is over, restarted or not.
TEST_F(AgentLineageTest, ALineageThatIsHeldEndsTheOneBefore) {
  RunPods(2);
  const std::vector<std::string> ids = RunningIds();
  const std::vector<std::shared_ptr<const Pod>> pods = assignment.pods;
  assignment.fence = OfLineage("new", 200);
  assignment.pods.pop_back();
  Assign();
  RunFor(1'000);
  EXPECT_EQ(RunningIds(), ids);
  EXPECT_NE(LastReport().held, "");
  KillAgent();
  StartAgent();
  RunFor(1'000);
  assignment.fence = OfLineage("old", 100);
  assignment.fence.epoch = 10;
  assignment.pods.clear();
  Assign();
  RunFor(1'000);
  EXPECT_EQ(RunningIds(), ids);
  EXPECT_NE(LastReport().held.find("superseded"), std::string::npos) << LastReport().held;
  assignment.fence = OfLineage("new", 200);
  assignment.pods = pods;
  Assign();
  Settle();
  EXPECT_EQ(RunningIds(), ids);
  EXPECT_EQ(LastReport().applied->lineage, "new");
}

TEST_F(AgentLineageTest, ALineageThatCannotBeKeptIsNotFollowed) {
  RunPods(1);
  files.FailNextWrites(UnavailableError("the disk is full"), 1);
  assignment.fence = OfLineage("new", 200);
  Assign();
  RunFor(1'000);
  EXPECT_EQ(LastReport().applied->lineage, "old");
  EXPECT_NE(LastReport().held.find("cannot be saved"), std::string::npos) << LastReport().held;
  Assign();
  Settle();
  EXPECT_EQ(LastReport().applied->lineage, "new");
}

TEST_F(AgentLineageTest, TellsWhatItRunsWithoutSecrets) {
  AddPod("web-0");
  auto secret = std::make_shared<Secret>();
  secret->metadata.namespace_name = "default";
  secret->metadata.name = "password";
  secret->data["key"] = "canary-5f3a9c";
  assignment.secrets = {secret};
  StartAgent();
  Assign();
  Settle();
  link.AskInventory();
  ASSERT_EQ(link.inventories.size(), 1U);
  const Inventory& inventory = link.inventories[0];
  EXPECT_EQ(inventory.node, "host-1");
  EXPECT_EQ(inventory.fence, assignment.fence);
  EXPECT_EQ(inventory.node_pod_cidr, "10.42.3.0/24");
  ASSERT_EQ(inventory.pods.size(), 1U);
  EXPECT_EQ(inventory.pods[0]->metadata, assignment.pods[0]->metadata);
  EXPECT_EQ(inventory.pods[0]->spec, assignment.pods[0]->spec);
  EXPECT_EQ(inventory.pods[0]->status.phase, PodPhase::kRunning);
  const std::string text = *WriteInventory(inventory);
  EXPECT_EQ(text.find("canary"), std::string::npos);
  EXPECT_EQ(text.find("Y2FuYXJ5"), std::string::npos);
}

TEST_F(AgentLineageTest, TellsThatItRunsNothingBeforeItsFirstAssignment) {
  StartAgent();
  RunFor(1'000);
  link.AskInventory();
  ASSERT_EQ(link.inventories.size(), 1U);
  EXPECT_EQ(link.inventories[0].fence, std::nullopt);
  EXPECT_TRUE(link.inventories[0].pods.empty());
}

// FAULTS 33: a day. What crashes runs again, what the engine loses comes back, and nothing is asked
// for more often than it was.
TEST_F(AgentLineageTest, Faults_Line33_ADayWithoutAController) {
  constexpr int64_t kOneHourMs = 3'600'000;
  RunPods(5);
  link.connected = false;
  const size_t told = link.reports.size();
  for (int hour = 0; hour < 24; ++hour) {
    const std::vector<ContainerInfo> running = Running();
    ASSERT_EQ(running.size(), 5U) << "hour " << hour;
    const std::string& victim = running[static_cast<size_t>(hour) % 5].id;
    if (hour % 3 == 0) {
      engine.KillContainer(victim);
    } else if (hour % 3 == 1) {
      engine.DestroyContainer(victim);
    } else {
      KillAgent();
      RunFor(10'000);
      StartAgent();
    }
    RunFor(kOneHourMs);
  }
  EXPECT_EQ(Running().size(), 5U);
  EXPECT_EQ(link.reports.size(), told) << "there was nobody to tell";
  const std::vector<std::string> ids = RunningIds();
  link.Connect();
  EXPECT_EQ(LastReport().pods.size(), 5U);
  EXPECT_EQ(Reported("web-0").status.phase, PodPhase::kRunning);
  Assign();
  Settle();
  EXPECT_EQ(RunningIds(), ids);
}

}  // namespace
}  // namespace reconcile
