#include "reconciler/scheduler/preemption.h"

#include <gtest/gtest.h>

#include "reconciler/preview.h"
#include "schema/kept.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

// Hosts of 4 CPUs and the PriorityClasses low (-10), high (1000), higher (2000), and peaceful
// (1000, which pushes nobody out).
class PreemptionTest : public testing::Test {
 protected:
  PreemptionTest() {
    AddClass("low", -10);
    AddClass("high", 1000);
    AddClass("higher", 2000);
    AddClass("peaceful", 1000, "Never");
    world_.AddNode("host-1");
  }
  void AddClass(const std::string& name, int64_t value, const std::string& policy = "") {
    auto priority = std::make_shared<PriorityClass>();
    priority->metadata.name = name;
    priority->others.Set("value", Value::Int(value));
    if (!policy.empty()) priority->others.Set("preemptionPolicy", Value::String(policy));
    world_.state.Put(priority);
  }
  std::shared_ptr<Pod> Make(const std::string& name, const std::string& cpu,
                            const std::string& priority = "", const std::string& node = "") {
    auto pod = MakePod(name);
    pod->metadata.uid = "uid-" + name;
    pod->metadata.creation_timestamp = world_.now.wall;
    pod->metadata.labels = {{"app", name}};
    Request(&pod->spec, cpu, "");
    if (!priority.empty()) pod->spec.others.Set("priorityClassName", Value::String(priority));
    pod->spec.node_name = node;
    if (!node.empty()) {
      pod->status.start_time = WallTime{world_.now.wall.ms + started_++};
      pod->status.phase = PodPhase::kRunning;
      SetCondition(&pod->status.conditions, {.type = "Ready", .status = ConditionStatus::kTrue},
                   world_.now.wall);
    }
    world_.state.Put(pod);
    return pod;
  }
  std::vector<Preemption> For(std::vector<std::shared_ptr<const Pod>> pods) {
    return PreemptFor(pods, world_.state);
  }
  // "host: victims"; "" for none.
  std::string Of(const std::shared_ptr<const Pod>& pod) {
    const auto found = For({pod});
    if (found.empty()) return "";
    std::string text = found[0].node + ":";
    for (const auto& victim : found[0].victims) text += " " + victim->metadata.name;
    return text;
  }
  void AddBudget(const std::string& app, int least) {
    auto budget = std::make_shared<PodDisruptionBudget>();
    budget->metadata.namespace_name = "default";
    budget->metadata.name = "keep-" + app;
    Value labels = Value::MakeMap();
    labels.Set("app", Value::String(app));
    Value selector = Value::MakeMap();
    selector.Set("matchLabels", std::move(labels));
    Value spec = Value::MakeMap();
    spec.Set("minAvailable", Value::Int(least));
    spec.Set("selector", std::move(selector));
    budget->others.Set("spec", std::move(spec));
    world_.state.Put(budget);
  }
  static Value AwayFrom(const std::string& app) {
    Value labels = Value::MakeMap();
    labels.Set("app", Value::String(app));
    Value selector = Value::MakeMap();
    selector.Set("matchLabels", std::move(labels));
    Value term = Value::MakeMap();
    term.Set("topologyKey", Value::String("kubernetes.io/hostname"));
    term.Set("labelSelector", std::move(selector));
    Value rules = Value::MakeMap();
    rules.Set("requiredDuringSchedulingIgnoredDuringExecution", Value::MakeList({std::move(term)}));
    Value affinity = Value::MakeMap();
    affinity.Set("podAntiAffinity", std::move(rules));
    return affinity;
  }
  World world_;
  int64_t started_ = 1;
};

TEST_F(PreemptionTest, OneOfLowerPriorityGoesAndNoMoreThanNeeded) {
  Make("a", "2", "low", "host-1");
  Make("b", "2", "", "host-1");
  EXPECT_EQ(Of(Make("new", "2", "high")), "host-1: a") << "the lowest";
  EXPECT_EQ(Of(Make("large", "3", "high")), "host-1: b a");
  EXPECT_EQ(Of(Make("middle", "2")), "host-1: a");
}

TEST_F(PreemptionTest, NobodyGoesForNothingOrForEquals) {
  Make("a", "3", "high", "host-1");
  EXPECT_EQ(Of(Make("equal", "2", "high")), "");
  EXPECT_EQ(Of(Make("lower", "2", "low")), "");
  EXPECT_EQ(Of(Make("huge", "5", "higher")), "") << "no host is so large";
  EXPECT_EQ(Of(Make("next", "2", "higher")), "host-1: a");
  world_.Edit<Node>("", "host-1", [](Node* node) { node->spec.unschedulable = true; });
  EXPECT_EQ(Of(Make("other", "2", "higher")), "") << "the host takes none anyway";
}

// By a number of its own.
TEST_F(PreemptionTest, WhoIsLowerThanAnyClassGoesToo) {
  auto pod = std::make_shared<Pod>(*Make("a", "3", "", "host-1"));
  pod->spec.others.Set("priority", Value::Int(-50));
  world_.state.Put(pod);
  EXPECT_EQ(Of(Make("new", "2", "low")), "host-1: a");
}

TEST_F(PreemptionTest, WhoMayNotPushOutWaits) {
  Make("a", "3", "low", "host-1");
  EXPECT_EQ(Of(Make("peaceful", "2", "peaceful")), "") << "by its class";
  const auto own = Make("own", "2", "high");
  auto never = std::make_shared<Pod>(*own);
  never->spec.others.Set("preemptionPolicy", Value::String("Never"));
  EXPECT_EQ(Of(never), "") << "by its own word";
}

TEST_F(PreemptionTest, NobodyGoesWhileEnoughIsGoing) {
  auto going = Make("a", "2", "low", "host-1");
  auto marked = std::make_shared<Pod>(*going);
  marked->metadata.deletion_timestamp = world_.now.wall;
  world_.state.Put(marked);
  Make("b", "2", "low", "host-1");
  EXPECT_EQ(Of(Make("new", "2", "high")), "host-1:");
  EXPECT_EQ(Of(Make("large", "3", "high")), "host-1: b") << "that is not enough";
}

TEST_F(PreemptionTest, TheHostIsChosenWhereLeastIsLost) {
  world_.AddNode("host-2");
  Make("a", "4", "", "host-1");
  Make("b", "4", "low", "host-2");
  const auto pod = Make("new", "3", "high");
  EXPECT_EQ(Of(pod), "host-2: b") << "its highest victim is lower";
  Make("b", "4", "", "host-2");
  EXPECT_EQ(Of(pod), "host-2: b") << "it started later";
  Make("b", "2", "", "host-2");
  Make("c", "2", "", "host-2");
  EXPECT_EQ(Of(pod), "host-1: a") << "one goes, not two";
  AddBudget("a", 1);
  EXPECT_EQ(Of(pod), "host-2: b c") << "a budget says that it stays";
}

TEST_F(PreemptionTest, OfTwoThatAreAlikeTheOneWithoutABudgetGoes) {
  Make("a", "2", "", "host-1");
  Make("b", "2", "", "host-1");
  const auto pod = Make("new", "2", "high");
  EXPECT_EQ(Of(pod), "host-1: b") << "the older one stays";
  AddBudget("b", 1);
  EXPECT_EQ(Of(pod), "host-1: a");
}

TEST_F(PreemptionTest, WhomThePodKeepsAwayFromGoes) {
  Make("a", "1", "", "host-1");
  Make("b", "1", "", "host-1");
  const auto pod = Make("new", "1", "high");
  pod->spec.others.Set("affinity", AwayFrom("a"));
  world_.Edit<Node>("", "host-1",
                    [](Node* node) { node->metadata.labels["kubernetes.io/hostname"] = "host-1"; });
  EXPECT_EQ(Of(pod), "host-1: a");
}

TEST_F(PreemptionTest, EachDecisionCountsForTheNext) {
  world_.AddNode("host-2");
  Make("a", "3", "low", "host-1");
  Make("b", "3", "low", "host-2");
  const auto all = For({Make("x", "3", "high"), Make("y", "3", "higher"), Make("z", "3", "high")});
  ASSERT_EQ(all.size(), 2U) << "there is no third host";
  EXPECT_EQ(all[0].pod->metadata.name, "y") << "the highest first";
  EXPECT_EQ(all[0].node, "host-2");
  EXPECT_EQ(all[1].pod->metadata.name, "x");
  EXPECT_EQ(all[1].node, "host-1");
}

// The budget has one to spare: what the first takes the second does not find.
TEST_F(PreemptionTest, ABudgetIsSpentOnce) {
  for (const char* host : {"host-2", "host-3"}) world_.AddNode(host);
  for (const char* name : {"a", "b"}) {
    const auto pod = std::make_shared<Pod>(
        *Make(name, "3", "low", name == std::string("a") ? "host-1" : "host-2"));
    pod->metadata.labels = {{"app", "kept"}};
    world_.state.Put(pod);
  }
  Make("c", "3", "", "host-3");
  AddBudget("kept", 1);
  const auto all = For({Make("x", "3", "high"), Make("y", "3", "high")});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].node, "host-2");
  EXPECT_EQ(all[1].node, "host-3") << "another of the budget's would be one too many";
}

TEST_F(PreemptionTest, WhatHasNotStartedGoesBeforeWhatRuns) {
  const auto fresh = std::make_shared<Pod>(*Make("a", "2", "", "host-1"));
  fresh->status.start_time.reset();
  world_.state.Put(fresh);
  Make("b", "2", "", "host-1");
  EXPECT_EQ(Of(Make("new", "2", "high")), "host-1: a");
}

// It may go to one node alone, and that is none of those where somebody could make room.
TEST_F(PreemptionTest, NobodyGoesForAPodWhoseManifestNamesItsNode) {
  Make("a", "3", "low", "host-1");
  const auto pod = Make("new", "3", "high");
  pod->spec.declared_node_name = "host-9";
  EXPECT_EQ(Of(pod), "");
  pod->spec.declared_node_name = "host-1";
  EXPECT_EQ(Of(pod), "") << "it is not the scheduler's";
}

TEST_F(PreemptionTest, TurnsMakeRoomAndThePodGetsIt) {
  auto web = MakeDeployment("web", 4);
  Request(&web->spec.pod_template.spec, "1", "");
  world_.Declare({web});
  ASSERT_EQ(world_.ActivePods().size(), 4U);
  auto urgent = MakePod("urgent");
  Request(&urgent->spec, "2", "");
  urgent->spec.others.Set("priorityClassName", Value::String("high"));
  const Preview preview =
      PreviewChanges(world_.state, world_.ChangesFor({web, urgent}), world_.now);
  world_.Declare({web, urgent});
  EXPECT_EQ(world_.state.Find<Pod>("default", "urgent")->spec.node_name, "host-1");
  EXPECT_EQ(world_.state.Find<Pod>("default", "urgent")->status.nominated_node_name, "");
  EXPECT_EQ(world_.Spread(), (std::map<std::string, int>{{"", 2}, {"host-1", 3}}));
  int told = 0;
  for (const std::string& text : world_.EventTexts()) {
    if (text.find("Preempted: Preempted by pod default/urgent on node host-1") != std::string::npos)
      ++told;
  }
  EXPECT_EQ(told, 2);
  int removed = 0;
  for (const PodPreview& pod : preview.pods) {
    if (pod.fate != PodFate::kRemove) continue;
    ++removed;
    EXPECT_TRUE(pod.explanation.starts_with("Preempted by pod default/urgent")) << pod.explanation;
  }
  EXPECT_EQ(removed, 2) << "the plan said so";
}

// Of two victims one is gone: a pod of lower priority that fits there now does not get it.
TEST_F(PreemptionTest, RoomThatIsMadeIsKept) {
  Make("a", "2", "low", "host-1");
  Make("b", "2", "low", "host-1");
  Make("urgent", "4", "high");
  world_.Take();
  EXPECT_EQ(world_.state.Find<Pod>("default", "urgent")->status.nominated_node_name, "host-1");
  world_.state.Delete({Kind::kPod, "default", "a"});
  Make("thief", "2");
  world_.Take();
  EXPECT_EQ(world_.state.Find<Pod>("default", "thief")->spec.node_name, "");
  world_.state.Delete({Kind::kPod, "default", "b"});
  world_.Take();
  EXPECT_EQ(world_.state.Find<Pod>("default", "urgent")->spec.node_name, "host-1");
  EXPECT_TRUE(world_.Take().transaction.empty());
}

// Pods that are made anew for the one that went, and that may go nowhere else, do not get there
// first.
TEST_F(PreemptionTest, RoomThatIsMadeIsKeptFromThoseWhoseManifestNamesTheNode) {
  auto set = MakeReplicaSet("low", 1);
  Request(&set->spec.pod_template.spec, "3", "");
  set->spec.pod_template.spec.others.Set("priorityClassName", Value::String("low"));
  set->spec.pod_template.spec.node_name = "host-1";
  world_.Declare({set});
  auto urgent = MakePod("urgent");
  Request(&urgent->spec, "2", "");
  urgent->spec.others.Set("priorityClassName", Value::String("high"));
  world_.Declare({set, urgent});
  EXPECT_EQ(world_.state.Find<Pod>("default", "urgent")->spec.node_name, "host-1");
  EXPECT_EQ(world_.Spread(), (std::map<std::string, int>{{"", 1}, {"host-1", 1}}));
}

// Of two that keep away from each other the second needs nobody to go: it could not be beside the
// first.
TEST_F(PreemptionTest, WhoComesBeforeIsKeptAwayFromToo) {
  Make("a", "2", "low", "host-1");
  Make("b", "2", "low", "host-1");
  std::vector<std::shared_ptr<const Pod>> both;
  for (const char* name : {"x", "y"}) {
    const auto pod = Make(name, "2", "high");
    pod->metadata.labels = {{"app", "apart"}};
    pod->spec.others.Set("affinity", AwayFrom("apart"));
    both.push_back(pod);
  }
  world_.Edit<Node>("", "host-1",
                    [](Node* node) { node->metadata.labels["kubernetes.io/hostname"] = "host-1"; });
  const auto all = For(both);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].victims.size(), 1U);
}

}  // namespace
}  // namespace reconcile
