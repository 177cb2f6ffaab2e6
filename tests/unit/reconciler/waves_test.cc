#include "reconciler/waves.h"

#include <gtest/gtest.h>

#include "reconciler/declared.h"
#include "reconciler/desired_memory.h"
#include "reconciler/preview.h"
#include "schema/sync_wave.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

template <typename T>
std::shared_ptr<T> InWave(std::shared_ptr<T> object, int wave) {
  object->metadata.annotations[std::string(kSyncWave)] = std::to_string(wave);
  return object;
}

std::vector<std::string> TextsOf(const Plan& plan) {
  std::vector<std::string> texts;
  for (const WaveWait& wait : plan.waits) texts.push_back(wait.source + ": " + wait.text);
  return texts;
}

using Texts = std::vector<std::string>;

class WavesTest : public testing::Test {
 protected:
  WavesTest() { world_.AddNode("host-1"); }
  // One turn; hosts do nothing.
  Texts Take(const std::vector<ObjectPtr>& commit) {
    return TextsOf(world_.Take(world_.ChangesFor(commit)));
  }
  bool Has(Kind kind, const std::string& name) const {
    return world_.state.Find({kind, "default", name}) != nullptr;
  }
  std::string Value(const std::string& map) const {
    return world_.state.Find<ConfigMap>("default", map)->data.at("key");
  }

  World world_;
};

// ---- Waves ----

TEST(Wave, IsAnIntegerAsArgoCdReadsIt) {
  EXPECT_EQ(ParseWave("2"), 2);
  EXPECT_EQ(ParseWave("-10"), -10);
  EXPECT_EQ(ParseWave("+3"), 3);
  for (const char* wrong : {"", "two", "1.5", " 1", "1 ", "0x1", "+-1", "--1", "99999999999"}) {
    EXPECT_EQ(ParseWave(wrong), std::nullopt) << wrong;
  }
}

TEST_F(WavesTest, AWaveWaitsForTheHealthOfTheOneBefore) {
  const std::vector<ObjectPtr> commit = {InWave(MakeDeployment("db", 1), 1),
                                         InWave(MakeConfigMap("words"), 2),
                                         InWave(MakeDeployment("web", 2), 2)};
  const Texts waits = {
      "main: wave 2 waits for Deployment default/db of wave 1: 0 of 1 pods are ready"};
  EXPECT_EQ(Take(commit), waits);
  EXPECT_TRUE(Has(Kind::kDeployment, "db"));
  EXPECT_FALSE(Has(Kind::kConfigMap, "words"));
  EXPECT_FALSE(Has(Kind::kDeployment, "web"));
  EXPECT_EQ(Take(commit), waits) << "it rests on the model alone";
  world_.Obey();
  EXPECT_EQ(Take(commit), Texts());
  EXPECT_TRUE(Has(Kind::kConfigMap, "words"));
  EXPECT_TRUE(Has(Kind::kDeployment, "web"));
}

// A model that was recovered: what Git declares runs already, whatever is healthy.
TEST_F(WavesTest, IgnoredTheyDeclareAllAtOnceAndTakeNothingAway) {
  Take({InWave(MakeConfigMap("old"), 1), InWave(MakeConfigMap("first"), 0)});
  ASSERT_TRUE(Has(Kind::kConfigMap, "old"));
  const ObjectChanges changes =
      world_.ChangesFor({InWave(MakeDeployment("db", 1), 1), InWave(MakeConfigMap("words"), 2)});
  const Plan plan = Reconcile(world_.state, changes, world_.now, nullptr, WaveRule::kIgnore);
  const ClusterState after = Apply(world_.state, plan.transaction);
  EXPECT_TRUE(plan.waits.empty());
  EXPECT_NE(after.Find<Deployment>("default", "db"), nullptr);
  EXPECT_NE(after.Find<ConfigMap>("default", "words"), nullptr);
  EXPECT_NE(after.Find<ConfigMap>("default", "old"), nullptr) << "goes in the next turn";
}

TEST_F(WavesTest, WhatNeedsNoTimeIsAppliedInOneTurn) {
  const auto web = InWave(MakeDeployment("web", 1), 7);
  EXPECT_EQ(Take({InWave(MakeConfigMap("first"), -3), MakeConfigMap("second"), web}), Texts());
  EXPECT_TRUE(Has(Kind::kDeployment, "web"));
}

TEST_F(WavesTest, NegativeWavesComeBeforeThoseWithoutOne) {
  EXPECT_EQ(Take({InWave(MakePod("migrate"), -1), MakeConfigMap("words")}),
            Texts{"main: wave 0 waits for Pod default/migrate of wave -1: starting on host-1"});
  EXPECT_FALSE(Has(Kind::kConfigMap, "words"));
  // A Pod that has done its work is as good as one that is ready.
  world_.Edit<Pod>("default", "migrate",
                   [](Pod* pod) { pod->status.phase = PodPhase::kSucceeded; });
  EXPECT_EQ(Take({InWave(MakePod("migrate"), -1), MakeConfigMap("words")}), Texts());
  EXPECT_TRUE(Has(Kind::kConfigMap, "words"));
}

TEST_F(WavesTest, AnUnchangedObjectOfALowerWaveHoldsChangesBackToo) {
  const auto db = InWave(MakeDeployment("db", 2), 1);
  world_.Declare({db, InWave(MakeConfigMap("words", "one"), 2)});
  for (const auto& pod : world_.Pods()) world_.SetReady(*pod, false);
  world_.Take();
  const std::vector<ObjectPtr> next = {db, InWave(MakeConfigMap("words", "two"), 2)};
  EXPECT_EQ(Take(next),
            Texts{"main: wave 2 waits for Deployment default/db of wave 1: 0 of 2 pods are ready"});
  EXPECT_EQ(Value("words"), "one");
  world_.Obey();
  EXPECT_EQ(Take(next), Texts());
  EXPECT_EQ(Value("words"), "two");
}

TEST_F(WavesTest, WhatIsNotHealthyHoldsNothingBackThatIsAsDeclared) {
  const std::vector<ObjectPtr> commit = {InWave(MakeDeployment("db", 1), 1),
                                         InWave(MakeConfigMap("words"), 2)};
  world_.Declare(commit);
  world_.SetReady(*world_.Pods()[0], false);
  EXPECT_EQ(Take(commit), Texts());
}

TEST_F(WavesTest, ARolloutIsWaitedFor) {
  const auto commit = [](const std::string& image, const std::string& words) {
    return std::vector<ObjectPtr>{MakeDeployment("db", 1, image),
                                  InWave(MakeConfigMap("words", words), 1)};
  };
  world_.Declare(commit("img:1", "one"));
  EXPECT_EQ(Take(commit("img:2", "two")).size(), 1u);
  EXPECT_EQ(Value("words"), "one");
  world_.Declare(commit("img:2", "two"));
  EXPECT_EQ(Value("words"), "two");
}

TEST_F(WavesTest, ANewerCommitTakesThePlaceOfOneThatWaits) {
  Take({MakeDeployment("db", 1, "img:broken"), InWave(MakeConfigMap("words"), 1)});
  const std::vector<ObjectPtr> next = {MakeDeployment("cache", 1),
                                       InWave(MakeConfigMap("other"), 1),
                                       MakeDeployment("db", 1, "img:2")};
  EXPECT_EQ(Take(next), Texts{"main: wave 1 waits for Deployment default/cache of wave 0: 0 of 1 "
                              "pods are ready (and 1 more)"});
  EXPECT_EQ(
      world_.state.Find<Deployment>("default", "db")->spec.pod_template.spec.containers[0].image,
      "img:2");
  world_.Declare(next);
  EXPECT_TRUE(Has(Kind::kConfigMap, "other"));
  EXPECT_FALSE(Has(Kind::kConfigMap, "words")) << "only the first commit declared it";
}

TEST_F(WavesTest, ASourceThatWaitsLetsOthersGoOn) {
  ObjectChanges changes =
      world_.ChangesFor({MakeDeployment("db", 1), InWave(MakeConfigMap("words"), 1)});
  Problems problems;
  const DesiredState second =
      BuildDesired("second", "beef", {InWave(MakeConfigMap("own"), 2)}, world_.state, &problems);
  for (const ObjectChange& change : Diff(second, world_.state)) changes.push_back(change);
  EXPECT_EQ(TextsOf(world_.Take(changes)).size(), 1u);
  EXPECT_TRUE(Has(Kind::kConfigMap, "own"));
  EXPECT_FALSE(Has(Kind::kConfigMap, "words"));
}

TEST_F(WavesTest, WithinAWaveNamespacesAndConfigurationComeFirst) {
  auto deployment = InWave(MakeDeployment("web", 1), 1);
  auto service = InWave(MakeService("web", "web"), 1);
  auto map = InWave(MakeConfigMap("web"), 1);
  for (ObjectMeta* metadata : {&deployment->metadata, &service->metadata, &map->metadata}) {
    metadata->namespace_name = "shop";
  }
  const auto space = InWave(MakeNamespace("shop"), 1);
  EXPECT_EQ(Take({deployment, service, map, space}), Texts());
  EXPECT_NE(world_.state.Find<Deployment>("shop", "web"), nullptr) << "all in one turn";
  const std::vector<ObjectPtr> in_order = {space, map, service, deployment};
  for (size_t i = 1; i < in_order.size(); ++i) {
    const ObjectChange first{.key = in_order[i - 1]->key(), .after = in_order[i - 1]};
    const ObjectChange second{.key = in_order[i]->key(), .after = in_order[i]};
    EXPECT_TRUE(ComesBefore(first, second)) << i;
    EXPECT_FALSE(ComesBefore(second, first)) << i;
    const ObjectChange first_goes{.key = first.key, .before = first.after};
    const ObjectChange second_goes{.key = second.key, .before = second.after};
    EXPECT_TRUE(ComesBefore(second_goes, first_goes)) << i;
    EXPECT_TRUE(ComesBefore(second, first_goes)) << i;
  }
}

TEST_F(WavesTest, AChangeAmongManyKnowsTheUnchangedOnes) {
  const auto db = InWave(MakeDeployment("db", 1), -1);
  const std::vector<ObjectPtr> objects = {db, MakeConfigMap("a"), MakeConfigMap("b")};
  world_.Declare(objects);
  DesiredMemory memory;
  Problems problems;
  const DesiredState first = memory.Build("main", "c1", objects, world_.state, &problems);
  memory.Compare(first, world_.state, {}, &problems);
  const DesiredState same = memory.Build("main", "c2", objects, world_.state, &problems);
  EXPECT_EQ(memory.Compare(same, world_.state, {}, &problems).size(), 0u);
  const DesiredState next = memory.Build(
      "main", "c3", {db, MakeConfigMap("a"), MakeConfigMap("b", "2")}, world_.state, &problems);
  EXPECT_EQ(next.waved, 1);
  EXPECT_EQ(memory.Compare(next, world_.state, {}, &problems).size(), 3u);
  const DesiredState without = memory.Build(
      "main", "c4", {MakeConfigMap("a"), MakeConfigMap("b", "2")}, world_.state, &problems);
  EXPECT_EQ(without.waved, 0);
}

// ---- Deletions ----

TEST_F(WavesTest, DeletionsComeLastAndInReverse) {
  const auto keep = MakeConfigMap("keep");
  world_.Declare({keep, InWave(MakeConfigMap("low"), -1), InWave(MakeDeployment("db", 2), 1),
                  InWave(MakePod("top"), 2)});
  const std::vector<ObjectPtr> next = {keep, InWave(MakeDeployment("new", 1), 1)};
  EXPECT_EQ(
      Take(next),
      Texts{"main: pruning waits for Deployment default/new of wave 1: 0 of 1 pods are ready"});
  EXPECT_FALSE(world_.state.Find<Pod>("default", "top")->metadata.deletion_timestamp);
  world_.Obey();
  EXPECT_EQ(Take(next),
            Texts{"main: pruning of wave 1 waits for Pod default/top of wave 2: being stopped"});
  EXPECT_EQ(world_.state.Find<Deployment>("default", "db")->spec.replicas, 2);
  EXPECT_EQ(Take(next).size(), 1u) << "what goes is known from the model";
  world_.Obey();
  EXPECT_EQ(Take(next),
            Texts{"main: pruning of wave -1 waits for Deployment default/db of wave 1: 2 "
                  "pods of it are still there"});
  EXPECT_TRUE(Has(Kind::kConfigMap, "low"));
  world_.Obey();
  EXPECT_EQ(Take(next), Texts());
  EXPECT_FALSE(Has(Kind::kDeployment, "db"));
  EXPECT_FALSE(Has(Kind::kConfigMap, "low"));
  EXPECT_EQ(world_.SetsOf("db").size(), 0u);
}

TEST_F(WavesTest, ABuiltInNamespaceThatIsDeclaredNoMoreIsLetGo) {
  const auto space = MakeNamespace("default");
  const std::vector<ObjectPtr> waved = {InWave(MakeConfigMap("a"), 1),
                                        InWave(MakeConfigMap("b"), 2)};
  std::vector<ObjectPtr> commit = waved;
  commit.push_back(space);
  world_.Declare(commit);
  ASSERT_EQ(world_.state.Find<Namespace>("", "default")->metadata.origin.source, "main");
  world_.Declare(waved);
  EXPECT_EQ(world_.state.Find<Namespace>("", "default")->metadata.origin.source, "");
}

TEST_F(WavesTest, OfOneWaveAllIsDeletedAtOnce) {
  world_.Declare(
      {MakeConfigMap("keep"), InWave(MakeConfigMap("map"), 3), InWave(MakeDeployment("db", 1), 3)});
  EXPECT_EQ(Take({MakeConfigMap("keep")}), Texts());
  EXPECT_FALSE(Has(Kind::kConfigMap, "map"));
  EXPECT_FALSE(Has(Kind::kDeployment, "db"));
}

TEST_F(WavesTest, WhatIsDeclaredAgainWhileItGoesComesBack) {
  const std::vector<ObjectPtr> all = {MakeConfigMap("low"), InWave(MakeDeployment("db", 2), 1),
                                      InWave(MakeConfigMap("keep"), 2)};
  world_.Declare(all);
  EXPECT_EQ(Take({InWave(MakeConfigMap("keep"), 2)}).size(), 1u);
  EXPECT_EQ(world_.state.Find<Deployment>("default", "db")->spec.replicas, 0);
  world_.Declare(all);
  EXPECT_EQ(world_.state.Find<Deployment>("default", "db")->spec.replicas, 2);
  EXPECT_EQ(world_.ActivePods().size(), 2u);
}

// ---- The plan ----

TEST_F(WavesTest, ThePreviewGoesThroughAllWaves) {
  const Preview preview = PreviewChanges(
      world_.state,
      world_.ChangesFor({InWave(MakeDeployment("db", 1), 1), InWave(MakeDeployment("web", 2), 2)}),
      world_.now);
  EXPECT_EQ(preview.pods.size(), 3u);
  EXPECT_EQ(preview.note, "");
}

TEST_F(WavesTest, ThePreviewSaysWhereItsHostsCannotHelp) {
  auto db = InWave(MakeDeployment("db", 1), 1);
  Request(&db->spec.pod_template.spec, "64", "1Gi");
  const Preview preview = PreviewChanges(
      world_.state, world_.ChangesFor({db, InWave(MakeDeployment("web", 2), 2)}), world_.now);
  EXPECT_EQ(preview.pods.size(), 1u);
  EXPECT_EQ(preview.note,
            "wave 2 waits for Deployment default/db of wave 1: 0 of 1 pods are ready: what comes "
            "after that is not shown");
}

// ---- Flux's annotations ----

template <typename T>
std::shared_ptr<T> Annotated(std::shared_ptr<T> object, const std::string& name,
                             const std::string& value) {
  object->metadata.annotations["kustomize.toolkit.fluxcd.io/" + name] = value;
  return object;
}

TEST_F(WavesTest, ReconcileDisabledKeepsAnObjectAsItIs) {
  const auto keep = MakeConfigMap("keep");
  world_.Declare({keep, MakeConfigMap("words", "one")});
  const auto frozen = Annotated(MakeConfigMap("words", "two"), "reconcile", "disabled");
  world_.Declare({keep, frozen});
  EXPECT_EQ(Value("words"), "one");
  const auto held = world_.state.Find<ConfigMap>("default", "words");
  EXPECT_EQ(PruneProtectionOf(held->metadata), "kustomize.toolkit.fluxcd.io/reconcile: disabled");
  Problems problems;
  const DesiredState desired = BuildDesired("main", "c", {frozen}, world_.state, &problems);
  EXPECT_EQ(KeptFromChanging(desired, world_.state).size(), 1u);
  world_.Declare({keep});
  EXPECT_EQ(Value("words"), "one") << "nor is it pruned";
  world_.Declare({keep, MakeConfigMap("words", "three")});
  EXPECT_EQ(Value("words"), "three");
}

TEST_F(WavesTest, ReconcileDisabledCreatesWhatIsNotThere) {
  world_.Declare({Annotated(MakeConfigMap("words", "one"), "reconcile", "disabled")});
  EXPECT_EQ(Value("words"), "one");
}

TEST_F(WavesTest, IfNotPresentCreatesAndNeverChanges) {
  world_.Declare(
      {MakeConfigMap("keep"), Annotated(MakeConfigMap("words", "one"), "ssa", "IfNotPresent")});
  world_.Declare(
      {MakeConfigMap("keep"), Annotated(MakeConfigMap("words", "two"), "ssa", "IfNotPresent")});
  EXPECT_EQ(Value("words"), "one");
  world_.Declare({MakeConfigMap("keep")});
  EXPECT_FALSE(Has(Kind::kConfigMap, "words"));
}

}  // namespace
}  // namespace reconcile
