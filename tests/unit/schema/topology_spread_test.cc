#include "schema/topology_spread.h"

#include <gtest/gtest.h>

#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

// The only constraint of a pod labelled app=web, tier=front.
TopologySpread SpreadOf(const std::string& fields) {
  const auto pod = testing::MustDecodeAs<Pod>(testing::PodWithSpec(
      "topologySpreadConstraints:\n- {maxSkew: 2, topologyKey: zone, whenUnsatisfiable: " + fields +
      "}\n"));
  return TopologySpreadsOf(pod->spec, {{"app", "web"}, {"tier", "front"}}).at(0);
}

TEST(TopologySpread, APodWithoutConstraintsHasNone) {
  EXPECT_TRUE(TopologySpreadsOf(PodSpec(), {}).empty());
}

TEST(TopologySpread, WhatIsLeftOutMeansTheDefault) {
  const TopologySpread spread = SpreadOf("DoNotSchedule");
  EXPECT_EQ(spread.topology_key, "zone");
  EXPECT_EQ(spread.max_skew, 2);
  EXPECT_EQ(spread.min_domains, 1);
  EXPECT_TRUE(spread.must_hold);
  EXPECT_TRUE(spread.honours_affinity);
  EXPECT_FALSE(spread.selector.has_value());
}

TEST(TopologySpread, WhatIsWrittenIsRead) {
  EXPECT_FALSE(SpreadOf("ScheduleAnyway").must_hold);
  EXPECT_EQ(SpreadOf("DoNotSchedule, minDomains: 3").min_domains, 3);
  EXPECT_FALSE(SpreadOf("DoNotSchedule, nodeAffinityPolicy: Ignore").honours_affinity);
}

TEST(TopologySpread, TheSelectorIsReadInFull) {
  const TopologySpread spread = SpreadOf(
      "DoNotSchedule, labelSelector: {matchLabels: {app: web}, matchExpressions: "
      "[{key: tier, operator: NotIn, values: [back]}]}");
  EXPECT_TRUE(Matches(*spread.selector, {{"app", "web"}}));
  EXPECT_FALSE(Matches(*spread.selector, {{"app", "web"}, {"tier", "back"}}));
  EXPECT_FALSE(Matches(*spread.selector, {{"app", "other"}}));
}

TEST(TopologySpread, MatchLabelKeysTakeThePodsOwnValues) {
  const TopologySpread spread = SpreadOf(
      "DoNotSchedule, labelSelector: {matchLabels: {app: web}}, matchLabelKeys: "
      "[tier, absent]");
  EXPECT_TRUE(Matches(*spread.selector, {{"app", "web"}, {"tier", "front"}}));
  EXPECT_FALSE(Matches(*spread.selector, {{"app", "web"}, {"tier", "back"}}));
}

TEST(TopologySpread, AnEmptySelectorCountsNoPods) {
  EXPECT_FALSE(SpreadOf("DoNotSchedule, labelSelector: {}").selector.has_value());
}

}  // namespace
}  // namespace reconcile
