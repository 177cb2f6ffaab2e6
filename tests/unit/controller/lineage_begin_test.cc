// When a lineage begins that follows another one.
#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {
namespace {

// A restored copy: pods that it has were there before, whatever a clock said that ran ahead.
TEST(LineageBegin, IsLaterThanEveryPodOfTheModel) {
  VirtualTime time;
  VirtualLoop loop(&time);
  SeededRandom random(1);
  MemoryStore store;
  InstantSource source;
  FakeAgentLink link;
  auto cluster = std::make_shared<Cluster>();
  cluster->metadata.name = "cluster";
  cluster->cluster_id = "cluster-1";
  cluster->pod_cidr = "10.42.0.0/16";
  auto pod = std::make_shared<Pod>();
  pod->metadata.namespace_name = "default";
  pod->metadata.name = "web-1";
  pod->metadata.creation_timestamp = WallTime{loop.now().wall.ms + 3'600'000};
  ASSERT_TRUE(store.Commit({{{cluster->key(), cluster}, {pod->key(), pod}}}, 0).ok());
  Controller controller({}, &loop, &random, &store, &source, &link);
  ASSERT_TRUE(controller.Start().ok());
  const auto begun = controller.State()->Find<Cluster>("", "cluster");
  EXPECT_FALSE(begun->lineage.empty());
  EXPECT_GT(begun->lineage_began_ms, pod->metadata.creation_timestamp->ms);
}

}  // namespace
}  // namespace reconcile
