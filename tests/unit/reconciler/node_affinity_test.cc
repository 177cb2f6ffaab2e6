#include "reconciler/scheduler/node_affinity.h"

#include <gtest/gtest.h>

#include "reconciler/scheduler/scheduler.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

constexpr const char* kWords = "node(s) didn't match Pod's node affinity/selector";

// A pod whose affinity is this JSON.
std::shared_ptr<Pod> WithAffinity(const std::string& name, const std::string& json) {
  auto pod = MakePod(name);
  pod->metadata.uid = "uid-" + name;
  pod->spec.others.Set("affinity", *ParseJson(json));
  return pod;
}

std::shared_ptr<Pod> Requiring(const std::string& name, const std::string& terms) {
  return WithAffinity(name, R"({"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":)"
                            R"({"nodeSelectorTerms":[)" +
                                terms + "]}}}");
}

std::string Term(const std::string& key, const std::string& values) {
  return R"({"matchExpressions":[{"key":")" + key + R"(","operator":"In","values":[)" + values +
         "]}]}";
}

std::string Preference(int weight, const std::string& key, const std::string& values) {
  return R"({"weight":)" + std::to_string(weight) + R"(,"preference":)" + Term(key, values) + "}";
}

std::shared_ptr<Pod> Preferring(const std::string& name, const std::string& preferences) {
  return WithAffinity(name,
                      R"({"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[)" +
                          preferences + "]}}");
}

Binding PlaceOne(const World& world, const std::shared_ptr<Pod>& pod) {
  return Place({pod}, world.state).at(0);
}

// host-1 has an ssd, host-2 an hdd, host-3 nothing that is known.
World ThreeHosts() {
  World world;
  for (const char* name : {"host-1", "host-2", "host-3"}) world.AddNode(name);
  world.Edit<Node>("", "host-1", [](Node* node) { node->metadata.labels["disk"] = "ssd"; });
  world.Edit<Node>("", "host-2", [](Node* node) { node->metadata.labels["disk"] = "hdd"; });
  return world;
}

TEST(NodeAffinityFilter, APodGoesOnlyWhereATermHolds) {
  const World world = ThreeHosts();
  EXPECT_EQ(PlaceOne(world, Requiring("a", Term("disk", R"("hdd")"))).node, "host-2");
  const std::string either = Term("disk", R"("none")") + "," + Term("disk", R"("ssd")");
  EXPECT_EQ(PlaceOne(world, Requiring("b", either)).node, "host-1");
  const auto by_name = Requiring(
      "c", R"({"matchFields":[{"key":"metadata.name","operator":"In","values":["host-3"]}]})");
  EXPECT_EQ(PlaceOne(world, by_name).node, "host-3");
}

TEST(NodeAffinityFilter, SaysForEachHostWhichRequirementDoesNotHold) {
  const World world = ThreeHosts();
  const std::string either = Term("disk", R"("nvme","ram")") + "," + Term("zone", R"("a")");
  const Binding binding = PlaceOne(world, Requiring("a", either));
  const std::string why = std::string(kWords) + ": disk In (nvme, ram) or zone In (a)";
  EXPECT_EQ(binding.explanation, std::string("0/3 nodes are available: 3 ") + kWords +
                                     ". host-1: " + why + "; host-2: " + why + "; host-3: " + why);
  EXPECT_EQ(binding.refusal, std::string("0/3 nodes are available: ") + kWords);
}

TEST(NodeAffinityFilter, OfManyTermsTheFirstFewAreNamed) {
  std::string terms;
  for (const char* value : {"1", "2", "3", "4", "5"}) {
    terms += (terms.empty() ? "" : ",") + Term("a", '"' + std::string(value) + '"');
  }
  World world;
  world.AddNode("host-1");
  const std::string text = PlaceOne(world, Requiring("a", terms)).explanation;
  EXPECT_TRUE(text.ends_with("a In (1) or a In (2) or a In (3) or 2 more terms")) << text;
}

TEST(NodeAffinityFilter, EmptyTermsHoldNowhere) {
  const World world = ThreeHosts();
  EXPECT_EQ(PlaceOne(world, Requiring("a", "{}")).node, "");
  EXPECT_EQ(PlaceOne(world, Requiring("b", "")).node, "");
}

TEST(NodeAffinityFilter, NodeSelectorMustHoldAsWell) {
  const World world = ThreeHosts();
  auto pod = Requiring("a", Term("disk", R"("ssd","hdd")"));
  pod->spec.node_selector["disk"] = "ssd";
  EXPECT_EQ(PlaceOne(world, pod).node, "host-1");
}

TEST(NodeAffinityFilter, PodsThatRequireDifferentThingsAreJudgedApart) {
  const World world = ThreeHosts();
  const auto bindings = Place({Requiring("a", Term("disk", R"("ssd")")),
                               Requiring("b", Term("disk", R"("hdd")")), MakePod("c")},
                              world.state);
  std::map<std::string, std::string> nodes;
  for (const Binding& binding : bindings) nodes[binding.pod->metadata.name] = binding.node;
  EXPECT_EQ(nodes["a"], "host-1");
  EXPECT_EQ(nodes["b"], "host-2");
  EXPECT_NE(nodes["c"], "");
}

TEST(NodeAffinityScore, APreferenceOutweighsAllocation) {
  World world = ThreeHosts();
  auto other = MakePod("other");
  Request(&other->spec, "3", "6Gi");
  other->spec.node_name = "host-2";
  world.state.Put(other);
  for (int i = 0; i < 10; ++i) {
    const std::string name = "web-" + std::to_string(i);
    EXPECT_EQ(PlaceOne(world, Preferring(name, Preference(1, "disk", R"("hdd")"))).node, "host-2");
  }
}

TEST(NodeAffinityScore, TheWeightsThatHoldAreAddedUp) {
  const World world = ThreeHosts();
  const std::string preferences = Preference(40, "disk", R"("ssd")") + "," +
                                  Preference(30, "disk", R"("hdd")") + "," +
                                  Preference(20, "disk", R"("hdd","none")");
  const Binding binding = PlaceOne(world, Preferring("web", preferences));
  EXPECT_EQ(binding.node, "host-2");
  EXPECT_TRUE(binding.explanation.ends_with(", preferred node affinity of weight 50"))
      << binding.explanation;
}

TEST(NodeAffinityScore, WhatHoldsNowhereIsNoHindrance) {
  const World world = ThreeHosts();
  EXPECT_NE(PlaceOne(world, Preferring("web", Preference(100, "zone", R"("a")"))).node, "");
}

TEST(NodeAffinityScore, IsInProportionToTheHighest) {
  EXPECT_EQ(NodeAffinityScore(30, 30), kMaxScore);
  EXPECT_EQ(NodeAffinityScore(15, 30), kMaxScore / 2);
  EXPECT_EQ(NodeAffinityScore(0, 30), 0);
  EXPECT_EQ(NodeAffinityScore(0, 0), 0);
}

TEST(NodeAffinity, APodThatRunsStaysWhenTheLabelGoes) {
  World world = ThreeHosts();
  auto set = MakeReplicaSet("web", 1);
  const auto pod = Requiring("web", Term("disk", R"("ssd")"));
  set->spec.pod_template.spec.others = pod->spec.others;
  world.Declare({set});
  const std::string name = world.Pods().at(0)->metadata.name;
  EXPECT_EQ(world.Spread(), (std::map<std::string, int>{{"host-1", 1}}));
  world.Edit<Node>("", "host-1", [](Node* node) { node->metadata.labels.erase("disk"); });
  world.Settle();
  EXPECT_EQ(world.Pods().at(0)->metadata.name, name);
}

}  // namespace
}  // namespace reconcile
