#include "schema/pod.h"

#include <gtest/gtest.h>

#include "base/value.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

Quantity Q(std::string_view text) { return Quantity::Parse(text).value(); }

Container WithResources(ResourceList requests, ResourceList limits) {
  Container container;
  container.resources = {.limits = std::move(limits), .requests = std::move(requests)};
  return container;
}

TEST(Condition, TransitionTimeMovesOnlyWithTheStatus) {
  std::vector<Condition> conditions;
  const auto ready = [](ConditionStatus status, const char* reason) {
    return Condition{.type = "Ready", .status = status, .reason = reason};
  };
  EXPECT_TRUE(SetCondition(&conditions, ready(ConditionStatus::kFalse, "Starting"), WallTime{1}));
  EXPECT_TRUE(SetCondition(&conditions, ready(ConditionStatus::kFalse, "Pulling"), WallTime{2}));
  EXPECT_EQ(conditions[0].last_transition_time, WallTime{1});
  EXPECT_FALSE(SetCondition(&conditions, ready(ConditionStatus::kFalse, "Pulling"), WallTime{3}));
  EXPECT_TRUE(SetCondition(&conditions, ready(ConditionStatus::kTrue, ""), WallTime{4}));
  EXPECT_EQ(conditions[0].last_transition_time, WallTime{4});
  EXPECT_EQ(conditions.size(), 1U);
  EXPECT_EQ(FindCondition(conditions, "Other"), nullptr);
}

TEST(Pod, IsActiveUntilItEndsOrIsBeingDeleted) {
  Pod pod;
  EXPECT_TRUE(IsActive(pod));
  pod.metadata.deletion_timestamp = WallTime{1};
  EXPECT_FALSE(IsActive(pod));
  EXPECT_FALSE(IsTerminal(pod));
  pod.metadata.deletion_timestamp.reset();
  pod.status.phase = PodPhase::kFailed;
  EXPECT_FALSE(IsActive(pod));
  EXPECT_TRUE(IsTerminal(pod));
}

TEST(Pod, IsReadyByItsCondition) {
  Pod pod;
  EXPECT_FALSE(IsReady(pod));
  SetCondition(&pod.status.conditions, {.type = "Ready", .status = ConditionStatus::kTrue}, {});
  EXPECT_TRUE(IsReady(pod));
}

TEST(PodRequests, AddUpAndALimitAloneIsARequest) {
  PodSpec spec;
  spec.containers = {WithResources({{"cpu", Q("250m")}}, {{"cpu", Q("1")}}),
                     WithResources({}, {{"cpu", Q("500m")}, {"memory", Q("1Gi")}}), Container{}};
  const ResourceList requests = RequestsOf(spec);
  EXPECT_EQ(requests.at("cpu"), Q("750m"));
  EXPECT_EQ(requests.at("memory"), Q("1Gi"));
  EXPECT_EQ(requests.size(), 2U);
}

TEST(PodRequests, AreTheMostThatRunsAtOnceOfInitContainersSidecarsAndContainers) {
  const auto asks = [](const std::string& cpu, const std::string& memory, bool sidecar) {
    Container container = WithResources({{"cpu", Q(cpu)}, {"memory", Q(memory)}}, {});
    if (sidecar) container.others.Set("restartPolicy", Value::String("Always"));
    return container;
  };
  PodSpec spec;
  spec.init_containers = {asks("2", "10Mi", false), asks("500m", "100Mi", true),
                          asks("1", "500Mi", false), asks("100m", "50Mi", true)};
  spec.containers = {asks("300m", "200Mi", false), asks("300m", "200Mi", false)};
  ResourceList requests = RequestsOf(spec);
  EXPECT_EQ(requests.at("cpu"), Q("2"));         // the first init container: no sidecar runs yet
  EXPECT_EQ(requests.at("memory"), Q("600Mi"));  // the second one, beside the first sidecar
  spec.containers.push_back(asks("1", "100Mi", false));
  requests = RequestsOf(spec);
  EXPECT_EQ(requests.at("cpu"), Q("2200m"));  // all containers beside both sidecars
  EXPECT_EQ(requests.at("memory"), Q("650Mi"));
}

TEST(QosClass, CountsInitContainersToo) {
  PodSpec spec;
  spec.containers = {WithResources({}, {{"cpu", Q("1")}, {"memory", Q("1Gi")}})};
  EXPECT_EQ(QosClassOf(spec), "Guaranteed");
  spec.init_containers = {WithResources({{"cpu", Q("1")}}, {})};
  EXPECT_EQ(QosClassOf(spec), "Burstable");
  spec.containers = {Container{}};
  spec.init_containers = {Container{}};
  EXPECT_EQ(QosClassOf(spec), "BestEffort");
}

TEST(PodRequests, SaturateInsteadOfOverflowing) {
  PodSpec spec;
  const Quantity huge = Quantity::FromMilli(INT64_MAX);
  spec.containers = {WithResources({{"memory", huge}}, {}), WithResources({{"memory", huge}}, {})};
  EXPECT_EQ(RequestsOf(spec).at("memory"), huge);
}

TEST(QosClass, FollowsRequestsAndLimits) {
  PodSpec spec;
  spec.containers = {Container{}};
  EXPECT_EQ(QosClassOf(spec), "BestEffort");
  spec.containers = {WithResources({{"cpu", Q("0")}}, {})};
  EXPECT_EQ(QosClassOf(spec), "BestEffort");
  spec.containers = {WithResources({{"cpu", Q("1")}}, {})};
  EXPECT_EQ(QosClassOf(spec), "Burstable");
  const ResourceList both = {{"cpu", Q("1")}, {"memory", Q("1Gi")}};
  spec.containers = {WithResources({}, both)};
  EXPECT_EQ(QosClassOf(spec), "Guaranteed");
  spec.containers = {WithResources({}, both), WithResources({}, {{"cpu", Q("1")}})};
  EXPECT_EQ(QosClassOf(spec), "Burstable");
}

TEST(LabelSelector, AllRequirementsMustHold) {
  LabelSelector selector;
  EXPECT_TRUE(Matches(selector, StringMap{{"a", "1"}}));
  selector.match_labels = {{"app", "web"}};
  selector.match_expressions = {{"tier", SelectorOperator::kIn, {"front", "edge"}},
                                {"old", SelectorOperator::kDoesNotExist, {}},
                                {"zone", SelectorOperator::kNotIn, {"b"}}};
  EXPECT_TRUE(Matches(selector, StringMap{{"app", "web"}, {"tier", "edge"}}));
  EXPECT_TRUE(Matches(selector, StringMap{{"app", "web"}, {"tier", "edge"}, {"zone", "a"}}));
  EXPECT_FALSE(Matches(selector, StringMap{{"app", "web"}, {"tier", "edge"}, {"zone", "b"}}));
  EXPECT_FALSE(Matches(selector, StringMap{{"app", "web"}, {"tier", "edge"}, {"old", ""}}));
  EXPECT_FALSE(Matches(selector, StringMap{{"app", "web"}}));
  EXPECT_FALSE(Matches(selector, StringMap{{"app", "api"}, {"tier", "edge"}}));
  selector = {};
  selector.match_expressions = {{"app", SelectorOperator::kExists, {}}};
  EXPECT_TRUE(Matches(selector, StringMap{{"app", ""}}));
  EXPECT_FALSE(Matches(selector, StringMap{}));
}

}  // namespace
}  // namespace reconcile
