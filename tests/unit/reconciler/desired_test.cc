#include "reconciler/desired.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "reconciler/declared.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

Problems Check(const World& world, const std::vector<ObjectPtr>& objects,
               const std::string& source = "main") {
  Problems problems;
  BuildDesired(source, "c0ffee", objects, world.state, &problems);
  return problems;
}

std::string OnlyError(const Problems& problems) {
  EXPECT_EQ(problems.errors.size(), 1u);
  return problems.errors.empty() ? "" : problems.errors[0].ToString();
}

std::string OnlyWarning(const Problems& problems) {
  EXPECT_TRUE(problems.errors.empty());
  EXPECT_EQ(problems.warnings.size(), 1u);
  return problems.warnings.empty() ? "" : problems.warnings[0].ToString();
}

TEST(BuildDesired, SetsTheSourceOnEveryObject) {
  Problems problems;
  const DesiredState desired = BuildDesired(
      "main", "c0ffee", {MakeDeployment("web", 1), MakeConfigMap("a")}, ClusterState(), &problems);
  EXPECT_TRUE(problems.errors.empty());
  EXPECT_EQ(desired.source, "main");
  EXPECT_EQ(desired.commit, "c0ffee");
  ASSERT_EQ(desired.objects.size(), 2u);
  for (const auto& [key, object] : desired.objects) {
    EXPECT_EQ(object->metadata.origin.source, "main");
    EXPECT_EQ(object->metadata.origin.line, 1);
  }
}

TEST(BuildDesired, AnObjectThatTakesMoreThanTheLimitAsStoredIsAnError) {
  // A control character takes six bytes in JSON.
  auto map = MakeConfigMap("a");
  map->data["key"] = std::string(kMaxDeclaredObjectBytes / 6, '\x7f');
  const std::string error = OnlyError(Check(World(), {map}));
  EXPECT_TRUE(error.starts_with("a.yaml:1:1: ConfigMap default/a: takes 41")) << error;
  EXPECT_NE(error.find("more than the 4194304 that an object may have"), std::string::npos);
  map->data["key"] = std::string(kMaxDeclaredObjectBytes / 7, '\x7f');
  EXPECT_TRUE(Check(World(), {map}).errors.empty());
}

TEST(BuildDesired, ANamespaceThatIsNowhereIsAnError) {
  auto map = MakeConfigMap("a");
  map->metadata.namespace_name = "shop";
  EXPECT_EQ(
      OnlyError(Check(World(), {map})),
      "a.yaml:1:1: there is no namespace \"shop\", and ConfigMap shop/a is to be in it: add a "
      "manifest of kind Namespace with that name, or use another namespace");
  EXPECT_TRUE(Check(World(), {map, MakeNamespace("shop")}).errors.empty());
}

TEST(BuildDesired, ANamespaceThatTheCommitRemovesIsNotThere) {
  World world;
  auto map = MakeConfigMap("a");
  map->metadata.namespace_name = "shop";
  world.Declare({map, MakeNamespace("shop")});
  EXPECT_FALSE(Check(world, {map}).errors.empty());
  EXPECT_NE(OnlyError(Check(world, {map}, "second")).find("source 'main'"), std::string::npos);
}

TEST(BuildDesired, BuiltInNamespacesAreAlwaysThere) {
  for (const char* name : {"default", "kube-system", "kube-public"}) {
    auto map = MakeConfigMap("a");
    map->metadata.namespace_name = name;
    EXPECT_TRUE(Check(World(), {map}).errors.empty()) << name;
  }
}

TEST(BuildDesired, TheSameObjectTwiceIsAnErrorThatNamesBothPlaces) {
  auto again = MakeConfigMap("a");
  again->metadata.origin = {.file = "z.yaml", .line = 7};
  EXPECT_EQ(OnlyError(Check(World(), {again, MakeConfigMap("a")})),
            "z.yaml:7:1: ConfigMap default/a: declared twice; the other one is at a.yaml:1");
}

TEST(BuildDesired, LeavesOutWhatOnlyTheControllerWrites) {
  auto deployment = MakeDeployment("web", 1);
  deployment->metadata.annotations = {{"deployment.kubernetes.io/revision", "7"},
                                      {"kubectl.kubernetes.io/last-applied-configuration", "{}"},
                                      {"team", "a"}};
  auto space = MakeNamespace("shop");
  space->metadata.labels["kubernetes.io/metadata.name"] = "store";
  Problems problems;
  const DesiredState desired =
      BuildDesired("main", "c0ffee", {deployment, space}, World().state, &problems);
  EXPECT_TRUE(problems.errors.empty());
  ASSERT_EQ(problems.warnings.size(), 2u);
  EXPECT_EQ(problems.warnings[0].ToString(),
            "shop.yaml:1:1: Namespace shop: label 'kubernetes.io/metadata.name' is the "
            "controller's own; what is declared there is left out");
  EXPECT_EQ(problems.warnings[1].ToString(),
            "web.yaml:1:1: Deployment default/web: annotation "
            "'deployment.kubernetes.io/revision' is the controller's own; what is declared there "
            "is left out");
  EXPECT_EQ(desired.objects.at(deployment->key())->metadata.annotations,
            (StringMap{{"kubectl.kubernetes.io/last-applied-configuration", "{}"}, {"team", "a"}}));
}

TEST(BuildDesired, EveryAnnotationThatTheControllerWritesCanBeDeclaredAndSettles) {
  World world;
  world.AddNode("host-1");
  auto deployment = MakeDeployment("web", 2);
  auto set = MakeReplicaSet("set", 1);
  auto node = MakeNode("host-1", {{"disk", "ssd"}});
  for (const char* key : {"revision", "desired-replicas", "max-replicas"}) {
    deployment->metadata.annotations["deployment.kubernetes.io/" + std::string(key)] = "7";
    set->metadata.annotations["deployment.kubernetes.io/" + std::string(key)] = "7";
  }
  node->metadata.annotations[kDeclaredLabels] = "x";
  node->metadata.annotations[kDeclaredAnnotations] = "y";
  world.Declare({deployment, set, node});
  for (const ObjectChange& change : world.ChangesFor({deployment, set, node})) {
    EXPECT_EQ(change.type, ChangeType::kUnchanged) << ToString(change.key);
  }
}

TEST(BuildDesired, AnObjectHasOneSource) {
  World world;
  world.Declare({MakeConfigMap("a")});
  EXPECT_EQ(OnlyError(Check(world, {MakeConfigMap("a")}, "second")),
            "a.yaml:1:1: ConfigMap default/a: already declared by source 'main' at a.yaml:1; an "
            "object can have one source only");
}

TEST(CheckOwners, AnObjectThatAnotherSourceTakesInTheSameTurnIsAnError) {
  Problems problems;
  const DesiredState desired =
      BuildDesired("second", "c0ffee", {MakeConfigMap("a")}, ClusterState(), &problems);
  const Claims claims = {{{Kind::kConfigMap, "default", "a"}, {"main", "b.yaml", 7}},
                         {{Kind::kConfigMap, "default", "b"}, {"main", "b.yaml", 9}}};
  CheckOwners(desired, ClusterState(), claims, &problems);
  EXPECT_EQ(OnlyError(problems),
            "a.yaml:1:1: ConfigMap default/a: already declared by source 'main' at b.yaml:7; an "
            "object can have one source only");
}

TEST(CheckOwners, AnObjectThatAnotherSourceTookMeanwhileIsAnError) {
  World world;
  Problems problems;
  const DesiredState desired =
      BuildDesired("second", "c0ffee", {MakeConfigMap("a")}, world.state, &problems);
  EXPECT_TRUE(problems.errors.empty());
  world.Declare({MakeConfigMap("a")});
  CheckOwners(desired, world.state, {}, &problems);
  EXPECT_NE(OnlyError(problems).find("source 'main'"), std::string::npos);
}

TEST(BuildDesired, WhatASourceDeclaredThatIsFollowedNoMoreIsTakenOver) {
  World world;
  world.Declare({MakeConfigMap("a")});
  world.state.Delete({Kind::kSource, "", "main"});
  EXPECT_TRUE(Check(world, {MakeConfigMap("a")}, "second").errors.empty());
}

TEST(BuildDesired, WhatAControllerOwnsCannotBeDeclared) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeReplicaSet("web", 1)});
  auto pod = MakePod("web");
  pod->metadata.name = world.Pods()[0]->metadata.name;
  const std::string error = OnlyError(Check(world, {MakeReplicaSet("web", 1), pod}));
  EXPECT_NE(error.find("belongs to ReplicaSet web"), std::string::npos) << error;
}

TEST(BuildDesired, ASelectorCannotChange) {
  World world;
  world.Declare({MakeDeployment("web", 1)});
  auto changed = MakeDeployment("web", 1);
  changed->spec.selector.match_labels["tier"] = "front";
  changed->spec.pod_template.metadata.labels["tier"] = "front";
  const std::string error = OnlyError(Check(world, {changed}));
  EXPECT_NE(error.find("web.yaml:1:1"), std::string::npos) << error;
  EXPECT_NE(error.find("must not change"), std::string::npos) << error;
}

TEST(BuildDesired, ABarePodMayChange) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakePod("job", "img:1")});
  EXPECT_TRUE(Check(world, {MakePod("job", "img:2")}).errors.empty());
}

TEST(BuildDesired, MoreReplicasThanTheLimitAreRefused) {
  EXPECT_TRUE(Check(World(), {MakeDeployment("web", kMaxReplicasPerWorkload)}).errors.empty());
  for (const ObjectPtr& object : {ObjectPtr(MakeDeployment("web", kMaxReplicasPerWorkload + 1)),
                                  ObjectPtr(MakeReplicaSet("web", kMaxReplicasPerWorkload + 1)),
                                  ObjectPtr(MakeController("web", kMaxReplicasPerWorkload + 1))}) {
    EXPECT_NE(OnlyError(Check(World(), {object})).find("spec.replicas 100001 is more than 100000"),
              std::string::npos);
  }
}

TEST(BuildDesired, OurOwnKindsCannotBeDeclared) {
  auto source = std::make_shared<Source>();
  source->metadata.name = "main";
  EXPECT_NE(OnlyError(Check(World(), {source})).find("cannot be declared"), std::string::npos);
}

// ---- References that may come later ----

std::shared_ptr<Deployment> Reading(const std::string& config_map, const std::string& key,
                                    bool optional = false) {
  auto deployment = MakeDeployment("web", 1);
  EnvVar variable;
  variable.name = "COLOUR";
  variable.value_from.emplace();
  variable.value_from->config_map_key_ref = {.name = config_map, .key = key, .optional = optional};
  deployment->spec.pod_template.spec.containers.Edit()[0].env.push_back(variable);
  return deployment;
}

TEST(BuildDesired, AMissingConfigMapIsAWarning) {
  EXPECT_EQ(OnlyWarning(Check(World(), {Reading("settings", "key")})),
            "web.yaml:1:1: Deployment default/web: uses ConfigMap default/settings, which is not "
            "declared: its containers wait until it is");
  EXPECT_TRUE(Check(World(), {Reading("settings", "key", true)}).warnings.empty());
  EXPECT_TRUE(
      Check(World(), {Reading("settings", "key"), MakeConfigMap("settings")}).warnings.empty());
}

TEST(BuildDesired, AMissingKeyIsAWarning) {
  EXPECT_EQ(OnlyWarning(Check(World(), {Reading("settings", "nokey"), MakeConfigMap("settings")})),
            "web.yaml:1:1: Deployment default/web: uses key 'nokey' of ConfigMap "
            "default/settings, which has no such key: its containers wait until it has");
}

TEST(BuildDesired, WhatAnotherSourceDeclaresIsThere) {
  World world;
  world.Declare({MakeConfigMap("settings")});
  EXPECT_TRUE(Check(world, {Reading("settings", "key")}, "second").warnings.empty());
  EXPECT_FALSE(Check(world, {Reading("settings", "key")}, "main").warnings.empty())
      << "this commit removes it";
}

TEST(BuildDesired, EnvFromIsLookedAtToo) {
  auto deployment = MakeDeployment("web", 1);
  EnvFromSource from;
  from.secret_ref = EnvFromRef{.name = "token"};
  deployment->spec.pod_template.spec.containers.Edit()[0].env_from.push_back(from);
  EXPECT_NE(OnlyWarning(Check(World(), {deployment})).find("Secret default/token"),
            std::string::npos);
}

TEST(BuildDesired, AServiceThatSelectsNothingIsAWarning) {
  EXPECT_NE(OnlyWarning(Check(World(), {MakeService("frontend", "web")})).find("selects no pod"),
            std::string::npos);
  EXPECT_TRUE(
      Check(World(), {MakeService("frontend", "web"), MakeController("web", 1)}).warnings.empty());
  World world;
  world.Declare({MakeDeployment("web", 1)});
  EXPECT_TRUE(Check(world, {MakeService("frontend", "web")}, "second").warnings.empty());
}

// ---- Diff ----

std::string Text(const ObjectChanges& changes) {
  std::string text;
  for (const ObjectChange& change : changes) {
    if (change.type == ChangeType::kUnchanged) continue;
    text += std::string(ToString(change.type)) + " " + ToString(change.key);
    for (const FieldChange& field : change.fields) {
      text += " " + field.path + "=" + field.before + "->" + field.after;
    }
    text += "\n";
  }
  return text;
}

TEST(Diff, NamesWhatIsCreatedChangedAndDeleted) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeDeployment("web", 2), MakeConfigMap("old")});
  EXPECT_EQ(Text(world.ChangesFor({MakeDeployment("web", 5), MakeConfigMap("new")})),
            "changed Deployment default/web spec.replicas=2->5\n"
            "created ConfigMap default/new\n"
            "deleted ConfigMap default/old\n");
}

TEST(Diff, WhatControllersAddIsNoDifference) {
  World world;
  world.AddNode("host-1");
  auto space = MakeNamespace("shop");
  space->metadata.labels.clear();
  const std::vector<ObjectPtr> declared = {MakeDeployment("web", 2), MakePod("job"), space,
                                           MakeNode("host-1", {{"disk", "ssd"}})};
  world.Declare(declared);
  EXPECT_EQ(Text(world.ChangesFor(declared)), "");
  EXPECT_TRUE(world.Take(world.ChangesFor(declared)).transaction.empty());
}

TEST(Diff, LeavesOtherSourcesAlone) {
  World world;
  world.Declare({MakeConfigMap("a")});
  Problems problems;
  const DesiredState other = BuildDesired("second", "1", {}, world.state, &problems);
  EXPECT_TRUE(Diff(other, world.state).empty());
}

TEST(Diff, AnObjectThatMovesInItsFileKeepsItsProvenanceWithoutAChange) {
  World world;
  world.Declare({MakeConfigMap("a")});
  auto moved = MakeConfigMap("a");
  moved->metadata.origin = {.file = "b.yaml", .line = 9};
  const ObjectChanges changes = world.ChangesFor({moved});
  EXPECT_EQ(Text(changes), "");
  world.Take(changes);
  const auto map = world.state.Find<ConfigMap>("default", "a");
  EXPECT_EQ(map->metadata.origin.file, "b.yaml");
  EXPECT_EQ(map->metadata.origin.line, 9);
}

TEST(Diff, WhatIsBeingDeletedIsNotDeletedAgain) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakePod("job"), MakeConfigMap("a")});
  world.Take(world.ChangesFor({MakeConfigMap("a")}));
  ASSERT_EQ(world.Pods().size(), 1u);
  EXPECT_EQ(Text(world.ChangesFor({MakeConfigMap("a")})), "");
}

TEST(Diff, WhatIsBeingDeletedAndDeclaredAgainWaits) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakePod("job")});
  const std::string uid = world.Pods()[0]->metadata.uid;
  world.Take(world.ChangesFor({}));
  const ObjectChanges changes = world.ChangesFor({MakePod("job")});
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].type, ChangeType::kChange);
  EXPECT_EQ(changes[0].fields.at(0).path, "metadata.deletionTimestamp");
  world.Declare({MakePod("job")});
  ASSERT_EQ(world.Pods().size(), 1u);
  EXPECT_NE(world.Pods()[0]->metadata.uid, uid);
}

TEST(Diff, ChangesAreSortedByKeyWhateverTheOrderOfInput) {
  World world;
  std::vector<ObjectPtr> objects = {MakeService("s", "x"), MakeConfigMap("b"), MakeConfigMap("a"),
                                    MakeDeployment("d", 1), MakeNamespace("n")};
  const ObjectChanges changes = world.ChangesFor(objects);
  EXPECT_TRUE(std::is_sorted(changes.begin(), changes.end(),
                             [](const auto& a, const auto& b) { return a.key < b.key; }));
  std::reverse(objects.begin(), objects.end());
  EXPECT_EQ(Text(world.ChangesFor(objects)), Text(changes));
}

// The annotations by which people keep things in Argo CD, Flux and Helm.
TEST(Diff, WhatAnAnnotationKeepsIsNotPrunedNorIsItsNamespace) {
  const std::vector<std::pair<std::string, std::string>> annotations = {
      {"argocd.argoproj.io/sync-options", "Validate=false,Prune=false"},
      {"kustomize.toolkit.fluxcd.io/prune", "disabled"},
      {"helm.sh/resource-policy", "keep"}};
  for (const auto& [name, value] : annotations) {
    SCOPED_TRACE(name);
    const auto kept = MakeConfigMap("kept");
    kept->metadata.namespace_name = "shop";
    kept->metadata.annotations[name] = value;
    const auto goes = MakeConfigMap("goes");
    goes->metadata.namespace_name = "shop";
    goes->metadata.annotations[name] = "Prune=true";
    World world;
    world.Declare({MakeNamespace("shop"), kept, goes});
    const ObjectChanges changes = world.ChangesFor({});
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(ToString(changes[0].key), "ConfigMap shop/goes");
    world.Declare({});
    EXPECT_NE(world.state.Find<ConfigMap>("shop", "kept"), nullptr);
    EXPECT_NE(world.state.Find<Namespace>("", "shop"), nullptr);
    DesiredState nothing;
    nothing.source = "main";
    ASSERT_EQ(KeptFromPruning(nothing, world.state).size(), 1U);
  }
}

}  // namespace
}  // namespace reconcile
