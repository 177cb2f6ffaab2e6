#include <gtest/gtest.h>

#include "reconciler/controllers.h"
#include "reconciler/declared.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

// ---- Bare pods ----

TEST(BarePod, IsCreatedPlacedAndPruned) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakePod("job"), MakeConfigMap("keep")});
  const auto pod = world.state.Find<Pod>("default", "job");
  ASSERT_NE(pod, nullptr);
  EXPECT_EQ(pod->spec.node_name, "host-1");
  EXPECT_EQ(pod->metadata.origin.source, "main");
  world.Take(world.ChangesFor({MakeConfigMap("keep")}));
  const auto going = world.state.Find<Pod>("default", "job");
  ASSERT_TRUE(going->metadata.deletion_timestamp.has_value());
  EXPECT_EQ(going->metadata.deletion_timestamp->ms, world.now.wall.ms + 30'000);
  EXPECT_EQ(going->metadata.deletion_grace_period_seconds, 30);
  world.Settle();
  EXPECT_EQ(world.state.Find<Pod>("default", "job"), nullptr);
}

// What is older than the lineage gives way to what a late host still runs.
TEST(BarePod, IsNotOlderThanTheLineageThoughTheClockWasSetBack) {
  World world;
  world.AddNode("host-1");
  auto cluster = std::make_shared<Cluster>(*world.state.Find<Cluster>("", "cluster"));
  cluster->lineage_began_ms = world.now.wall.ms + 60'000;
  world.state.Put(cluster);
  world.Declare({MakePod("job"), MakeDeployment("web", 1)});
  ASSERT_EQ(world.Pods().size(), 2u);
  for (const auto& pod : world.Pods()) {
    EXPECT_EQ(pod->metadata.creation_timestamp->ms, cluster->lineage_began_ms)
        << pod->metadata.name;
  }
}

TEST(BarePod, AChangedSpecReplacesItOnceTheOldOneIsGone) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakePod("job", "img:1")});
  const std::string uid = world.Pods()[0]->metadata.uid;
  world.Take(world.ChangesFor({MakePod("job", "img:2")}));
  ASSERT_EQ(world.Pods().size(), 1u);
  EXPECT_TRUE(world.Pods()[0]->metadata.deletion_timestamp.has_value());
  EXPECT_EQ(world.Pods()[0]->spec.containers[0].image, "img:1");
  world.Obey();
  world.Take(world.ChangesFor({MakePod("job", "img:2")}));
  ASSERT_EQ(world.Pods().size(), 1u);
  EXPECT_EQ(world.Pods()[0]->spec.containers[0].image, "img:2");
  EXPECT_NE(world.Pods()[0]->metadata.uid, uid);
}

TEST(BarePod, OneThatNoHostHasIsReplacedAtOnce) {
  World world;
  world.Declare({MakePod("job", "img:1")});
  const std::string uid = world.Pods()[0]->metadata.uid;
  world.Take(world.ChangesFor({MakePod("job", "img:2")}));
  ASSERT_EQ(world.Pods().size(), 1u);
  EXPECT_EQ(world.Pods()[0]->spec.containers[0].image, "img:2");
  EXPECT_NE(world.Pods()[0]->metadata.uid, uid);
}

TEST(BarePod, ChangedLabelsChangeInPlace) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakePod("job")});
  const auto before = world.Pods()[0];
  auto labelled = MakePod("job");
  labelled->metadata.labels["team"] = "a";
  world.Declare({labelled});
  const auto after = world.Pods()[0];
  EXPECT_EQ(after->metadata.uid, before->metadata.uid);
  EXPECT_EQ(after->metadata.labels.at("team"), "a");
  EXPECT_EQ(after->spec.node_name, "host-1");
  EXPECT_TRUE(IsReady(*after));
}

// ---- Changing in place ----

TEST(Changes, KeepIdentityStatusAndWhatControllersAdded) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeDeployment("web", 2)});
  const auto before = world.state.Find<Deployment>("default", "web");
  auto changed = MakeDeployment("web", 2);
  changed->metadata.annotations["team"] = "a";
  world.Declare({changed});
  const auto after = world.state.Find<Deployment>("default", "web");
  EXPECT_EQ(after->metadata.uid, before->metadata.uid);
  EXPECT_EQ(after->metadata.creation_timestamp, before->metadata.creation_timestamp);
  EXPECT_EQ(after->metadata.annotations.at("deployment.kubernetes.io/revision"), "1");
  EXPECT_EQ(after->metadata.annotations.at("team"), "a");
  EXPECT_EQ(after->status.ready_replicas, 2);
}

TEST(Changes, AppliedTwiceAreAppliedOnce) {
  World world;
  world.AddNode("host-1");
  const ObjectChanges changes =
      world.ChangesFor({MakeDeployment("web", 2), MakeConfigMap("a"), MakePod("job")});
  world.Settle(changes);
  const ClusterState before = world.state;
  EXPECT_TRUE(world.Take(changes).transaction.empty());
  EXPECT_TRUE(SameState(before, world.state));
}

TEST(Changes, ADeletionNamesTheObjectItWasPlannedFor) {
  World world;
  world.Declare({MakeConfigMap("a")});
  const ObjectChanges deletion = world.ChangesFor({});
  world.Declare({});
  world.Declare({MakeConfigMap("a")});
  world.Take(deletion);
  EXPECT_NE(world.state.Find<ConfigMap>("default", "a"), nullptr)
      << "this one was created after the plan was made";
}

// ---- Namespaces ----

TEST(Namespaces, TheBuiltInOnesAlwaysExist) {
  World world;
  world.Take();
  for (const char* name : {"default", "kube-public", "kube-system"}) {
    const auto space = world.state.Find<Namespace>("", name);
    ASSERT_NE(space, nullptr) << name;
    EXPECT_EQ(space->metadata.labels.at("kubernetes.io/metadata.name"), name);
    EXPECT_EQ(space->phase, "Active");
    EXPECT_FALSE(space->metadata.uid.empty());
  }
  EXPECT_TRUE(world.Take().transaction.empty());
}

std::vector<ObjectPtr> Shop() {
  auto deployment = MakeDeployment("web", 2);
  auto map = MakeConfigMap("settings");
  auto pod = MakePod("job");
  deployment->metadata.namespace_name = "shop";
  map->metadata.namespace_name = "shop";
  pod->metadata.namespace_name = "shop";
  return {MakeNamespace("shop"), deployment, map, pod};
}

TEST(Namespaces, RemovalDeletesTheContentAndWaitsForItsPods) {
  World world;
  world.AddNode("host-1");
  world.Declare(Shop());
  ASSERT_EQ(world.Pods().size(), 3u);
  world.Take(world.ChangesFor({}));
  const auto going = world.state.Find<Namespace>("", "shop");
  ASSERT_NE(going, nullptr);
  EXPECT_EQ(going->phase, "Terminating");
  EXPECT_EQ(world.Pods().size(), 3u);
  EXPECT_EQ(world.state.Find<ConfigMap>("shop", "settings"), nullptr);
  world.Settle();
  EXPECT_EQ(world.state.Find<Namespace>("", "shop"), nullptr);
  EXPECT_TRUE(world.Pods().empty());
  for (const auto& [key, object] : world.state.Objects(Kind::kEvent)) {
    EXPECT_NE(key.namespace_name, "shop");
  }
}

TEST(Namespaces, NothingIsCreatedInOneThatIsGoing) {
  World world;
  world.AddNode("host-1");
  world.Declare(Shop());
  world.Take(world.ChangesFor({}));
  world.Take(world.ChangesFor(Shop()));
  EXPECT_EQ(world.state.Find<ConfigMap>("shop", "settings"), nullptr);
  EXPECT_TRUE(world.ActivePods().empty());
  world.Declare(Shop());
  EXPECT_EQ(world.ActivePods().size(), 3u);
  EXPECT_EQ(world.state.Find<Namespace>("", "shop")->phase, "Active");
}

TEST(Namespaces, OneThatAnotherSourceUsesStays) {
  World world;
  world.Declare({MakeNamespace("shop")});
  auto map = MakeConfigMap("theirs");
  map->metadata.namespace_name = "shop";
  Problems problems;
  world.Take(Diff(BuildDesired("second", "1", {map}, world.state, &problems), world.state));
  EXPECT_TRUE(world.ChangesFor({}).empty());
  world.Take(Diff(BuildDesired("second", "2", {}, world.state, &problems), world.state));
  EXPECT_EQ(world.ChangesFor({}).size(), 1u);
}

TEST(Namespaces, ADeclaredBuiltInOneOutlivesItsDeclaration) {
  World world;
  auto space = MakeNamespace("default");
  space->metadata.labels["team"] = "a";
  world.Declare({space});
  EXPECT_EQ(world.state.Find<Namespace>("", "default")->metadata.labels.at("team"), "a");
  world.Declare({});
  const auto left = world.state.Find<Namespace>("", "default");
  ASSERT_NE(left, nullptr);
  EXPECT_FALSE(left->metadata.labels.contains("team"));
  EXPECT_EQ(left->metadata.origin.source, "");
}

// ---- Nodes ----

TEST(Nodes, GitSetsLabelsAndCordonsButNothingElse) {
  World world;
  world.AddNode("host-1");
  auto declared = MakeNode("host-1", {{"disk", "ssd"}});
  declared->metadata.annotations["rack"] = "7";
  declared->spec.unschedulable = true;
  world.Declare({declared});
  const auto node = world.state.Find<Node>("", "host-1");
  EXPECT_EQ(node->metadata.labels.at("disk"), "ssd");
  EXPECT_EQ(node->metadata.labels.at("kubernetes.io/hostname"), "host-1");
  EXPECT_EQ(node->metadata.annotations.at("rack"), "7");
  EXPECT_TRUE(node->spec.unschedulable);
  EXPECT_EQ(node->spec.pod_cidr, "10.42.0.0/24");
  EXPECT_TRUE(IsReady(*node));
  EXPECT_EQ(node->metadata.uid, "node-host-1");
}

TEST(Nodes, PruningTakesBackWhatGitSet) {
  World world;
  world.AddNode("host-1");
  const auto before = world.state.Find<Node>("", "host-1");
  auto declared = MakeNode("host-1", {{"disk", "ssd"}});
  declared->metadata.annotations["rack"] = "7";
  declared->spec.unschedulable = true;
  world.Declare({declared});
  world.Declare({});
  const auto node = world.state.Find<Node>("", "host-1");
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->metadata.labels, before->metadata.labels);
  EXPECT_EQ(node->metadata.annotations, before->metadata.annotations);
  EXPECT_FALSE(node->spec.unschedulable);
  EXPECT_TRUE(IsReady(*node));
}

TEST(Nodes, ALabelTakenOutOfGitGoes) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeNode("host-1", {{"disk", "ssd"}, {"zone", "a"}})});
  const ObjectChanges changes = world.ChangesFor({MakeNode("host-1", {{"zone", "a"}})});
  EXPECT_EQ(changes.at(0).fields.size(), 1u);
  world.Take(changes);
  const auto node = world.state.Find<Node>("", "host-1");
  EXPECT_FALSE(node->metadata.labels.contains("disk"));
  EXPECT_EQ(node->metadata.labels.at("zone"), "a");
  EXPECT_TRUE(node->metadata.labels.contains("kubernetes.io/hostname"));
}

TEST(Nodes, OneThatNeverRegisteredTakesNoPodsAndGoesWithItsDeclaration) {
  World world;
  world.Declare({MakeNode("host-9", {}), MakeReplicaSet("web", 1)});
  EXPECT_EQ(world.Pods()[0]->spec.node_name, "");
  world.Declare({});
  EXPECT_EQ(world.state.Find<Node>("", "host-9"), nullptr);
}

// ---- Garbage ----

TEST(Garbage, PodsOfANodeThatIsNotInTheModelGoAtOnce) {
  World world;
  world.AddNode("host-1");
  world.AddNode("host-2");
  world.Declare({MakeReplicaSet("web", 2)});
  world.state.Delete({Kind::kNode, "", "host-2"});
  world.Take();
  EXPECT_EQ(world.Spread(), (std::map<std::string, int>{{"host-1", 2}}));
  EXPECT_EQ(world.Pods().size(), 2u);
}

TEST(Garbage, TheOldestOfThePodsThatEndedGoButNotWhatGitDeclares) {
  World world;
  const auto put = [&](const std::string& name, int64_t age_ms, PodPhase phase) {
    auto pod = MakePod(name);
    pod->metadata.uid = "uid-" + name;
    pod->metadata.creation_timestamp = WallTime{world.now.wall.ms - age_ms};
    pod->metadata.origin.source = name == "declared" ? "main" : "";
    pod->status.phase = phase;
    world.state.Put(pod);
  };
  const auto is_there = [&](const std::string& name) {
    return world.state.Find<Pod>("default", name) != nullptr;
  };
  for (size_t i = 0; i < kMaxEndedPods - 1; ++i)
    put("n-" + std::to_string(i), 10, PodPhase::kFailed);
  put("old", 30, PodPhase::kSucceeded);
  put("declared", 50, PodPhase::kFailed);
  put("runs", 50, PodPhase::kRunning);
  world.Take();
  EXPECT_TRUE(is_there("old"));
  put("older", 40, PodPhase::kFailed);
  put("oldest", 45, PodPhase::kFailed);
  world.Take();
  EXPECT_FALSE(is_there("oldest") || is_there("older"));
  EXPECT_TRUE(is_there("old") && is_there("declared") && is_there("runs"));
}

TEST(Garbage, DanglingOwnersAreDroppedWhileAnotherExists) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeReplicaSet("web", 1)});
  const std::string name = world.Pods()[0]->metadata.name;
  world.Edit<Pod>("default", name, [](Pod* pod) {
    pod->metadata.owner_references.push_back({.kind = "ConfigMap", .name = "x", .uid = "gone"});
  });
  world.Take();
  const auto pod = world.state.Find<Pod>("default", name);
  ASSERT_EQ(pod->metadata.owner_references.size(), 1u);
  EXPECT_EQ(pod->metadata.owner_references[0].kind, "ReplicaSet");
}

TEST(Garbage, AnOwnerIsItsUidNotItsName) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeReplicaSet("web", 1)});
  const auto before = world.Pods()[0];
  world.Edit<ReplicaSet>("default", "web", [](ReplicaSet* set) { set->metadata.uid = "another"; });
  world.Take();
  EXPECT_TRUE(world.state.Find(before->key())
                  ? world.state.Find(before->key())->metadata.deletion_timestamp.has_value()
                  : true);
  ASSERT_EQ(world.ActivePods().size(), 1u);
  EXPECT_EQ(ControllerOf(world.ActivePods()[0]->metadata)->uid, "another");
}

}  // namespace
}  // namespace reconcile
