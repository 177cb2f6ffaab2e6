#include "reconciler/foresee.h"

#include <gtest/gtest.h>

#include "reconciler/preview_run.h"
#include "reconciler/reconciler.h"
#include "reconciler/scheduler/usage_cache.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

std::shared_ptr<Deployment> Web(const std::string& image) {
  auto deployment = MakeDeployment("web", 6, image);
  Request(&deployment->spec.pod_template.spec, "700m", "");
  return deployment;
}

World SettledWorld() {
  World world;
  world.AddNode("host-1", "6");
  world.AddNode("host-2", "4");
  world.AddNode("host-3", "3");
  world.Declare({Web("img:1")});
  world.Advance(600'000);
  return world;
}

std::map<std::string, std::string> PlacesIn(const ClusterState& state) {
  std::map<std::string, std::string> places;
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    if (!pod->metadata.deletion_timestamp) places[pod->metadata.name] = pod->spec.node_name;
  });
  return places;
}

// Where pods are in the end when hosts are of this pace.
std::map<std::string, std::string> Ended(const World& world, const ObjectChanges& changes,
                                         const Pace& pace, const Foreseen* foreseen) {
  PreviewRun run(world.state, &changes, world.now, {}, nullptr);
  run.SetPace(pace);
  run.Decide();
  run.Follow(foreseen);
  EXPECT_TRUE(run.Finish());
  return PlacesIn(run.state());
}

TEST(Foresee, PodsGoWhereThePlanHasThemWhateverThePaceOfHosts) {
  const World world = SettledWorld();
  const ObjectChanges changes = world.ChangesFor({Web("img:2")});
  const auto planned = PlacesIn(PreviewChanges(world.state, changes, world.now).state_after);
  const ClusterState begun =
      Apply(world.state, Reconcile(world.state, changes, world.now).transaction);
  const Foreseen foreseen = ForeseeHosts(begun, changes, world.now);
  EXPECT_FALSE(foreseen.empty());
  int otherwise = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const Pace pace{.by = Pace::By::kPod, .seed = seed, .most_to_start = 4, .most_to_go = 8};
    EXPECT_EQ(Ended(world, changes, pace, &foreseen), planned) << "pace " << seed;
    otherwise += Ended(world, changes, pace, nullptr) != planned ? 1 : 0;
  }
  EXPECT_GT(otherwise, 0) << "the scores alone would do as well here";
}

TEST(Foresee, IsNoReasonToPutAPodWhereItMayNotBe) {
  World world = SettledWorld();
  auto pod = MakePod("late");
  Request(&pod->spec, "1", "");
  UsageCache usage;
  const Foreseen foreseen = {{pod->key(), "host-3"}};
  EXPECT_EQ(Place({pod}, world.state)[0].node, "host-1");
  EXPECT_EQ(Place({pod}, world.state, &usage, &foreseen)[0].node, "host-3");
  world.Edit<Node>("", "host-3", [](Node* node) { node->spec.unschedulable = true; });
  EXPECT_EQ(Place({pod}, world.state, &usage, &foreseen)[0].node, "host-1");
  world.state.Delete({Kind::kNode, "", "host-3"});
  EXPECT_EQ(Place({pod}, world.state, &usage, &foreseen)[0].node, "host-1");
}

}  // namespace
}  // namespace reconcile
