#include "reconciler/obedient_hosts.h"

#include <gtest/gtest.h>

#include "reconciler/turn.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

// Two bound pods of one ReplicaSet that are to become Ready.
World StartingWorld() {
  World world;
  world.AddNode("host-1");
  world.Take(world.ChangesFor({MakeReplicaSet("web", 2)}));
  return world;
}

int TurnsUntilReady(ObedientHosts hosts, WallTime now) {
  int turns = 0;
  while (hosts.HaveWork()) {
    EXPECT_TRUE(hosts.Act(now));
    ++turns;
  }
  return turns;
}

TEST(ObedientHosts, TakeAsManyTurnsAsTheirPaceSays) {
  const World world = StartingWorld();
  ObedientHosts hosts(world.state);
  EXPECT_EQ(TurnsUntilReady(hosts, world.now.wall), 1);
  hosts.SetPace({.most_to_start = 5});
  EXPECT_EQ(TurnsUntilReady(hosts, world.now.wall), 5);
  EXPECT_TRUE(hosts.HaveWork()) << "a copy goes on by itself";
}

TEST(ObedientHosts, WhatGoesHasAPaceOfItsOwn) {
  World world = StartingWorld();
  world.Settle();
  const auto pod = world.Pods().front();
  const auto going = Mutable(*pod);
  going->metadata.deletion_timestamp = world.now.wall;
  world.state.Put(going);
  ObedientHosts hosts(world.state);
  hosts.SetPace({.most_to_go = 3});
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_TRUE(hosts.Act(world.now.wall));
    EXPECT_NE(hosts.state().Find(pod->key()), nullptr);
  }
  EXPECT_TRUE(hosts.Act(world.now.wall));
  EXPECT_EQ(hosts.state().Find(pod->key()), nullptr);
  EXPECT_FALSE(hosts.Act(world.now.wall));
}

TEST(ObedientHosts, EachPodOrEachWorkloadHasItsOwnPace) {
  World world;
  world.AddNode("host-1");
  world.Take(world.ChangesFor({MakeReplicaSet("web", 40)}));
  std::set<int> of_pods;
  std::set<int> of_workload;
  for (const auto& pod : world.Pods()) {
    of_pods.insert(Pace{.by = Pace::By::kPod, .seed = 1, .most_to_start = 4}.TurnsOf(*pod));
    of_workload.insert(
        Pace{.by = Pace::By::kWorkload, .seed = 1, .most_to_start = 4}.TurnsOf(*pod));
  }
  EXPECT_EQ(of_pods, (std::set<int>{1, 2, 3, 4}));
  EXPECT_EQ(of_workload.size(), 1U);
}

}  // namespace
}  // namespace reconcile
