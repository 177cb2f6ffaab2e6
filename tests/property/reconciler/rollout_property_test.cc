#include <gtest/gtest.h>

#include <tuple>

#include "reconciler/deployment.h"
#include "reconciler/pod_control.h"
#include "tests/property/reconciler/generator.h"

namespace reconcile {
namespace {

constexpr uint64_t kRolloutCases = 300;
constexpr int kSteps = 30;

int Available(const World& world, const Deployment& deployment) {
  int count = 0;
  for (const auto& pod : world.ActivePods()) {
    int64_t remaining_ms = 0;
    count += IsAvailable(*pod, deployment.spec.min_ready_seconds, world.now.wall, &remaining_ms);
  }
  return count;
}

// What hosts do between two turns: some pods start, some fail, some that go are gone.
void Disturb(World* world, Generator* generator) {
  for (const auto& pod : world->Pods()) {
    if (pod->spec.node_name.empty()) continue;
    if (pod->metadata.deletion_timestamp) {
      if (generator->OneIn(2)) world->state.Delete(pod->key());
    } else if (!IsReady(*pod)) {
      if (generator->OneIn(2)) world->SetReady(*pod, true);
    } else if (generator->OneIn(25)) {
      world->SetReady(*pod, false);
    }
  }
  world->Advance(generator->Int(0, 20'000));
}

std::shared_ptr<Deployment> AnyRolling(Generator* generator) {
  auto deployment = generator->MakeAnyDeployment("web");
  deployment->spec.paused = false;
  deployment->spec.strategy.type = DeploymentStrategyType::kRollingUpdate;
  if (!deployment->spec.strategy.rolling_update) deployment->spec.strategy.rolling_update.emplace();
  for (Container& container : deployment->spec.pod_template.spec.containers.Edit()) {
    container.resources = {};
  }
  return deployment;
}

// No turn takes available pods below what the Deployment promises, and none makes too many. Without
// minReadySeconds: as in Kubernetes, a scale-down does not look at it (ChooseVictims).
TEST(RolloutProperty, StaysBetweenMinimumAvailableAndSurge) {
  for (uint64_t seed = 0; seed < kRolloutCases; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world;
    world.AddNode("host-1", "64", "64Gi");
    world.AddNode("host-2", "64", "64Gi");
    auto deployment = AnyRolling(&generator);
    deployment->spec.min_ready_seconds = 0;
    const Fenceposts posts = FencepostsOf(*deployment);
    const int minimum = deployment->spec.replicas - posts.unavailable;
    const size_t most = static_cast<size_t>(deployment->spec.replicas + posts.surge);
    world.Declare({deployment});
    for (int step = 0; step < kSteps; ++step) {
      if (generator.OneIn(6)) {
        deployment = std::make_shared<Deployment>(*deployment);
        deployment->spec.pod_template.spec.containers.Edit()[0].image =
            "img:" + std::to_string(generator.Int(1, 4));
      }
      const int before = Available(world, *deployment);
      world.Take(world.ChangesFor({deployment}));
      ASSERT_GE(Available(world, *deployment), std::min(before, minimum)) << "step " << step;
      ASSERT_LE(world.ActivePods().size(), most) << "step " << step;
      Disturb(&world, &generator);
    }
    for (int i = 0; i < 40; ++i) {
      world.Declare({deployment});
      world.Advance(60'000);
    }
    world.Declare({deployment});
    ASSERT_EQ(Available(world, *deployment), deployment->spec.replicas);
    for (const auto& pod : world.Pods()) {
      ASSERT_EQ(pod->spec.containers[0].image,
                deployment->spec.pod_template.spec.containers[0].image);
    }
  }
}

TEST(RolloutProperty, RecreateNeverRunsTwoTemplatesAtOnce) {
  for (uint64_t seed = 0; seed < kRolloutCases / 2; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world;
    world.AddNode("host-1", "64", "64Gi");
    auto deployment = AnyRolling(&generator);
    deployment->spec.strategy = {.type = DeploymentStrategyType::kRecreate, .rolling_update = {}};
    world.Declare({deployment});
    for (int step = 0; step < kSteps; ++step) {
      if (generator.OneIn(6)) {
        deployment = std::make_shared<Deployment>(*deployment);
        deployment->spec.pod_template.spec.containers.Edit()[0].image =
            "img:" + std::to_string(generator.Int(1, 4));
      }
      world.Take(world.ChangesFor({deployment}));
      std::map<std::string, int> images;
      for (const auto& pod : world.Pods()) ++images[pod->spec.containers[0].image];
      ASSERT_LE(images.size(), 1u) << "step " << step;
      Disturb(&world, &generator);
    }
  }
}

// The first rules of the order, told apart from the code: smaller goes first.
std::tuple<bool, int, bool, int> OrderOf(const Pod& pod) {
  const int phase = pod.status.phase == PodPhase::kPending   ? 0
                    : pod.status.phase == PodPhase::kUnknown ? 1
                                                             : 2;
  const auto cost = pod.metadata.annotations.find("controller.kubernetes.io/pod-deletion-cost");
  return {!pod.spec.node_name.empty(), phase, IsReady(pod),
          cost == pod.metadata.annotations.end() ? 0 : std::stoi(cost->second)};
}

TEST(RolloutProperty, ScaleDownTakesTheFirstOfTheVictimOrder) {
  for (uint64_t seed = 0; seed < 2 * kRolloutCases; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world;
    world.AddNode("host-1", "64", "64Gi");
    world.AddNode("host-2", "64", "64Gi");
    const int replicas = generator.Int(1, 12);
    world.Declare({MakeReplicaSet("web", replicas)});
    for (const auto& pod : world.Pods()) {
      world.SetReady(*pod, generator.OneIn(2));
      world.Edit<Pod>("default", pod->metadata.name, [&](Pod* edited) {
        if (generator.OneIn(4)) edited->status.phase = PodPhase::kPending;
        if (generator.OneIn(6)) edited->status.phase = PodPhase::kUnknown;
        if (generator.OneIn(3)) {
          edited->metadata.annotations["controller.kubernetes.io/pod-deletion-cost"] =
              std::to_string(generator.Int(-2, 2));
        }
      });
      world.Advance(generator.Int(0, 60'000));
    }
    const int kept_count = generator.Int(0, replicas);
    world.Take(world.ChangesFor({MakeReplicaSet("web", kept_count)}));
    ASSERT_EQ(world.ActivePods().size(), static_cast<size_t>(kept_count));
    for (const auto& gone : world.Pods()) {
      if (!gone->metadata.deletion_timestamp) continue;
      for (const auto& kept : world.ActivePods()) ASSERT_LE(OrderOf(*gone), OrderOf(*kept));
    }
  }
}

// Replicas go over equal hosts evenly, however many there are and whatever else runs.
TEST(RolloutProperty, ReplicasAreSpreadEvenly) {
  for (uint64_t seed = 0; seed < kRolloutCases; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world;
    const int hosts = generator.Int(1, 6);
    for (int i = 1; i <= hosts; ++i) world.AddNode("host-" + std::to_string(i), "64", "64Gi");
    const int replicas = generator.Int(1, 20);
    world.Declare({MakeReplicaSet("other", generator.Int(0, 9))});
    world.Declare({MakeReplicaSet("other", generator.Int(0, 9)), MakeReplicaSet("web", replicas)});
    std::map<std::string, int> spread;
    for (const auto& pod : world.ActivePods()) {
      if (pod->metadata.labels.at("app") == "web") ++spread[pod->spec.node_name];
    }
    ASSERT_EQ(spread.size(), static_cast<size_t>(std::min(hosts, replicas)));
    for (const auto& [host, count] : spread) {
      ASSERT_GE(count, replicas / hosts);
      ASSERT_LE(count, (replicas + hosts - 1) / hosts);
    }
  }
}

}  // namespace
}  // namespace reconcile
