#include "schema/affinity.h"

#include <gtest/gtest.h>

#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

std::optional<NodeAffinity> AffinityOf(const std::string& spec_fields) {
  return NodeAffinityOf(testing::MustDecodeAs<Pod>(testing::PodWithSpec(spec_fields))->spec);
}

// Whether the only required term, of these expressions, holds on a node "host-1" with `labels`.
bool Holds(const std::string& expressions, const StringMap& labels,
           const std::string& list = "matchExpressions") {
  const auto affinity = AffinityOf(
      "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
      "{nodeSelectorTerms: [{" +
      list + ": [" + expressions + "]}]}}}\n");
  Node node;
  node.metadata.name = "host-1";
  node.metadata.labels = labels;
  return Matches(affinity->required->at(0), node);
}

TEST(NodeAffinity, APodThatSaysNothingOfNodesHasNone) {
  EXPECT_FALSE(AffinityOf("nodeSelector: {a: b}\n").has_value());
  EXPECT_FALSE(AffinityOf("affinity: {podAffinity: {}}\n").has_value());
  EXPECT_FALSE(AffinityOf("affinity: {nodeAffinity: {}}\n")->required.has_value());
}

TEST(NodeAffinity, InAndNotInCompareTheLabel) {
  EXPECT_TRUE(Holds("{key: disk, operator: In, values: [ssd, nvme]}", {{"disk", "nvme"}}));
  EXPECT_FALSE(Holds("{key: disk, operator: In, values: [ssd]}", {{"disk", "hdd"}}));
  EXPECT_FALSE(Holds("{key: disk, operator: In, values: [ssd]}", {}));
  EXPECT_FALSE(Holds("{key: disk, operator: NotIn, values: [ssd]}", {{"disk", "ssd"}}));
  EXPECT_TRUE(Holds("{key: disk, operator: NotIn, values: [ssd]}", {}));
}

TEST(NodeAffinity, ExistsAndDoesNotExistAskForTheLabel) {
  EXPECT_TRUE(Holds("{key: disk, operator: Exists}", {{"disk", ""}}));
  EXPECT_FALSE(Holds("{key: disk, operator: Exists}", {}));
  EXPECT_TRUE(Holds("{key: disk, operator: DoesNotExist}", {}));
  EXPECT_FALSE(Holds("{key: disk, operator: DoesNotExist}", {{"disk", ""}}));
}

TEST(NodeAffinity, GtAndLtCompareWholeNumbers) {
  EXPECT_TRUE(Holds("{key: cores, operator: Gt, values: [\"8\"]}", {{"cores", "16"}}));
  EXPECT_FALSE(Holds("{key: cores, operator: Gt, values: [\"16\"]}", {{"cores", "16"}}));
  EXPECT_TRUE(Holds("{key: cores, operator: Lt, values: [\"16\"]}", {{"cores", "-8"}}));
  EXPECT_FALSE(Holds("{key: cores, operator: Lt, values: [\"16\"]}", {{"cores", "few"}}));
  EXPECT_FALSE(Holds("{key: cores, operator: Lt, values: [\"16\"]}", {}));
}

TEST(NodeAffinity, EveryRequirementOfATermMustHold) {
  const std::string both = "{key: a, operator: Exists}, {key: b, operator: Exists}";
  EXPECT_TRUE(Holds(both, {{"a", ""}, {"b", ""}}));
  EXPECT_FALSE(Holds(both, {{"a", ""}}));
}

TEST(NodeAffinity, MatchFieldsAskForTheName) {
  EXPECT_TRUE(Holds("{key: metadata.name, operator: In, values: [host-1]}", {}, "matchFields"));
  EXPECT_FALSE(Holds("{key: metadata.name, operator: NotIn, values: [host-1]}", {}, "matchFields"));
}

TEST(NodeAffinity, AnEmptyTermHoldsNowhere) { EXPECT_FALSE(Holds("", {{"a", ""}})); }

TEST(NodeAffinity, AnOperatorOfANewerReleaseHoldsNowhere) {
  EXPECT_FALSE(Matches(NodeRequirement{.key = "a"}, nullptr));
  const std::string value = "x";
  EXPECT_FALSE(Matches(NodeRequirement{.key = "a"}, &value));
}

TEST(NodeAffinity, PreferencesHaveTheirWeight) {
  const auto affinity = AffinityOf(
      "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 7, "
      "preference: {matchExpressions: [{key: a, operator: Exists}]}}]}}\n");
  ASSERT_EQ(affinity->preferred.size(), 1u);
  EXPECT_EQ(affinity->preferred[0].weight, 7);
  EXPECT_EQ(affinity->preferred[0].term.labels.at(0).key, "a");
}

TEST(NodeAffinity, RequirementsAreWrittenShort) {
  NodeRequirement requirement{.key = "disk", .op = NodeOperator::kIn, .values = {"a", "b"}};
  EXPECT_EQ(ToString(requirement), "disk In (a, b)");
  requirement.values = {"a", "b", "c", "d", "e"};
  EXPECT_EQ(ToString(requirement), "disk In (a, b, c and 2 more)");
  EXPECT_EQ(ToString(NodeRequirement{.key = "disk", .op = NodeOperator::kExists}), "disk Exists");
}

}  // namespace
}  // namespace reconcile
