#include <gtest/gtest.h>

#include "reconciler/deployment.h"
#include "reconciler/turn.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

std::shared_ptr<Deployment> Rolling(int32_t replicas, IntOrString surge, IntOrString unavailable,
                                    const std::string& image = "img:1") {
  auto deployment = MakeDeployment("web", replicas, image);
  deployment->spec.strategy.rolling_update = {.max_surge = surge, .max_unavailable = unavailable};
  return deployment;
}

Fenceposts Posts(int32_t replicas, IntOrString surge, IntOrString unavailable) {
  return FencepostsOf(*Rolling(replicas, surge, unavailable));
}

TEST(Fenceposts, SurgeRoundsUpAndUnavailableDown) {
  const auto percent = IntOrString::String("25%");
  EXPECT_EQ(Posts(10, percent, percent).surge, 3);
  EXPECT_EQ(Posts(10, percent, percent).unavailable, 2);
  EXPECT_EQ(Posts(1, percent, percent).surge, 1);
  EXPECT_EQ(Posts(1, percent, percent).unavailable, 0);
}

TEST(Fenceposts, NeverBothZero) {
  const auto zero = IntOrString::String("0%");
  EXPECT_EQ(Posts(10, zero, zero).unavailable, 1);
  EXPECT_EQ(Posts(3, zero, IntOrString::String("10%")).unavailable, 1);
}

TEST(Fenceposts, UnavailableIsAtMostReplicas) {
  EXPECT_EQ(Posts(2, IntOrString::Int(0), IntOrString::Int(5)).unavailable, 2);
}

TEST(Fenceposts, SurgeIsBounded) {
  EXPECT_EQ(Posts(2, IntOrString::Int(2'147'483'647), IntOrString::Int(0)).surge,
            kMaxReplicasPerWorkload);
}

TEST(Fenceposts, RecreateHasNone) {
  auto deployment = MakeDeployment("web", 4);
  deployment->spec.strategy = {.type = DeploymentStrategyType::kRecreate, .rolling_update = {}};
  EXPECT_EQ(FencepostsOf(*deployment).surge, 0);
  EXPECT_EQ(FencepostsOf(*deployment).unavailable, 0);
}

TEST(NewestSize, GrowsIntoTheRoomThatSurgeLeaves) {
  const auto deployment = Rolling(10, IntOrString::Int(3), IntOrString::Int(0));
  EXPECT_EQ(NewestSize(*deployment, 0, 10), 3);
  EXPECT_EQ(NewestSize(*deployment, 3, 13), 3);
  EXPECT_EQ(NewestSize(*deployment, 3, 11), 5);
  EXPECT_EQ(NewestSize(*deployment, 9, 9), 10);
  EXPECT_EQ(NewestSize(*deployment, 12, 12), 10);
}

struct Sizes {
  int old_pods = 0;
  int new_pods = 0;
  int available = 0;
};

Sizes Look(const World& world) {
  Sizes sizes;
  for (const auto& pod : world.ActivePods()) {
    ++(pod->spec.containers[0].image == "img:2" ? sizes.new_pods : sizes.old_pods);
    sizes.available += IsReady(*pod) ? 1 : 0;
  }
  return sizes;
}

World WorldRunning(int32_t replicas, IntOrString surge, IntOrString unavailable) {
  World world;
  for (const char* name : {"host-1", "host-2", "host-3"}) world.AddNode(name);
  world.Declare({Rolling(replicas, surge, unavailable)});
  world.Take(world.ChangesFor({Rolling(replicas, surge, unavailable, "img:2")}));
  return world;
}

TEST(RollingUpdate, SurgesFirstWhenNoneMayBeMissing) {
  World world = WorldRunning(4, IntOrString::Int(1), IntOrString::Int(0));
  EXPECT_EQ(Look(world).old_pods, 4);
  EXPECT_EQ(Look(world).new_pods, 1);
  world.Take();
  EXPECT_EQ(Look(world).old_pods, 4) << "the new pod is not ready yet";
  world.Obey();
  world.Take();
  EXPECT_EQ(Look(world).old_pods, 3);
  EXPECT_EQ(Look(world).new_pods, 2);
}

TEST(RollingUpdate, RemovesFirstWhenNoneMayBeTooMany) {
  World world = WorldRunning(4, IntOrString::Int(0), IntOrString::Int(2));
  EXPECT_EQ(Look(world).old_pods, 2);
  EXPECT_EQ(Look(world).new_pods, 2);
}

// The image does not exist: what served goes on serving.
TEST(RollingUpdate, ANewTemplateThatNeverGetsReadyLeavesTheOldOneServing) {
  World world = WorldRunning(4, IntOrString::String("25%"), IntOrString::String("25%"));
  for (int turn = 0; turn < 20; ++turn) {
    for (const auto& pod : world.Pods()) {
      if (pod->metadata.deletion_timestamp) world.state.Delete(pod->key());
    }
    world.Take();
    world.Advance(60'000);
  }
  EXPECT_EQ(Look(world).old_pods, 3);
  EXPECT_EQ(Look(world).available, 3);
  EXPECT_EQ(Look(world).new_pods, 2);
}

TEST(RollingUpdate, OldPodsThatAreNotReadyGoFirst) {
  World world;
  world.AddNode("host-1");
  world.Declare({Rolling(4, IntOrString::Int(0), IntOrString::Int(1))});
  const std::string sick = world.Pods().at(2)->metadata.name;
  world.SetReady(*world.Pods().at(2), false);
  world.Take(world.ChangesFor({Rolling(4, IntOrString::Int(0), IntOrString::Int(1), "img:2")}));
  EXPECT_TRUE(world.state.Find<Pod>("default", sick)->metadata.deletion_timestamp.has_value());
  EXPECT_EQ(Look(world).available, 3);
}

// The counts that a step rests on are of this turn, not of the last one: a pod that failed in the
// very moment in which the rollout goes on is not counted on.
TEST(RollingUpdate, AStepRestsOnHowPodsAreNow) {
  World world = WorldRunning(4, IntOrString::Int(0), IntOrString::Int(1));
  auto next = Rolling(4, IntOrString::Int(0), IntOrString::Int(1), "img:2");
  auto paused = Mutable(*next);
  paused->spec.paused = true;
  world.Obey();
  world.Take(world.ChangesFor({paused}));
  ASSERT_EQ(Look(world).available, 4);
  for (const auto& pod : world.ActivePods()) {
    if (pod->spec.containers[0].image == "img:2") world.SetReady(*pod, false);
  }
  world.Take(world.ChangesFor({next}));
  EXPECT_EQ(Look(world).available, 3);
}

TEST(RollingUpdate, ARevertInMidRolloutTurnsBack) {
  World world = WorldRunning(4, IntOrString::Int(1), IntOrString::Int(1));
  world.Obey();
  world.Take();
  world.Declare({Rolling(4, IntOrString::Int(1), IntOrString::Int(1), "img:1")});
  EXPECT_EQ(Look(world).old_pods, 4);
  EXPECT_EQ(Look(world).new_pods, 0);
  EXPECT_EQ(Look(world).available, 4);
}

TEST(RollingUpdate, WaitsForMinReadySeconds) {
  World world;
  world.AddNode("host-1");
  const auto declared = [](const std::string& image) {
    auto deployment = Rolling(2, IntOrString::Int(1), IntOrString::Int(0), image);
    deployment->spec.min_ready_seconds = 30;
    return deployment;
  };
  world.Declare({declared("img:1")});
  world.Advance(60'000);
  world.Declare({declared("img:2")});
  EXPECT_EQ(Look(world).old_pods, 2);
  EXPECT_EQ(Look(world).new_pods, 1);
  world.Advance(29'999);
  world.Settle();
  EXPECT_EQ(Look(world).old_pods, 2);
  world.Advance(1);
  world.Settle();
  EXPECT_EQ(Look(world).old_pods, 1);
  EXPECT_EQ(Look(world).new_pods, 2);
}

// ---- Scaling in mid-rollout (SEMANTICS 2.7) ----

TEST(ProportionalScaling, SharesGrowthBetweenTheSets) {
  World world = WorldRunning(10, IntOrString::Int(3), IntOrString::Int(2));
  // 8 old, 5 new; now 15 + 3 = 18 in all.
  ASSERT_EQ(Look(world).old_pods, 8);
  ASSERT_EQ(Look(world).new_pods, 5);
  world.Take(world.ChangesFor({Rolling(15, IntOrString::Int(3), IntOrString::Int(2), "img:2")}));
  EXPECT_EQ(Look(world).old_pods, 11);
  EXPECT_EQ(Look(world).new_pods, 7);
}

TEST(ProportionalScaling, SharesShrinkingBetweenTheSets) {
  World world = WorldRunning(10, IntOrString::Int(3), IntOrString::Int(2));
  auto paused = Rolling(5, IntOrString::Int(3), IntOrString::Int(2), "img:2");
  paused->spec.paused = true;
  world.Take(world.ChangesFor({paused}));
  EXPECT_EQ(Look(world).old_pods + Look(world).new_pods, 8);
  EXPECT_EQ(Look(world).old_pods, 5);
  EXPECT_EQ(Look(world).new_pods, 3);
}

// 7 new of which none is ready, 2 old: 9 of the 14 that surge allows. Scaled to 5 there may be 10,
// one more than there are; the old set's share of them is 2 x 10/14, one less than it has. It goes
// although it is available and 2 are promised, as in Kubernetes.
TEST(ProportionalScaling, ASetMayShrinkThoughAllTogetherGrow) {
  const auto all = IntOrString::String("100%");
  const auto most = IntOrString::String("75%");
  World world = WorldRunning(7, all, most);
  ASSERT_EQ(Look(world).old_pods, 2);
  ASSERT_EQ(Look(world).new_pods, 7);
  ASSERT_EQ(Look(world).available, 2);
  world.Take(world.ChangesFor({Rolling(5, all, most, "img:2")}));
  EXPECT_EQ(Look(world).old_pods, 1);
  EXPECT_EQ(Look(world).new_pods, 5);
}

// A commit went back to img:1, whose set was there before. Of two sets of one size the one that was
// made first shrinks, whichever of them the template is of.
TEST(ProportionalScaling, OfEqualSetsTheOneMadeFirstShrinks) {
  World world;
  world.AddNode("host-1");
  const auto none = IntOrString::Int(0);
  world.Declare({Rolling(2, IntOrString::Int(2), none)});
  world.Advance(1'000);
  world.Take(world.ChangesFor({Rolling(2, IntOrString::Int(2), none, "img:2")}));
  ASSERT_EQ(Look(world).old_pods, 2);
  ASSERT_EQ(Look(world).new_pods, 2);
  for (const auto& pod : world.ActivePods()) {
    world.SetReady(*pod, pod->spec.containers[0].image == "img:2");
  }
  auto back = Rolling(2, IntOrString::Int(1), none);
  back->spec.paused = true;
  world.Take(world.ChangesFor({back}));
  EXPECT_EQ(Look(world).old_pods, 1);
  EXPECT_EQ(Look(world).available, 2);
}

TEST(ProportionalScaling, ToZeroRemovesAll) {
  World world = WorldRunning(10, IntOrString::Int(3), IntOrString::Int(2));
  world.Declare({Rolling(0, IntOrString::Int(3), IntOrString::Int(2), "img:2")});
  EXPECT_TRUE(world.Pods().empty());
}

TEST(ProportionalScaling, SwitchingToRecreateInMidRolloutEndsTheOldSet) {
  World world = WorldRunning(4, IntOrString::Int(1), IntOrString::Int(1));
  auto recreate = MakeDeployment("web", 6, "img:2");
  recreate->spec.strategy = {.type = DeploymentStrategyType::kRecreate, .rolling_update = {}};
  world.Declare({recreate});
  EXPECT_EQ(Look(world).old_pods, 0);
  EXPECT_EQ(Look(world).new_pods, 6);
}

}  // namespace
}  // namespace reconcile
