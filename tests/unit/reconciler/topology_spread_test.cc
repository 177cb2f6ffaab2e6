#include <gtest/gtest.h>

#include "reconciler/scheduler/scheduler.h"
#include "reconciler/scheduler/spread_rules.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

// Hosts a1, a2 in zone a, b1 in zone b.
World TwoZones() {
  World world;
  for (const std::string name : {"a1", "a2", "b1"}) {
    world.AddNode(name);
    world.Edit<Node>("", name,
                     [&](Node* node) { node->metadata.labels["zone"] = name.substr(0, 1); });
  }
  return world;
}

// A pod app=web that is spread over zones with other such pods; `more` are further fields.
std::shared_ptr<Pod> SpreadPod(const std::string& name, const std::string& more = "",
                               const std::string& when = "DoNotSchedule") {
  auto pod = MakePod(name);
  pod->metadata.uid = "uid-" + name;
  pod->metadata.labels = {{"app", "web"}};
  pod->metadata.creation_timestamp = WallTime{1};
  pod->spec.others.Set(
      "topologySpreadConstraints",
      *ParseJson(R"([{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":")" + when +
                 R"(","labelSelector":{"matchLabels":{"app":"web"}})" + more + "}]"));
  return pod;
}

std::map<std::string, int> Zones(const std::vector<Binding>& bindings) {
  std::map<std::string, int> zones;
  for (const Binding& binding : bindings) ++zones[binding.node.substr(0, 1)];
  return zones;
}

std::vector<std::shared_ptr<const Pod>> Several(int count, const std::string& more = "",
                                                const std::string& when = "DoNotSchedule") {
  std::vector<std::shared_ptr<const Pod>> pods;
  for (int i = 0; i < count; ++i) pods.push_back(SpreadPod("web-" + std::to_string(i), more, when));
  return pods;
}

void PutSpread(World* world, const std::string& node, const std::string& name) {
  auto pod = SpreadPod(name);
  pod->spec.node_name = node;
  world->state.Put(pod);
}

TEST(TopologySpreadFilter, PodsGoEvenlyOverDomainsThatDifferInSize) {
  const World world = TwoZones();
  EXPECT_EQ(Zones(Place(Several(8), world.state)),
            (std::map<std::string, int>{{"a", 4}, {"b", 4}}));
}

TEST(TopologySpreadFilter, SaysForEachHostHowManyPodsAreTogether) {
  World world = TwoZones();
  world.AddNode("c1");
  world.Edit<Node>("", "b1", [](Node* node) { node->spec.unschedulable = true; });
  PutSpread(&world, "a1", "web-0");
  const Binding binding = Place({SpreadPod("web-1")}, world.state).at(0);
  const std::string words = "node(s) didn't match pod topology spread constraints";
  const std::string many = words + ": zone=a has 1 of these pods, the fewest are 0, maxSkew 1; ";
  EXPECT_EQ(binding.explanation, "0/4 nodes are available: 1 " + words +
                                     " (missing required label), 1 node(s) were unschedulable, 2 " +
                                     words + ". a1: " + many + "a2: " + many +
                                     "b1: unschedulable; c1: " + words +
                                     " (missing required label): no label zone");
  EXPECT_EQ(binding.refusal, "0/4 nodes are available: " + words + ", " + words +
                                 " (missing required label), node(s) were unschedulable");
}

TEST(TopologySpreadFilter, OnlyActivePodsOfTheNamespaceThatAreSelectedCount) {
  World world = TwoZones();
  world.Edit<Node>("", "b1", [](Node* node) { node->spec.unschedulable = true; });
  const auto put = [&](const std::string& name, const std::function<void(Pod*)>& edit) {
    auto pod = SpreadPod(name);
    pod->spec.node_name = "a1";
    edit(pod.get());
    world.state.Put(pod);
  };
  put("going", [](Pod* pod) { pod->metadata.deletion_timestamp = WallTime{1}; });
  put("over", [](Pod* pod) { pod->status.phase = PodPhase::kSucceeded; });
  put("other", [](Pod* pod) { pod->metadata.labels["app"] = "other"; });
  put("elsewhere", [](Pod* pod) { pod->metadata.namespace_name = "elsewhere"; });
  EXPECT_NE(Place({SpreadPod("web-1")}, world.state).at(0).node, "");
  PutSpread(&world, "a1", "web-0");
  EXPECT_EQ(Place({SpreadPod("web-1")}, world.state).at(0).node, "");
}

TEST(TopologySpreadFilter, APodThatIsNotSelectedDoesNotCountItself) {
  World world = TwoZones();
  world.Edit<Node>("", "b1", [](Node* node) { node->spec.unschedulable = true; });
  PutSpread(&world, "a1", "web-0");
  auto pod = SpreadPod("web-1");
  pod->metadata.labels = {{"app", "other"}};
  EXPECT_NE(Place({pod}, world.state).at(0).node, "");
}

TEST(TopologySpreadFilter, FewerDomainsThanAskedForAreAsIfOneWereEmpty) {
  const World world = TwoZones();
  const auto bindings = Place(Several(3, R"(,"minDomains":3)"), world.state);
  EXPECT_EQ(Zones(bindings), (std::map<std::string, int>{{"a", 1}, {"b", 1}, {"", 1}}));
}

TEST(TopologySpreadFilter, NodesThatThePodMayNotGoToAreLeftOutUnlessAskedFor) {
  const World world = TwoZones();
  const auto in_a = [](const std::string& name, const std::string& more) {
    auto pod = SpreadPod(name, more);
    pod->spec.node_selector["zone"] = "a";
    return pod;
  };
  const auto honoured = Place({in_a("web-0", ""), in_a("web-1", "")}, world.state);
  EXPECT_EQ(Zones(honoured), (std::map<std::string, int>{{"a", 2}}));
  const std::string ignore = R"(,"nodeAffinityPolicy":"Ignore")";
  const auto ignored = Place({in_a("web-0", ignore), in_a("web-1", ignore)}, world.state);
  EXPECT_EQ(Zones(ignored), (std::map<std::string, int>{{"a", 1}, {"", 1}}));
}

TEST(TopologySpreadFilter, MatchLabelKeysCountEachVersionByItself) {
  World world = TwoZones();
  for (const std::string name : {"old-0", "old-1", "old-2"}) PutSpread(&world, "a1", name);
  std::vector<std::shared_ptr<const Pod>> pods;
  for (int i = 0; i < 2; ++i) {
    auto pod = SpreadPod("new-" + std::to_string(i), R"(,"matchLabelKeys":["version"])");
    pod->metadata.labels["version"] = "2";
    pods.push_back(pod);
  }
  EXPECT_EQ(Zones(Place(pods, world.state)), (std::map<std::string, int>{{"a", 1}, {"b", 1}}));
}

TEST(TopologySpreadFilter, ARevokedNodeIsNoDomain) {
  World world = TwoZones();
  PutSpread(&world, "a1", "web-0");
  world.Edit<Node>("", "b1", [](Node* node) {
    node->status.conditions = {
        {.type = "Ready", .status = ConditionStatus::kFalse, .reason = std::string(kNodeRevoked)}};
  });
  EXPECT_NE(Place({SpreadPod("web-1")}, world.state).at(0).node, "");
}

TEST(TopologySpreadFilter, WhatALaterPlacementMadeFitIsPlacedByTheNextCall) {
  World world = TwoZones();
  PutSpread(&world, "a1", "web-0");
  auto first = SpreadPod("web-1");
  first->spec.node_selector["zone"] = "a";
  first->spec.others.Set("topologySpreadConstraints", [&] {
    Value constraints = *first->spec.others.Find("topologySpreadConstraints");
    constraints.AsList()[0].Set("nodeAffinityPolicy", Value::String("Ignore"));
    return constraints;
  }());
  auto second = SpreadPod("web-2");
  second->metadata.creation_timestamp = WallTime{2};
  const auto bindings = Place({first, second}, world.state);
  EXPECT_EQ(bindings[0].node, "");
  EXPECT_NE(bindings[0].explanation.find("a1: fits since other pods were placed"),
            std::string::npos)
      << bindings[0].explanation;
  EXPECT_EQ(bindings[1].node, "b1");
}

TEST(TopologySpreadScore, PodsGoRatherWhereFewerAreAndAnywhereIfNeedBe) {
  World world = TwoZones();
  EXPECT_EQ(Zones(Place(Several(8, "", "ScheduleAnyway"), world.state)),
            (std::map<std::string, int>{{"a", 4}, {"b", 4}}));
  world.Edit<Node>("", "b1", [](Node* node) { node->spec.unschedulable = true; });
  EXPECT_EQ(Zones(Place(Several(3, "", "ScheduleAnyway"), world.state)),
            (std::map<std::string, int>{{"a", 3}}));
}

TEST(TopologySpreadScore, ANodeWithoutTheLabelIsTheLastChoice) {
  World world = TwoZones();
  world.AddNode("c1");
  EXPECT_EQ(Zones(Place(Several(4, "", "ScheduleAnyway"), world.state)),
            (std::map<std::string, int>{{"a", 2}, {"b", 2}}));
}

TEST(TopologySpread, ADeploymentSettlesAsItsConstraintSays) {
  World world = TwoZones();
  auto deployment = MakeDeployment("web", 6);
  deployment->spec.pod_template.spec.others = SpreadPod("web")->spec.others;
  world.Declare({deployment});
  EXPECT_EQ(world.Spread()["b1"], 3);
}

}  // namespace
}  // namespace reconcile
