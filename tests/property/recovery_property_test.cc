// What the planner made, lost, and learned again from the hosts: the same commit then changes no
// pod.
#include <gtest/gtest.h>

#include "controller/recovery.h"
#include "reconciler/deployment.h"
#include "tests/property/reconciler/generator.h"

namespace reconcile {
namespace {

constexpr uint64_t kRecoveryCases = 400;

std::shared_ptr<const Cluster> ClusterOf(const ClusterState& state) {
  return state.Find<Cluster>("", "cluster");
}

// What the agents of `world` have.
std::vector<Inventory> InventoriesOf(const World& world) {
  std::vector<Inventory> inventories;
  world.state.ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
    if (node->spec.pod_cidr.empty()) return;
    Inventory inventory;
    inventory.node = node->metadata.name;
    inventory.fence = Fence{"cluster", "lost", 1, 1, 1, ""};
    inventory.node_pod_cidr = node->spec.pod_cidr;
    for (const auto& pod : world.Pods()) {
      if (pod->spec.node_name == node->metadata.name) inventory.pods.push_back(pod);
    }
    inventories.push_back(std::move(inventory));
  });
  return inventories;
}

// A world of which only the inventories are left. The agents report their hosts anew.
World Recover(const World& lost) {
  World world;
  world.now = lost.now;
  auto cluster = std::make_shared<Cluster>(*ClusterOf(world.state));
  cluster->cluster_id = ClusterOf(lost.state)->cluster_id;
  cluster->lineage_began_ms = world.now.wall.ms;
  cluster->metadata.incarnation = FirstIncarnation(*cluster);
  world.state.Put(cluster);
  const std::vector<Inventory> inventories = InventoriesOf(lost);
  std::vector<const Inventory*> pointers;
  for (const Inventory& inventory : inventories) pointers.push_back(&inventory);
  WriteSet writes;
  TakeInventories(pointers, &world.state, &writes, world.now);
  lost.state.ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
    const auto known = world.state.Find<Node>("", node->metadata.name);
    if (known == nullptr) return;
    EXPECT_EQ(known->spec.pod_cidr, node->spec.pod_cidr);
    EXPECT_EQ(known->metadata.uid.empty(), false);
    const auto reported = std::make_shared<Node>(*known);
    reported->metadata.labels = node->metadata.labels;
    reported->status = node->status;
    world.state.Put(reported);
  });
  return world;
}

// Where each pod that a host has runs, by uid.
std::map<std::string, std::string> Hosted(const World& world) {
  std::map<std::string, std::string> hosted;
  for (const auto& pod : world.Pods()) {
    if (pod->spec.node_name.empty() || pod->metadata.deletion_timestamp) continue;
    hosted[pod->metadata.uid] = pod->spec.node_name + " " + pod->metadata.name;
  }
  return hosted;
}

void GiveSubnets(World* world) {
  int number = 0;
  for (const auto& [key, object] : ObjectMap(world->state.Objects(Kind::kNode))) {
    auto node = std::make_shared<Node>(*As<Node>(*object));
    node->spec.pod_cidr = "10.42." + std::to_string(number++) + ".0/24";
    world->state.Put(node);
  }
}

TEST(RecoveryProperty, TheSameCommitChangesNoPodOfAModelThatWasLost) {
  for (uint64_t seed = 0; seed < kRecoveryCases; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world = generator.MakeWorld();
    GiveSubnets(&world);
    std::vector<ObjectPtr> commit = generator.MakeCommit();
    world.Declare(commit);
    for (int edits = generator.Int(0, 2); edits > 0; --edits) {
      commit = generator.Edit(commit);
      world.Declare(commit);
      world.Advance(generator.Int(0, 100'000));
    }
    // A rollout that waits for minReadySeconds goes on with time.
    for (int i = 0; i < 20; ++i) {
      world.Advance(61'000);
      world.Declare(commit);
    }
    const std::map<std::string, std::string> before = Hosted(world);
    World recovered = Recover(world);
    ASSERT_EQ(Hosted(recovered), before);
    recovered.Advance(5'000);
    recovered.Take(recovered.ChangesFor(commit));
    ASSERT_EQ(Hosted(recovered), before) << "the first turn";
    recovered.Declare(commit);
    ASSERT_EQ(Hosted(recovered), before) << "until nothing is left to do";
    for (const auto& pod : recovered.Pods()) {
      for (const OwnerReference& owner : pod->metadata.owner_references) {
        const auto kind = FindKind(owner.api_version, owner.kind);
        const ObjectPtr there =
            recovered.state.Find({*kind, pod->metadata.namespace_name, owner.name});
        ASSERT_NE(there, nullptr);
        ASSERT_EQ(there->metadata.uid, owner.uid);
      }
    }
  }
}

TEST(RecoveryProperty, TakingInventoriesTwiceChangesNothing) {
  for (uint64_t seed = 0; seed < kRecoveryCases / 4; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world = generator.MakeWorld();
    GiveSubnets(&world);
    world.Declare(generator.MakeCommit());
    World recovered = Recover(world);
    const std::vector<Inventory> inventories = InventoriesOf(world);
    std::vector<const Inventory*> pointers;
    for (const Inventory& inventory : inventories) pointers.push_back(&inventory);
    ClusterState again = recovered.state;
    WriteSet writes;
    TakeInventories(pointers, &again, &writes, recovered.now);
    ASSERT_TRUE(SameState(again, recovered.state));
  }
}

// In the middle of a rollout it goes on: no turn takes available pods below what is promised.
TEST(RecoveryProperty, ARolloutGoesOnWithinItsBounds) {
  for (uint64_t seed = 0; seed < kRecoveryCases / 4; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world;
    world.AddNode("host-1", "64", "64Gi");
    world.AddNode("host-2", "64", "64Gi");
    GiveSubnets(&world);
    auto deployment = MakeDeployment("web", generator.Int(2, 8));
    world.Declare({deployment});
    deployment = std::make_shared<Deployment>(*deployment);
    deployment->spec.pod_template.spec.containers.Edit()[0].image = "img:2";
    for (int turns = generator.Int(1, 6); turns > 0; --turns) {
      world.Take(world.ChangesFor({deployment}));
      if (generator.OneIn(2)) world.Obey();
    }
    const int minimum = deployment->spec.replicas - FencepostsOf(*deployment).unavailable;
    const auto available = [](const World& of) {
      int count = 0;
      for (const auto& pod : of.ActivePods()) count += IsReady(*pod) ? 1 : 0;
      return count;
    };
    World recovered = Recover(world);
    for (int turn = 0; turn < 40; ++turn) {
      const int before = available(recovered);
      recovered.Take(recovered.ChangesFor({deployment}));
      ASSERT_GE(available(recovered), std::min(before, minimum)) << "turn " << turn;
      if (generator.OneIn(2)) recovered.Obey();
      recovered.Advance(1'000);
    }
    recovered.Declare({deployment});
    ASSERT_EQ(available(recovered), deployment->spec.replicas);
    for (const auto& pod : recovered.Pods()) {
      ASSERT_EQ(pod->spec.containers[0].image, "img:2");
    }
  }
}

}  // namespace
}  // namespace reconcile
