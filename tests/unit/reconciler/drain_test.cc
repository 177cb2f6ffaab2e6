#include "reconciler/drain.h"

#include <gtest/gtest.h>

#include "reconciler/disruption.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

constexpr int64_t kMinuteMs = 60'000;

std::shared_ptr<PodDisruptionBudget> MakeBudget(const std::string& app, const std::string& field,
                                                Value share) {
  auto budget = std::make_shared<PodDisruptionBudget>();
  budget->metadata.name = app;
  budget->metadata.namespace_name = "default";
  Value labels = Value::MakeMap();
  labels.Set("app", Value::String(app));
  Value selector = Value::MakeMap();
  selector.Set("matchLabels", std::move(labels));
  Value spec = Value::MakeMap();
  spec.Set(field, std::move(share));
  spec.Set("selector", std::move(selector));
  budget->others.Set("spec", std::move(spec));
  return budget;
}

std::string WhyNotEvicted(const Pod& pod, const ClusterState& state) {
  return Evictions(state).WhyNot(pod);
}

class DrainTest : public testing::Test {
 protected:
  DrainTest() {
    for (const char* name : {"host-1", "host-2", "host-3"}) world_.AddNode(name);
  }

  void Drain(const std::string& node, NodeDrain drain = {}) {
    world_.Edit<Node>("", node, [&](Node* edited) {
      edited->status.cordon.emplace();
      edited->status.drain = drain;
    });
  }
  PodDisruptionBudgetStatus StatusOf(const std::string& budget) const {
    return world_.state.Find<PodDisruptionBudget>("default", budget)->status;
  }
  bool IsDraining(const std::string& node) const {
    return world_.state.Find<Node>("", node)->status.drain.has_value();
  }
  int Going() const {
    int going = 0;
    for (const auto& pod : world_.Pods()) going += pod->metadata.deletion_timestamp ? 1 : 0;
    return going;
  }

  World world_;
};

// desiredHealthy, disruptionsAllowed and expectedPods as Kubernetes reckons them.
TEST_F(DrainTest, BudgetsReckonAsKubernetesDoes) {
  struct Case {
    const char* field;
    Value share;
    int32_t desired;
    int32_t allowed;
  };
  const Case cases[] = {
      {"minAvailable", Value::Int(4), 4, 3},          {"minAvailable", Value::String("50%"), 4, 3},
      {"minAvailable", Value::Int(9), 9, 0},          {"maxUnavailable", Value::Int(2), 5, 2},
      {"maxUnavailable", Value::String("30%"), 4, 3}, {"maxUnavailable", Value::Int(0), 7, 0}};
  for (const Case& each : cases) {
    world_.Declare({MakeDeployment("web", 7), MakeBudget("web", each.field, each.share)});
    const PodDisruptionBudgetStatus status = StatusOf("web");
    const std::string what = std::string(each.field) + " " + WriteJson(each.share);
    EXPECT_EQ(status.expected_pods, 7) << what;
    EXPECT_EQ(status.current_healthy, 7) << what;
    EXPECT_EQ(status.desired_healthy, each.desired) << what;
    EXPECT_EQ(status.disruptions_allowed, each.allowed) << what;
    ASSERT_EQ(status.conditions.size(), 1U);
    EXPECT_EQ(status.conditions[0].reason,
              each.allowed > 0 ? "SufficientPods" : "InsufficientPods");
  }
}

TEST_F(DrainTest, ABudgetFollowsItsPodsAndASecondTurnWritesNothing) {
  world_.Declare({MakeDeployment("web", 3), MakeBudget("web", "minAvailable", Value::Int(2))});
  EXPECT_EQ(StatusOf("web").disruptions_allowed, 1);
  world_.SetReady(*world_.ActivePods()[0], false);
  world_.Take();
  EXPECT_EQ(StatusOf("web").current_healthy, 2);
  EXPECT_EQ(StatusOf("web").disruptions_allowed, 0);
  EXPECT_TRUE(world_.Take().transaction.writes.empty());
}

TEST_F(DrainTest, AHostIsClearedAsFastAsTheBudgetAllows) {
  world_.Declare({MakeDeployment("web", 6), MakeBudget("web", "maxUnavailable", Value::Int(1))});
  ASSERT_EQ(world_.Spread()["host-1"], 2);
  Drain("host-1");
  int fewest = 6;
  for (int turn = 0; turn < 50 && IsDraining("host-1"); ++turn) {
    world_.Take();
    EXPECT_LE(Going(), 1);
    fewest = std::min(fewest, StatusOf("web").current_healthy);
    world_.Obey();
  }
  EXPECT_FALSE(IsDraining("host-1"));
  EXPECT_EQ(fewest, 5);
  EXPECT_EQ(world_.Spread()["host-1"], 0);
  EXPECT_TRUE(IsUnschedulable(*world_.state.Find<Node>("", "host-1")));
  world_.Settle();
  EXPECT_EQ(world_.ActivePods().size(), 6U);
}

TEST_F(DrainTest, WhatABudgetForbidsStaysAndIsNamedUntilTheTimeIsOver) {
  world_.Declare({MakeDeployment("web", 3), MakeBudget("web", "minAvailable", Value::Int(3))});
  Drain("host-1", {.until = WallTime{world_.now.wall.ms + kMinuteMs}});
  world_.Settle();
  EXPECT_EQ(world_.Spread()["host-1"], 1);
  const auto node = world_.state.Find<Node>("", "host-1");
  const auto waits = DrainWaitsOf("host-1", *node->status.drain, world_.state);
  ASSERT_EQ(waits.size(), 1U);
  EXPECT_TRUE(waits[0].is_blocked);
  EXPECT_EQ(waits[0].why,
            "it would violate PodDisruptionBudget web, which needs 3 ready pods and has 3");
  const Plan waiting = Reconcile(world_.state, {}, world_.now);
  ASSERT_TRUE(waiting.wake_at);
  EXPECT_EQ(*waiting.wake_at - world_.now.mono, kMinuteMs);
  world_.Advance(kMinuteMs);
  world_.Settle();
  EXPECT_FALSE(IsDraining("host-1"));
  EXPECT_EQ(world_.Spread()["host-1"], 1);
  bool said = false;
  for (const std::string& text : world_.EventTexts()) {
    said = said || text.starts_with("Node host-1 DrainTimedOut: Its time is over. Pod default/web");
  }
  EXPECT_TRUE(said);
}

TEST_F(DrainTest, PodsThatAreNotReadyGoAsTheirPolicySays) {
  const auto budget = MakeBudget("web", "minAvailable", Value::Int(3));
  world_.Declare({MakeDeployment("web", 3), budget});
  const auto pods = world_.ActivePods();
  world_.SetReady(*pods[0], false);
  const auto broken = world_.state.Find<Pod>("default", pods[0]->metadata.name);
  EXPECT_NE(WhyNotEvicted(*broken, world_.state), "") << "too few are ready";
  EXPECT_NE(WhyNotEvicted(*pods[1], world_.state), "");
  Value spec = *budget->others.Find("spec");
  spec.Set("unhealthyPodEvictionPolicy", Value::String("AlwaysAllow"));
  world_.Edit<PodDisruptionBudget>(
      "default", "web", [&](PodDisruptionBudget* edited) { edited->others.Set("spec", spec); });
  EXPECT_EQ(WhyNotEvicted(*broken, world_.state), "");
  EXPECT_NE(WhyNotEvicted(*pods[1], world_.state), "");
  world_.Edit<PodDisruptionBudget>("default", "web", [&](PodDisruptionBudget* edited) {
    edited->others.Set("spec",
                       *MakeBudget("web", "minAvailable", Value::Int(2))->others.Find("spec"));
  });
  EXPECT_EQ(WhyNotEvicted(*broken, world_.state), "") << "enough others are ready";
  EXPECT_NE(WhyNotEvicted(*pods[1], world_.state), "");
}

TEST_F(DrainTest, ABudgetThatCountsReplicasWhereNoneAreDeclaredSaysSo) {
  auto bare = MakePod("bare", "img:1");
  bare->metadata.labels["app"] = "web";
  world_.Declare({bare, MakeBudget("web", "maxUnavailable", Value::Int(1))});
  EXPECT_EQ(
      WhyNotEvicted(*world_.ActivePods()[0], world_.state),
      "PodDisruptionBudget web selects it and counts by declared replicas, of which there are "
      "none: give it a minAvailable that is a number");
}

TEST_F(DrainTest, TwoBudgetsOfOnePodAreInTheWay) {
  const auto second = MakeBudget("web", "minAvailable", Value::Int(0));
  second->metadata.name = "web-too";
  world_.Declare(
      {MakeDeployment("web", 3), MakeBudget("web", "minAvailable", Value::Int(0)), second});
  EXPECT_EQ(WhyNotEvicted(*world_.ActivePods()[0], world_.state),
            "more than one PodDisruptionBudget selects it: web and web-too; leave it to one");
}

TEST_F(DrainTest, PodsThatNothingMakesAgainOrThatLoseDataAreAskedFor) {
  Value volume = Value::MakeMap();
  volume.Set("name", Value::String("data"));
  volume.Set("emptyDir", Value::MakeMap());
  world_.Declare({MakePod("bare"), MakeDeployment("web", 3)});
  const std::string node = world_.state.Find<Pod>("default", "bare")->spec.node_name;
  EXPECT_EQ(WhyNotDrained(node, {}, world_.state),
            std::vector<std::string>{"cannot delete Pods that declare no controller (use --force "
                                     "to override): default/bare"});
  Drain(node, {.force = true});
  world_.Settle();
  EXPECT_EQ(world_.Spread()[node], 0);
  std::string of_set;
  for (const auto& pod : world_.ActivePods()) of_set = pod->metadata.name;
  world_.Edit<Pod>("default", of_set,
                   [&](Pod* pod) { pod->spec.others.Set("volumes", Value::MakeList({volume})); });
  const std::string other = world_.state.Find<Pod>("default", of_set)->spec.node_name;
  EXPECT_EQ(WhyNotDrained(other, {}, world_.state),
            std::vector<std::string>{"cannot delete Pods with local storage (use "
                                     "--delete-emptydir-data to override): default/" +
                                     of_set});
  EXPECT_TRUE(WhyNotDrained(other, {.delete_empty_dir_data = true}, world_.state).empty());
  world_.Edit<Pod>("default", of_set, [&](Pod* pod) {
    pod->metadata.owner_references = {{.api_version = "apps/v1",
                                       .kind = "DaemonSet",
                                       .name = "d",
                                       .uid = "d",
                                       .controller = true}};
  });
  EXPECT_EQ(WhyNotDrained(other, {}, world_.state).size(), 1U);
  EXPECT_TRUE(WhyNotDrained(other, {.ignore_daemon_sets = true}, world_.state).empty());
}

}  // namespace
}  // namespace reconcile
