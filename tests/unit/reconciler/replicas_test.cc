#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

std::set<std::string> NamesOf(const std::vector<std::shared_ptr<const Pod>>& pods) {
  std::set<std::string> names;
  for (const auto& pod : pods) names.insert(pod->metadata.name);
  return names;
}

bool Tells(const World& world, const std::string& event) {
  const std::vector<std::string> texts = world.EventTexts();
  return std::find(texts.begin(), texts.end(), event) != texts.end();
}

TEST(ReplicaSet, CreatesDeclaredReplicasSpreadOverHosts) {
  World world;
  for (const char* name : {"host-1", "host-2", "host-3"}) world.AddNode(name);
  world.Declare({MakeReplicaSet("web", 6)});
  EXPECT_EQ(world.Spread(),
            (std::map<std::string, int>{{"host-1", 2}, {"host-2", 2}, {"host-3", 2}}));
  const auto set = world.state.Find<ReplicaSet>("default", "web");
  EXPECT_EQ(set->status.replicas, 6);
  EXPECT_EQ(set->status.fully_labeled_replicas, 6);
  EXPECT_EQ(set->status.ready_replicas, 6);
  EXPECT_EQ(set->status.available_replicas, 6);
  EXPECT_EQ(set->status.observed_generation, set->metadata.generation);
}

TEST(ReplicaSet, PodsAreMadeOfTheTemplateAndOwned) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeReplicaSet("web", 1)});
  const auto pod = world.Pods().at(0);
  EXPECT_EQ(pod->metadata.name.substr(0, 4), "web-");
  EXPECT_EQ(pod->metadata.name.size(), 9u);
  EXPECT_EQ(pod->metadata.labels.at("app"), "web");
  EXPECT_EQ(pod->spec.containers[0].image, "img:1");
  EXPECT_EQ(pod->status.qos_class, "BestEffort");
  const OwnerReference* owner = ControllerOf(pod->metadata);
  ASSERT_NE(owner, nullptr);
  EXPECT_EQ(owner->kind, "ReplicaSet");
  EXPECT_EQ(owner->uid, world.state.Find<ReplicaSet>("default", "web")->metadata.uid);
}

TEST(ReplicaSet, PodsShareTheContainersOfTheTemplate) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeReplicaSet("web", 2)});
  const auto set = world.state.Find<ReplicaSet>("default", "web");
  for (const auto& pod : world.Pods()) {
    EXPECT_TRUE(pod->spec.containers.IsOneWith(set->spec.pod_template.spec.containers));
  }
  EXPECT_EQ(world.Pods().size(), 2U);
}

TEST(ReplicaSet, MakesNoPodsThatNoHostCouldRunAsWritten) {
  World world;
  world.AddNode("host-1");
  const auto set = MakeReplicaSet("web", 2);
  set->spec.pod_template.spec.others.Set("hostUsers", Value::Bool(false));
  world.Declare({set});
  EXPECT_TRUE(world.Pods().empty());
  const auto found = world.state.Find<ReplicaSet>("default", "web");
  const Condition* failure = FindCondition(found->status.conditions, "ReplicaFailure");
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->reason, "UnsupportedFields");
  EXPECT_TRUE(Tells(world, "ReplicaSet web UnsupportedFields: " + failure->message));
  EXPECT_NE(failure->message.find("spec.hostUsers"), std::string::npos);
  // Once it asks for nothing of the kind, pods come, and the condition goes.
  world.Declare({MakeReplicaSet("web", 2)});
  EXPECT_EQ(world.Pods().size(), 2u);
  EXPECT_TRUE(world.state.Find<ReplicaSet>("default", "web")->status.conditions.empty());
}

TEST(ReplicaSet, Line39_MakesNoPodsThatItsNamespaceForbids) {
  World world;
  world.AddNode("host-1");
  const auto space = MakeNamespace("default");
  space->metadata.labels["pod-security.kubernetes.io/enforce"] = "baseline";
  const auto set = MakeReplicaSet("web", 2);
  set->spec.pod_template.spec.host_network = true;
  const auto pod = MakePod("p");
  pod->spec.host_network = true;
  world.Declare({space, set, pod, MakeReplicaSet("tame", 1)});
  ASSERT_EQ(world.Pods().size(), 2u) << "the tame one, and the one that Git declares";
  EXPECT_EQ(world.state.Find<Pod>("default", "p")->spec.node_name, "");
  const auto failure = [&world] {
    const auto found = world.state.Find<ReplicaSet>("default", "web");
    const Condition* condition = FindCondition(found->status.conditions, "ReplicaFailure");
    return condition == nullptr ? Condition() : *condition;
  };
  EXPECT_EQ(failure().reason, "ForbiddenByPodSecurity");
  EXPECT_NE(failure().message.find("host namespaces (hostNetwork=true)"), std::string::npos);
  EXPECT_TRUE(Tells(world, "ReplicaSet web ForbiddenByPodSecurity: " + failure().message));
  // The namespace allows it, and forbids it again: what runs is left alone.
  const auto open = MakeNamespace("default");
  world.Declare({open, set, pod, MakeReplicaSet("tame", 1)});
  EXPECT_EQ(world.Spread(), (std::map<std::string, int>{{"host-1", 4}}));
  EXPECT_EQ(failure().reason, "");
  world.Declare({space, set, pod, MakeReplicaSet("tame", 1)});
  EXPECT_EQ(world.Spread(), (std::map<std::string, int>{{"host-1", 4}}));
}

TEST(Deployment, KeepsItsOldPodsWhenTheNewOnesCannotBeRunAsWritten) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeDeployment("web", 4)});
  const auto changed = MakeDeployment("web", 4, "img:2");
  changed->spec.pod_template.spec.others.Set("hostUsers", Value::Bool(false));
  world.Declare({changed});
  EXPECT_GE(world.ActivePods().size(), 3u);
  for (const auto& pod : world.ActivePods()) {
    EXPECT_EQ(pod->spec.containers[0].image, "img:1");
  }
  const auto found = world.state.Find<Deployment>("default", "web");
  const Condition* failure = FindCondition(found->status.conditions, "ReplicaFailure");
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->reason, "UnsupportedFields");
}

TEST(BarePod, IsBoundToNoNodeWhenItCannotBeRunAsWritten) {
  World world;
  world.AddNode("host-1");
  const auto pod = MakePod("p");
  pod->spec.others.Set("hostUsers", Value::Bool(false));
  world.Declare({pod});
  const auto found = world.state.Find<Pod>("default", "p");
  EXPECT_EQ(found->spec.node_name, "");
  const Condition* scheduled = FindCondition(found->status.conditions, "PodScheduled");
  ASSERT_NE(scheduled, nullptr);
  EXPECT_EQ(scheduled->status, ConditionStatus::kFalse);
  EXPECT_EQ(scheduled->reason, "UnsupportedFields");
  EXPECT_TRUE(Tells(world, "Pod p UnsupportedFields: " + scheduled->message));
}

TEST(ReplicationController, ScalesUpByTheDifferenceAndKeepsWhatRuns) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeController("my-node", 2)});
  const std::set<std::string> before = NamesOf(world.Pods());
  world.Declare({MakeController("my-node", 5)});
  const std::set<std::string> after = NamesOf(world.Pods());
  EXPECT_EQ(after.size(), 5u);
  EXPECT_TRUE(std::includes(after.begin(), after.end(), before.begin(), before.end()));
  EXPECT_EQ(
      world.state.Find<ReplicationController>("default", "my-node")->status.available_replicas, 5);
}

TEST(ReplicationController, ScalesDownToNothing) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeController("my-node", 3)});
  world.Declare({MakeController("my-node", 0)});
  EXPECT_TRUE(world.Pods().empty());
  EXPECT_EQ(world.state.Find<ReplicationController>("default", "my-node")->status.replicas, 0);
}

TEST(ReplicaSet, AGoingPodIsReplacedAtOnceByOneOfAnotherName) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeReplicaSet("web", 1)});
  const auto old = world.Pods().at(0);
  world.Edit<Pod>("default", old->metadata.name,
                  [&](Pod* pod) { pod->metadata.deletion_timestamp = world.now.wall; });
  world.Take();
  ASSERT_EQ(world.ActivePods().size(), 1u);
  EXPECT_EQ(world.Pods().size(), 2u);
  EXPECT_NE(world.ActivePods().at(0)->metadata.uid, old->metadata.uid);
  EXPECT_NE(world.ActivePods().at(0)->metadata.name, old->metadata.name);
}

TEST(ReplicaSet, TerminalPodsAreReplaced) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeReplicaSet("web", 1)});
  world.Edit<Pod>("default", world.Pods().at(0)->metadata.name,
                  [](Pod* pod) { pod->status.phase = PodPhase::kFailed; });
  world.Settle();
  EXPECT_EQ(world.ActivePods().size(), 1u);
}

TEST(ReplicaSet, TheSameTurnTwiceGivesTheSameNames) {
  World world;
  world.AddNode("host-1");
  const ObjectChanges changes = world.ChangesFor({MakeReplicaSet("web", 3)});
  const Plan first = Reconcile(world.state, changes, world.now);
  const Plan second = Reconcile(world.state, changes, world.now);
  EXPECT_TRUE(
      SameState(Apply(world.state, first.transaction), Apply(world.state, second.transaction)));
}

TEST(ReplicaSet, AdoptsMatchingPodsThatNobodyOwns) {
  World world;
  world.AddNode("host-1");
  auto orphan = MakePod("web");
  orphan->metadata.name = "stray";
  orphan->metadata.uid = "stray-uid";
  orphan->metadata.origin = {};
  world.state.Put(orphan);
  world.Declare({MakeReplicaSet("web", 2)});
  const auto adopted = world.state.Find<Pod>("default", "stray");
  ASSERT_NE(adopted, nullptr);
  ASSERT_NE(ControllerOf(adopted->metadata), nullptr);
  EXPECT_EQ(ControllerOf(adopted->metadata)->name, "web");
  EXPECT_EQ(world.Pods().size(), 2u);
  EXPECT_TRUE(Tells(world,
                    "Pod stray Adopted: It has no controller and its labels are what ReplicaSet "
                    "web selects"));
}

TEST(ReplicaSet, NeverAdoptsAPodThatGitDeclares) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeReplicaSet("web", 1), MakePod("web")});
  EXPECT_EQ(ControllerOf(world.state.Find<Pod>("default", "web")->metadata), nullptr);
  EXPECT_EQ(world.Pods().size(), 2u);
}

TEST(ReplicaSet, ReleasesPodsThatMatchNoMore) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeReplicaSet("web", 1)});
  const std::string name = world.Pods().at(0)->metadata.name;
  world.Edit<Pod>("default", name, [](Pod* pod) { pod->metadata.labels["app"] = "debug"; });
  world.Settle();
  EXPECT_TRUE(world.state.Find<Pod>("default", name)->metadata.owner_references.empty());
  EXPECT_EQ(world.Pods().size(), 2u);
  EXPECT_TRUE(Tells(world, "Pod " + name +
                               " Released: Its labels are no longer what ReplicaSet web selects; "
                               "it goes on without a controller"));
}

TEST(ReplicaSet, AvailableMeansReadyForMinReadySeconds) {
  World world;
  world.AddNode("host-1");
  auto set = MakeReplicaSet("web", 1);
  set->spec.min_ready_seconds = 10;
  world.Declare({set});
  const auto status = [&] { return world.state.Find<ReplicaSet>("default", "web")->status; };
  EXPECT_EQ(status().ready_replicas, 1);
  EXPECT_EQ(status().available_replicas, 0);
  world.Advance(4'000);
  const Plan plan = world.Take();
  ASSERT_TRUE(plan.wake_at.has_value());
  EXPECT_EQ(*plan.wake_at - world.now.mono, 6'000);
  world.Advance(6'000);
  world.Take();
  EXPECT_EQ(status().available_replicas, 1);
}

TEST(ReplicaSet, AClockSetBackNeverMakesAPodWaitLongerThanMinReadySeconds) {
  World world;
  world.AddNode("host-1");
  auto set = MakeReplicaSet("web", 1);
  set->spec.min_ready_seconds = 10;
  world.Declare({set});
  world.now.wall.ms -= 3'600'000;
  const Plan plan = world.Take();
  ASSERT_TRUE(plan.wake_at.has_value());
  EXPECT_EQ(*plan.wake_at - world.now.mono, 10'000);
}

TEST(Turn, CreatesAtMostSoManyPodsAndAsksForMore) {
  World world;
  const Plan first = world.Take(world.ChangesFor({MakeReplicaSet("web", kMaxCreatesPerTurn + 7)}));
  EXPECT_TRUE(first.more);
  EXPECT_EQ(world.Pods().size(), static_cast<size_t>(kMaxCreatesPerTurn));
  const Plan second = world.Take();
  EXPECT_FALSE(second.more);
  EXPECT_EQ(world.Pods().size(), static_cast<size_t>(kMaxCreatesPerTurn) + 7);
  EXPECT_TRUE(world.Take().transaction.empty());
}

TEST(Turn, RemovesAtMostSoManyPodsAndAsksForMore) {
  World world;
  for (int turn = 0; turn < 2; ++turn) {
    world.Take(world.ChangesFor({MakeReplicaSet("web", kMaxDeletesPerTurn + 7)}));
  }
  const Plan first = world.Take(world.ChangesFor({MakeReplicaSet("web", 0)}));
  EXPECT_TRUE(first.more);
  EXPECT_EQ(world.Pods().size(), 7u);
  const Plan second = world.Take();
  EXPECT_FALSE(second.more);
  EXPECT_TRUE(world.Pods().empty());
  EXPECT_TRUE(world.Take().transaction.empty());
}

TEST(Turn, AGraceBeyondAllBoundsEndsAtAMomentThatCanBeStored) {
  World world;
  world.AddNode("host-1");
  auto pod = MakePod("job");
  pod->spec.termination_grace_period_seconds = INT64_MAX;
  world.Declare({pod, MakeConfigMap("a")});
  world.Take(world.ChangesFor({MakeConfigMap("a")}));
  const auto going = world.state.Find<Pod>("default", "job");
  ASSERT_TRUE(going->metadata.deletion_timestamp.has_value());
  EXPECT_EQ(going->metadata.deletion_grace_period_seconds, kMaxGracePeriodSeconds);
  EXPECT_EQ(*ParseRfc3339(FormatRfc3339(*going->metadata.deletion_timestamp)),
            *going->metadata.deletion_timestamp);
}

TEST(Turn, WithoutAClusterObjectUidsAreStillDerived) {
  World world;
  world.state.Delete({Kind::kCluster, "", "cluster"});
  world.AddNode("host-1");
  world.Declare({MakeReplicaSet("web", 2)});
  EXPECT_EQ(world.Pods().size(), 2u);
  EXPECT_FALSE(world.Pods().at(0)->metadata.uid.empty());
}

TEST(Turn, AnObjectDeclaredAgainIsAnotherObject) {
  World world;
  world.Declare({MakeConfigMap("settings"), MakeConfigMap("other")});
  const std::string uid = world.state.Find<ConfigMap>("default", "settings")->metadata.uid;
  world.Declare({MakeConfigMap("other")});
  EXPECT_EQ(world.state.Find<ConfigMap>("default", "settings"), nullptr);
  world.Declare({MakeConfigMap("settings"), MakeConfigMap("other")});
  EXPECT_NE(world.state.Find<ConfigMap>("default", "settings")->metadata.uid, uid);
}

}  // namespace
}  // namespace reconcile
