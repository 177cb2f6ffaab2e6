#include <gtest/gtest.h>

#include "reconciler/scheduler/affinity_rules.h"
#include "reconciler/scheduler/scheduler.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

// Hosts a1, a2 in zone a, b1 in zone b, and lone without a zone.
World ZonesAndALoneHost() {
  World world;
  for (const std::string name : {"a1", "a2", "b1", "lone"}) {
    world.AddNode(name);
    if (name == "lone") continue;
    world.Edit<Node>("", name,
                     [&](Node* node) { node->metadata.labels["zone"] = name.substr(0, 1); });
  }
  return world;
}

std::shared_ptr<Pod> PodOf(const std::string& name, const std::string& app) {
  auto pod = MakePod(name);
  pod->metadata.uid = "uid-" + name;
  pod->metadata.labels = {{"app", app}};
  pod->metadata.creation_timestamp = WallTime{1};
  return pod;
}

std::string TermFor(const std::string& app, const std::string& more = "") {
  return R"({"topologyKey":"zone","labelSelector":{"matchLabels":{"app":")" + app + R"("}})" +
         more + "}";
}

// `kind` is podAffinity or podAntiAffinity.
std::shared_ptr<Pod> RequiringPods(std::shared_ptr<Pod> pod, const std::string& kind,
                                   const std::string& term) {
  pod->spec.others.Set(
      "affinity",
      *ParseJson("{\"" + kind + R"(":{"requiredDuringSchedulingIgnoredDuringExecution":[)" + term +
                 "]}}"));
  return pod;
}

std::shared_ptr<Pod> PreferringPods(std::shared_ptr<Pod> pod, const std::string& kind,
                                    const std::string& term) {
  pod->spec.others.Set(
      "affinity",
      *ParseJson("{\"" + kind + R"(":{"preferredDuringSchedulingIgnoredDuringExecution":[)" +
                 R"({"weight":100,"podAffinityTerm":)" + term + "}]}}"));
  return pod;
}

void BindTo(World* world, const std::string& node, std::shared_ptr<Pod> pod) {
  pod->spec.node_name = node;
  world->state.Put(pod);
}

Binding PlaceAmong(const World& world, const std::shared_ptr<Pod>& pod) {
  return Place({pod}, world.state).at(0);
}

TEST(PodAffinityFilter, APodGoesToTheDomainOfThoseThatItRequires) {
  World world = ZonesAndALoneHost();
  BindTo(&world, "b1", PodOf("db", "db"));
  const auto pod = RequiringPods(PodOf("web", "web"), "podAffinity", TermFor("db"));
  EXPECT_EQ(PlaceAmong(world, pod).node, "b1");
}

TEST(PodAffinityFilter, SaysForEachHostWhatIsMissing) {
  const World world = ZonesAndALoneHost();
  const auto pod = RequiringPods(PodOf("web", "web"), "podAffinity", TermFor("db"));
  const Binding binding = PlaceAmong(world, pod);
  const std::string words = "node(s) didn't match pod affinity rules: ";
  EXPECT_EQ(binding.explanation,
            "0/4 nodes are available: 4 node(s) didn't match pod affinity rules. a1: " + words +
                "zone=a has none of app=db; a2: " + words + "zone=a has none of app=db; b1: " +
                words + "zone=b has none of app=db; lone: " + words + "no label zone");
  EXPECT_EQ(binding.refusal, "0/4 nodes are available: node(s) didn't match pod affinity rules");
}

TEST(PodAffinityFilter, TheFirstOfPodsThatBelongTogetherGoesAnywhereWithTheLabel) {
  const World world = ZonesAndALoneHost();
  std::vector<std::shared_ptr<const Pod>> pods;
  for (int i = 0; i < 6; ++i) {
    pods.push_back(
        RequiringPods(PodOf("web-" + std::to_string(i), "web"), "podAffinity", TermFor("web")));
  }
  std::set<std::string> zones;
  for (const Binding& binding : Place(pods, world.state)) zones.insert(binding.node.substr(0, 1));
  EXPECT_EQ(zones.size(), 1u);
  EXPECT_NE(*zones.begin(), "");
  EXPECT_NE(*zones.begin(), "l");
}

TEST(PodAffinityFilter, OnlyPodsOfTheNamedNamespacesAreMeant) {
  World world = ZonesAndALoneHost();
  auto elsewhere = PodOf("db", "db");
  elsewhere->metadata.namespace_name = "elsewhere";
  BindTo(&world, "b1", elsewhere);
  auto space = std::make_shared<Namespace>(*MakeNamespace("elsewhere"));
  space->metadata.labels["team"] = "data";
  world.state.Put(space);
  const auto where = [&](const std::string& more) {
    return PlaceAmong(world, RequiringPods(PodOf("web", "web"), "podAffinity", TermFor("db", more)))
        .node;
  };
  EXPECT_EQ(where(""), "");
  EXPECT_EQ(where(R"(,"namespaces":["elsewhere"])"), "b1");
  EXPECT_EQ(where(R"(,"namespaceSelector":{"matchLabels":{"team":"data"}})"), "b1");
  EXPECT_EQ(where(R"(,"namespaceSelector":{"matchLabels":{"team":"other"}})"), "");
  EXPECT_EQ(where(R"(,"namespaceSelector":{})"), "b1");
}

TEST(PodAntiAffinityFilter, PodsThatKeepApartGoToDifferentDomains) {
  const World world = ZonesAndALoneHost();
  std::vector<std::shared_ptr<const Pod>> pods;
  for (int i = 0; i < 4; ++i) {
    auto pod =
        RequiringPods(PodOf("web-" + std::to_string(i), "web"), "podAntiAffinity", TermFor("web"));
    pods.push_back(pod);
  }
  std::map<std::string, int> zones;
  for (const Binding& binding : Place(pods, world.state)) ++zones[binding.node.substr(0, 1)];
  // A host without the label is in no domain: it takes any number.
  EXPECT_LE(zones["a"], 1);
  EXPECT_LE(zones["b"], 1);
  EXPECT_EQ(zones[""], 0);
}

TEST(PodAntiAffinityFilter, HoldsForThoseThatComeLaterToo) {
  World world = ZonesAndALoneHost();
  world.state.Delete({Kind::kNode, "", "lone"});
  BindTo(&world, "a1", RequiringPods(PodOf("alone", "alone"), "podAntiAffinity", TermFor("web")));
  EXPECT_EQ(PlaceAmong(world, PodOf("web", "web")).node, "b1");
  world.Edit<Node>("", "b1", [](Node* node) { node->spec.unschedulable = true; });
  const Binding binding = PlaceAmong(world, PodOf("web", "web"));
  const std::string words = "node(s) didn't satisfy existing pods anti-affinity rules";
  EXPECT_EQ(binding.explanation, "0/3 nodes are available: 1 node(s) were unschedulable, 2 " +
                                     words + ". a1: " + words +
                                     ": those of zone=a keep it away; a2: " + words +
                                     ": those of zone=a keep it away; b1: unschedulable");
  EXPECT_NE(PlaceAmong(world, PodOf("other", "other")).node, "");
}

TEST(PodAntiAffinityFilter, APodThatIsGoingStillKeepsOthersAwayAndOneThatIsOverDoesNot) {
  World world = ZonesAndALoneHost();
  for (const char* name : {"b1", "lone"}) world.state.Delete({Kind::kNode, "", name});
  const auto pod = RequiringPods(PodOf("web", "web"), "podAntiAffinity", TermFor("db"));
  auto going = PodOf("db", "db");
  going->metadata.deletion_timestamp = WallTime{1};
  BindTo(&world, "a1", going);
  const std::string words = "node(s) didn't match pod anti-affinity rules: zone=a has 1 of app=db";
  EXPECT_EQ(PlaceAmong(world, pod).explanation,
            "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules. a1: " +
                words + "; a2: " + words);
  auto over = PodOf("db", "db");
  over->status.phase = PodPhase::kSucceeded;
  BindTo(&world, "a1", over);
  EXPECT_NE(PlaceAmong(world, pod).node, "");
}

TEST(PodAntiAffinityFilter, WhatWasPlacedInTheSameCallIsKeptAwayFromOnce) {
  World world = ZonesAndALoneHost();
  world.state.Delete({Kind::kNode, "", "lone"});
  auto first = RequiringPods(PodOf("alone", "alone"), "podAntiAffinity", TermFor("web"));
  auto second = PodOf("web", "web");
  second->metadata.creation_timestamp = WallTime{2};
  const auto bindings = Place({second, first}, world.state);
  EXPECT_EQ(bindings[0].pod->metadata.name, "alone");
  EXPECT_NE(bindings[0].node.substr(0, 1), bindings[1].node.substr(0, 1));
}

TEST(PodAffinityScore, PodsGoRatherToThoseTheyPrefer) {
  World world = ZonesAndALoneHost();
  BindTo(&world, "b1", PodOf("db", "db"));
  EXPECT_EQ(
      PlaceAmong(world, PreferringPods(PodOf("web", "web"), "podAffinity", TermFor("db"))).node,
      "b1");
  BindTo(&world, "lone", PodOf("db-2", "db"));
  for (int i = 0; i < 8; ++i) {
    const auto pod =
        PreferringPods(PodOf("far-" + std::to_string(i), "far"), "podAntiAffinity", TermFor("db"));
    EXPECT_NE(PlaceAmong(world, pod).node, "b1");
  }
}

TEST(PodAffinityScore, WhatOthersPreferCountsForTheNewPod) {
  World world = ZonesAndALoneHost();
  BindTo(&world, "b1", PreferringPods(PodOf("db", "db"), "podAffinity", TermFor("web")));
  EXPECT_EQ(PlaceAmong(world, PodOf("web", "web")).node, "b1");
}

}  // namespace
}  // namespace reconcile
