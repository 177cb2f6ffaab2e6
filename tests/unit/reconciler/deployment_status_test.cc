#include <gtest/gtest.h>

#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

Condition ConditionOf(const World& world, const std::string& type) {
  const auto deployment = world.state.Find<Deployment>("default", "web");
  const Condition* found = FindCondition(deployment->status.conditions, type);
  return found == nullptr ? Condition() : *found;
}

std::string ReasonOf(const World& world, const std::string& type) {
  return ConditionOf(world, type).reason;
}

World WorldWithWeb(int32_t replicas = 4) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeDeployment("web", replicas)});
  return world;
}

TEST(DeploymentStatus, GoesFromCreatedOverUpdatedToAvailable) {
  World world;
  world.AddNode("host-1");
  world.Take(world.ChangesFor({MakeDeployment("web", 2)}));
  EXPECT_EQ(ReasonOf(world, "Progressing"), "ReplicaSetUpdated");
  EXPECT_EQ(ReasonOf(world, "Available"), "MinimumReplicasUnavailable");
  world.SetReady(*world.Pods()[0], true);
  world.Take();
  EXPECT_EQ(ReasonOf(world, "Progressing"), "ReplicaSetUpdated");
  world.Settle();
  EXPECT_EQ(ReasonOf(world, "Progressing"), "NewReplicaSetAvailable");
  EXPECT_EQ(ReasonOf(world, "Available"), "MinimumReplicasAvailable");
}

TEST(DeploymentStatus, AvailableAllowsForMaxUnavailable) {
  World world = WorldWithWeb(4);
  world.SetReady(*world.Pods()[0], false);
  world.Take();
  EXPECT_EQ(ConditionOf(world, "Available").status, ConditionStatus::kTrue);
  world.SetReady(*world.Pods()[1], false);
  world.Take();
  EXPECT_EQ(ConditionOf(world, "Available").status, ConditionStatus::kFalse);
  EXPECT_EQ(ConditionOf(world, "Available").message,
            "Deployment does not have minimum availability: 2 of at least 3 pods are available.");
}

TEST(DeploymentStatus, TheDeadlineReportsAndTheRolloutGoesOn) {
  World world = WorldWithWeb();
  const Plan plan = world.Take(world.ChangesFor({MakeDeployment("web", 4, "img:2")}));
  ASSERT_TRUE(plan.wake_at.has_value());
  world.Advance(599'000);
  EXPECT_EQ(*world.Take().wake_at - world.now.mono, 1'000);
  EXPECT_EQ(ConditionOf(world, "Progressing").status, ConditionStatus::kTrue);
  world.Advance(1'000);
  world.Take();
  EXPECT_EQ(ConditionOf(world, "Progressing").status, ConditionStatus::kFalse);
  EXPECT_EQ(ReasonOf(world, "Progressing"), "ProgressDeadlineExceeded");
  EXPECT_TRUE(world.Take().transaction.empty());
  world.Settle();
  EXPECT_EQ(ReasonOf(world, "Progressing"), "NewReplicaSetAvailable");
}

TEST(DeploymentStatus, ProgressStartsTheDeadlineAnew) {
  World world = WorldWithWeb();
  world.Take(world.ChangesFor({MakeDeployment("web", 4, "img:2")}));
  world.Advance(500'000);
  for (const auto& pod : world.ActivePods()) {
    if (!IsReady(*pod)) {
      world.SetReady(*pod, true);
      break;
    }
  }
  world.Take();
  world.Advance(500'000);
  world.Take();
  EXPECT_EQ(ConditionOf(world, "Progressing").status, ConditionStatus::kTrue);
}

TEST(DeploymentStatus, OnceCompleteScalingAndFailuresStartNoDeadline) {
  World world = WorldWithWeb();
  world.Take(world.ChangesFor({MakeDeployment("web", 8)}));
  EXPECT_EQ(ReasonOf(world, "Progressing"), "NewReplicaSetAvailable");
  world.SetReady(*world.ActivePods()[0], false);
  world.Advance(3'000'000);
  world.Take();
  EXPECT_EQ(ReasonOf(world, "Progressing"), "NewReplicaSetAvailable");
}

TEST(DeploymentStatus, APausedDeploymentHasNoDeadline) {
  World world = WorldWithWeb();
  world.Take(world.ChangesFor({MakeDeployment("web", 4, "img:2")}));
  auto paused = MakeDeployment("web", 4, "img:2");
  paused->spec.paused = true;
  world.Take(world.ChangesFor({paused}));
  world.Advance(3'000'000);
  world.Take();
  EXPECT_EQ(ReasonOf(world, "Progressing"), "DeploymentPaused");
  world.Take(world.ChangesFor({MakeDeployment("web", 4, "img:2")}));
  EXPECT_EQ(ReasonOf(world, "Progressing"), "DeploymentResumed");
  world.Settle();
  EXPECT_EQ(ReasonOf(world, "Progressing"), "NewReplicaSetAvailable");
}

TEST(DeploymentStatus, CopiesTheReplicaFailureOfItsSets) {
  World world = WorldWithWeb();
  const std::string set = world.SetOf("web")->metadata.name;
  world.Edit<ReplicaSet>("default", set, [](ReplicaSet* edited) {
    edited->status.conditions.push_back(
        {.type = "ReplicaFailure", .status = ConditionStatus::kTrue, .reason = "FailedCreate"});
  });
  world.Take();
  EXPECT_EQ(ReasonOf(world, "ReplicaFailure"), "FailedCreate");
  world.Edit<ReplicaSet>("default", set,
                         [](ReplicaSet* edited) { edited->status.conditions.clear(); });
  world.Take();
  EXPECT_EQ(ReasonOf(world, "ReplicaFailure"), "");
}

}  // namespace
}  // namespace reconcile
