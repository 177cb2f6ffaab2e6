#include "reconciler/deployment.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

std::shared_ptr<const Deployment> Web(const World& world) {
  return world.state.Find<Deployment>("default", "web");
}

std::string RevisionOf(const Object& object) {
  return object.metadata.annotations.at(kRevisionAnnotation);
}

World WorldWithHosts(int hosts = 3) {
  World world;
  for (int i = 1; i <= hosts; ++i) world.AddNode("host-" + std::to_string(i));
  return world;
}

TEST(Deployment, MakesAReplicaSetNamedByItsTemplateHash) {
  World world = WorldWithHosts();
  world.Declare({MakeDeployment("web", 3)});
  const auto set = world.SetOf("web");
  ASSERT_NE(set, nullptr);
  const std::string hash = set->metadata.labels.at(kTemplateHashLabel);
  EXPECT_EQ(set->metadata.name, "web-" + hash);
  EXPECT_EQ(set->spec.selector.match_labels.at(kTemplateHashLabel), hash);
  EXPECT_EQ(set->spec.pod_template.metadata.labels.at(kTemplateHashLabel), hash);
  for (const auto& pod : world.Pods()) EXPECT_EQ(pod->metadata.labels.at(kTemplateHashLabel), hash);
  EXPECT_EQ(ControllerOf(set->metadata)->uid, Web(world)->metadata.uid);
}

TEST(Deployment, CountsItsPods) {
  World world = WorldWithHosts();
  world.Declare({MakeDeployment("web", 3)});
  const DeploymentStatus& status = Web(world)->status;
  EXPECT_EQ(status.replicas, 3);
  EXPECT_EQ(status.updated_replicas, 3);
  EXPECT_EQ(status.ready_replicas, 3);
  EXPECT_EQ(status.available_replicas, 3);
  EXPECT_EQ(status.unavailable_replicas, 0);
  EXPECT_EQ(status.observed_generation, Web(world)->metadata.generation);
}

TEST(Deployment, ATemplateChangeRollsAndKeepsTheOldSetAtZero) {
  World world = WorldWithHosts();
  world.Declare({MakeDeployment("web", 3, "img:1")});
  const std::string old_set = world.SetOf("web")->metadata.name;
  world.Declare({MakeDeployment("web", 3, "img:2")});
  EXPECT_EQ(world.SetsOf("web").size(), 2u);
  EXPECT_EQ(world.state.Find<ReplicaSet>("default", old_set)->spec.replicas, 0);
  ASSERT_EQ(world.Pods().size(), 3u);
  for (const auto& pod : world.Pods()) EXPECT_EQ(pod->spec.containers[0].image, "img:2");
}

TEST(Deployment, OnlyTheTemplateStartsARollout) {
  World world = WorldWithHosts();
  world.Declare({MakeDeployment("web", 3)});
  auto changed = MakeDeployment("web", 4);
  changed->spec.strategy.rolling_update->max_surge = IntOrString::Int(2);
  changed->spec.min_ready_seconds = 3;
  changed->metadata.labels["team"] = "a";
  world.Declare({changed});
  EXPECT_EQ(world.SetsOf("web").size(), 1u);
  EXPECT_EQ(world.SetOf("web")->spec.min_ready_seconds, 3);
  EXPECT_EQ(world.Pods().size(), 4u);
}

TEST(Deployment, GenerationGrowsWithTheSpecOnly) {
  World world = WorldWithHosts();
  world.Declare({MakeDeployment("web", 3)});
  EXPECT_EQ(Web(world)->metadata.generation, 1);
  auto labelled = MakeDeployment("web", 3);
  labelled->metadata.labels["team"] = "a";
  world.Declare({labelled});
  EXPECT_EQ(Web(world)->metadata.generation, 1);
  world.Declare({MakeDeployment("web", 5)});
  EXPECT_EQ(Web(world)->metadata.generation, 2);
  EXPECT_EQ(Web(world)->status.observed_generation, 2);
}

TEST(Deployment, ScalingKeepsWhatRunsAndTheSet) {
  World world = WorldWithHosts();
  world.Declare({MakeDeployment("web", 2)});
  const std::string set = world.SetOf("web")->metadata.name;
  world.Declare({MakeDeployment("web", 5)});
  EXPECT_EQ(world.SetOf("web")->metadata.name, set);
  EXPECT_EQ(world.Pods().size(), 5u);
  EXPECT_EQ(world.SetOf("web")->metadata.annotations.at(kDesiredAnnotation), "5");
  EXPECT_EQ(world.SetOf("web")->metadata.annotations.at(kMaxAnnotation), "7");
}

TEST(Deployment, GoingBackReusesTheOldSetUnderTheHighestRevision) {
  World world = WorldWithHosts();
  world.Declare({MakeDeployment("web", 2, "img:1")});
  const std::string first = world.SetOf("web")->metadata.name;
  world.Declare({MakeDeployment("web", 2, "img:2")});
  EXPECT_EQ(RevisionOf(*Web(world)), "2");
  world.Declare({MakeDeployment("web", 2, "img:1")});
  EXPECT_EQ(world.SetOf("web")->metadata.name, first);
  EXPECT_EQ(RevisionOf(*world.SetOf("web")), "3");
  EXPECT_EQ(RevisionOf(*Web(world)), "3");
  EXPECT_EQ(world.SetsOf("web").size(), 2u);
}

TEST(Deployment, KeepsOldSetsUpToTheHistoryLimit) {
  World world = WorldWithHosts();
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) {
    auto deployment = MakeDeployment("web", 2, "img:" + std::to_string(i));
    deployment->spec.revision_history_limit = 2;
    world.Declare({deployment});
    names.push_back(world.SetOf("web")->metadata.name);
    world.Advance(1'000);
  }
  EXPECT_EQ(world.SetsOf("web").size(), 3u);
  EXPECT_EQ(world.state.Find<ReplicaSet>("default", names[1]), nullptr);
  EXPECT_NE(world.state.Find<ReplicaSet>("default", names[2]), nullptr);
  const std::vector<std::string> texts = world.EventTexts();
  EXPECT_EQ(std::count(texts.begin(), texts.end(),
                       "Deployment web DeletedReplicaSet: Deleted replica set " + names[1] +
                           " of revision 2: revisionHistoryLimit is 2"),
            1);
}

TEST(Deployment, AHistoryLimitOfZeroKeepsNone) {
  World world = WorldWithHosts();
  for (int i = 0; i < 3; ++i) {
    auto deployment = MakeDeployment("web", 2, "img:" + std::to_string(i));
    deployment->spec.revision_history_limit = 0;
    world.Declare({deployment});
  }
  EXPECT_EQ(world.SetsOf("web").size(), 1u);
}

TEST(Deployment, PodsThatAreStillToBeRemovedAreNotReliedOn) {
  World world;
  for (int i = 0; i < 12; ++i) world.AddNode("host-" + std::to_string(i), "64", "64Gi");
  const int replicas = 2 * kMaxDeletesPerTurn + 200;
  const auto declared = [&](const std::string& image) {
    auto deployment = MakeDeployment("web", replicas, image);
    deployment->spec.strategy.rolling_update = {.max_surge = IntOrString::Int(0),
                                                .max_unavailable = IntOrString::String("60%")};
    return deployment;
  };
  world.Declare({declared("img:1")});
  bool cut_short = false;
  for (int turn = 0; turn < 40; ++turn) {
    const Plan plan = world.Take(world.ChangesFor({declared("img:2")}));
    cut_short = cut_short || plan.more;
    const auto pods = world.ActivePods();
    const auto ready =
        std::count_if(pods.begin(), pods.end(), [](const auto& pod) { return IsReady(*pod); });
    ASSERT_GE(ready, replicas * 4 / 10) << turn;
    world.Obey();
  }
  EXPECT_TRUE(cut_short);
  EXPECT_EQ(world.SetOf("web")->status.available_replicas, replicas);
  EXPECT_EQ(world.ActivePods().size(), static_cast<size_t>(replicas));
}

TEST(Deployment, RecreateStartsNothingNewWhileAnOldPodRuns) {
  World world = WorldWithHosts();
  const auto declared = [](const std::string& image) {
    auto deployment = MakeDeployment("web", 3, image);
    deployment->spec.strategy = {.type = DeploymentStrategyType::kRecreate, .rolling_update = {}};
    return deployment;
  };
  world.Declare({declared("img:1")});
  world.Take(world.ChangesFor({declared("img:2")}));
  ASSERT_EQ(world.Pods().size(), 3u);
  for (const auto& pod : world.Pods()) {
    EXPECT_TRUE(pod->metadata.deletion_timestamp.has_value());
    EXPECT_EQ(pod->spec.containers[0].image, "img:1");
  }
  world.state.Delete(world.Pods()[0]->key());
  world.Take();
  EXPECT_EQ(world.Pods().size(), 2u) << "two old pods are still going";
  world.Settle();
  ASSERT_EQ(world.Pods().size(), 3u);
  for (const auto& pod : world.Pods()) EXPECT_EQ(pod->spec.containers[0].image, "img:2");
}

TEST(Deployment, PausedDoesNotRollButScales) {
  World world = WorldWithHosts();
  world.Declare({MakeDeployment("web", 2, "img:1")});
  auto paused = MakeDeployment("web", 4, "img:2");
  paused->spec.paused = true;
  world.Declare({paused});
  EXPECT_EQ(world.SetsOf("web").size(), 1u);
  ASSERT_EQ(world.Pods().size(), 4u);
  EXPECT_EQ(world.Pods()[0]->spec.containers[0].image, "img:1");
  EXPECT_EQ(FindCondition(Web(world)->status.conditions, "Progressing")->reason,
            "DeploymentPaused");
  world.Declare({MakeDeployment("web", 4, "img:2")});
  EXPECT_EQ(world.Pods()[0]->spec.containers[0].image, "img:2");
}

TEST(Deployment, ANameTakenByAnotherTemplateGetsAnotherHash) {
  World world = WorldWithHosts();
  const auto declared = MakeDeployment("web", 1);
  auto squatter = MakeReplicaSet("other", 0);
  squatter->metadata.name = "web-" + TemplateHash(declared->spec.pod_template, 0);
  squatter->metadata.uid = "squatter";
  world.state.Put(squatter);
  world.Declare({declared});
  EXPECT_EQ(Web(world)->status.collision_count, 1);
  ASSERT_NE(world.SetOf("web"), nullptr);
  EXPECT_EQ(world.SetOf("web")->metadata.name,
            "web-" + TemplateHash(declared->spec.pod_template, 1));
}

TEST(Deployment, AdoptsAMatchingSetThatNobodyOwns) {
  World world = WorldWithHosts();
  world.Declare({MakeDeployment("web", 2)});
  const std::string name = world.SetOf("web")->metadata.name;
  world.Edit<ReplicaSet>("default", name,
                         [](ReplicaSet* set) { set->metadata.owner_references.clear(); });
  world.Settle();
  EXPECT_EQ(ControllerOf(world.state.Find<ReplicaSet>("default", name)->metadata)->name, "web");
  EXPECT_EQ(world.SetsOf("web").size(), 1u);
  EXPECT_EQ(world.Pods().size(), 2u);
}

TEST(Deployment, ASetStoredWithoutNewerDefaultsIsNoReasonToRoll) {
  World world = WorldWithHosts();
  world.Declare({MakeDeployment("web", 2)});
  world.Edit<ReplicaSet>("default", world.SetOf("web")->metadata.name, [](ReplicaSet* set) {
    set->spec.pod_template.spec.containers.Edit()[0].image_pull_policy = PullPolicy::kUnset;
  });
  world.Settle();
  EXPECT_EQ(world.SetsOf("web").size(), 1u);
}

TEST(Deployment, CopiesItsAnnotationsToTheSet) {
  World world = WorldWithHosts();
  auto deployment = MakeDeployment("web", 1);
  deployment->metadata.annotations["team"] = "a";
  world.Declare({deployment});
  EXPECT_EQ(world.SetOf("web")->metadata.annotations.at("team"), "a");
}

TEST(Deployment, DeletingItTakesSetsAndPodsAlong) {
  World world = WorldWithHosts();
  world.Declare({MakeDeployment("web", 3), MakeConfigMap("keep")});
  world.Declare({MakeConfigMap("keep")});
  EXPECT_EQ(world.state.Objects(Kind::kDeployment).size(), 0u);
  EXPECT_EQ(world.state.Objects(Kind::kReplicaSet).size(), 0u);
  EXPECT_EQ(world.state.Objects(Kind::kPod).size(), 0u);
}

}  // namespace
}  // namespace reconcile
