#include "reconciler/eviction.h"

#include <gtest/gtest.h>

#include "reconciler/settled.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

constexpr int64_t kSecondMs = 1000;
constexpr int64_t kTolerationMs = 15'000;  // the default of a cluster

Value Toleration(const std::string& key, const std::string& comparison, const std::string& effect,
                 std::optional<int64_t> seconds) {
  Value toleration = Value::MakeMap();
  if (!key.empty()) toleration.Set("key", Value::String(key));
  if (!comparison.empty()) toleration.Set("operator", Value::String(comparison));
  if (!effect.empty()) toleration.Set("effect", Value::String(effect));
  if (seconds) toleration.Set("tolerationSeconds", Value::Int(*seconds));
  return toleration;
}

PodSpec Tolerating(Value::List tolerations) {
  PodSpec spec;
  spec.others.Set("tolerations", Value::MakeList(std::move(tolerations)));
  return spec;
}

class EvictionTest : public testing::Test {
 protected:
  EvictionTest() {
    for (const char* name : {"host-1", "host-2", "host-3"}) world_.AddNode(name);
  }

  void SetSilent(const std::string& name, bool silent = true) { world_.SetSilent(name, silent); }
  int ActiveOn(const std::string& node) const {
    const auto spread = world_.Spread();
    const auto found = spread.find(node);
    return found == spread.end() ? 0 : found->second;
  }
  int GoingOn(const std::string& node) const {
    int going = 0;
    for (const auto& pod : world_.Pods()) {
      if (pod->spec.node_name == node && pod->metadata.deletion_timestamp) ++going;
    }
    return going;
  }
  // Turns of hosts that do nothing.
  void TakeAll() {
    for (int turn = 0; turn < 20; ++turn) {
      if (world_.Take().transaction.writes.empty()) return;
    }
    FAIL() << "turns without end";
  }

  World world_;
};

TEST_F(EvictionTest, PodsOfASilentHostAreReplacedElsewhereAfterTheirToleration) {
  world_.Declare({MakeDeployment("web", 6)});
  ASSERT_EQ(ActiveOn("host-2"), 2);
  SetSilent("host-2");
  TakeAll();
  EXPECT_EQ(ActiveOn("host-2"), 2);
  const Plan waiting = Reconcile(world_.state, {}, world_.now);
  ASSERT_TRUE(waiting.wake_at);
  EXPECT_EQ(*waiting.wake_at - world_.now.mono, kTolerationMs);
  world_.Advance(kTolerationMs - 1);
  TakeAll();
  EXPECT_EQ(ActiveOn("host-2"), 2);
  world_.Advance(1);
  TakeAll();
  EXPECT_EQ(ActiveOn("host-2"), 0);
  EXPECT_EQ(GoingOn("host-2"), 2) << "kept until the host says that they are gone";
  EXPECT_EQ(world_.ActivePods().size(), 6U);
}

TEST_F(EvictionTest, AHostThatIsHeardInTimeKeepsItsPods) {
  world_.Declare({MakeDeployment("web", 6)});
  SetSilent("host-2");
  TakeAll();
  world_.Advance(kTolerationMs - 1);
  SetSilent("host-2", false);
  world_.Advance(3600 * kSecondMs);
  TakeAll();
  EXPECT_EQ(ActiveOn("host-2"), 2);
  EXPECT_EQ(GoingOn("host-2"), 0);
}

TEST_F(EvictionTest, WhenMostHostsAreSilentNothingIsReplaced) {
  world_.Declare({MakeDeployment("web", 6)});
  SetSilent("host-1");
  SetSilent("host-2");
  world_.Advance(3600 * kSecondMs);
  TakeAll();
  EXPECT_EQ(GoingOn("host-1") + GoingOn("host-2"), 0);
  EXPECT_NE(WhyPodsStay(world_.state).find("2 of 3 hosts are silent"), std::string::npos);
  // One of them is heard again: now the other's go.
  SetSilent("host-1", false);
  TakeAll();
  EXPECT_EQ(WhyPodsStay(world_.state), "");
  EXPECT_EQ(GoingOn("host-1"), 0);
  EXPECT_EQ(GoingOn("host-2"), 2);
}

TEST_F(EvictionTest, TheClusterSaysForHowLongPodsStay) {
  world_.Declare({MakeDeployment("web", 6)});
  SetSilent("host-2");
  Settled settled;
  EXPECT_TRUE(Reconcile(world_.state, {}, world_.now, &settled).transaction.writes.empty());
  world_.Edit<Cluster>("", "cluster",
                       [](Cluster* cluster) { cluster->unreachable_toleration_ms = 0; });
  EXPECT_FALSE(Reconcile(world_.state, {}, world_.now, &settled).transaction.writes.empty());
  TakeAll();
  EXPECT_EQ(GoingOn("host-2"), 2);
}

TEST_F(EvictionTest, RevokedHostsDoNotCountAsSilent) {
  world_.Edit<Node>("", "host-3", [&](Node* node) {
    SetCondition(
        &node->status.conditions,
        {.type = "Ready", .status = ConditionStatus::kFalse, .reason = std::string(kNodeRevoked)},
        world_.now.wall);
  });
  EXPECT_EQ(WhyPodsStay(world_.state), "");
  SetSilent("host-2");
  EXPECT_EQ(WhyPodsStay(world_.state), "") << "one of two";
}

TEST_F(EvictionTest, APodThatIsDeclaredByItselfStaysWhereItMayStillRun) {
  world_.Declare({MakePod("single")});
  SetSilent(world_.Pods().front()->spec.node_name);
  world_.Advance(3600 * kSecondMs);
  TakeAll();
  EXPECT_FALSE(world_.Pods().front()->metadata.deletion_timestamp);
}

TEST_F(EvictionTest, AClockSetBackWaitsNoLongerThanTheWholeToleration) {
  world_.Declare({MakeDeployment("web", 6)});
  SetSilent("host-2");
  world_.now.wall.ms -= 3600 * kSecondMs;
  const Plan plan = Reconcile(world_.state, {}, world_.now);
  ASSERT_TRUE(plan.wake_at);
  EXPECT_LE(*plan.wake_at - world_.now.mono, kTolerationMs);
}

TEST(UnreachableToleration, IsTheDefaultWithoutOneForTheTaint) {
  EXPECT_EQ(UnreachableTolerationOf({}, kTolerationMs), kTolerationMs);
  EXPECT_EQ(
      UnreachableTolerationOf(Tolerating({Toleration("gpu", "Exists", "", 5)}), kTolerationMs),
      kTolerationMs);
  EXPECT_EQ(
      UnreachableTolerationOf(
          Tolerating({Toleration("node.kubernetes.io/unreachable", "Exists", "NoSchedule", 5)}),
          kTolerationMs),
      kTolerationMs);
}

TEST(UnreachableToleration, IsThePodsOwn) {
  const std::string key = "node.kubernetes.io/unreachable";
  const auto of = [](Value::List tolerations) {
    return UnreachableTolerationOf(Tolerating(std::move(tolerations)), kTolerationMs);
  };
  EXPECT_EQ(of({Toleration(key, "Exists", "NoExecute", 300)}), 300'000);
  EXPECT_EQ(of({Toleration(key, "", "", 300)}), 300'000) << "Equal to no value";
  EXPECT_EQ(of({Toleration("", "Exists", "", std::nullopt)}), std::nullopt) << "for ever";
  EXPECT_EQ(of({Toleration(key, "Exists", "", 300), Toleration("", "Exists", "", 20)}), 20'000);
  EXPECT_EQ(of({Toleration(key, "Exists", "", -5)}), 0);
}

}  // namespace
}  // namespace reconcile
