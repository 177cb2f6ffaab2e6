#include "api/saved_plan.h"

#include <gtest/gtest.h>

#include "base/check.h"

namespace reconcile {
namespace {

Value PlanOf(const std::string& json) {
  const Result<Value> value = ParseJson(json);
  CHECK(value.ok());
  return *value;
}

std::string PlanText(const std::string& after, const std::string& node,
                     const std::string& more = "") {
  return R"({"changes": [{"kind": "Deployment", "namespace": "default", "name": "web",
      "change": "changed", "fields": [{"path": "spec.replicas", "before": "2", "after": ")" +
         after + R"("}]}], "pods": [{"kind": "Pod", "namespace": "default", "name": "web-1",
      "fate": "create", "node": ")" +
         node + R"("}])" + more + "}";
}

TEST(SavedPlan, ComesBackAsItWas) {
  const SavedPlan plan{.source = "main",
                       .commit = "c1c1",
                       .model_revision = 7,
                       .plan_hash = "",
                       .plan = PlanOf(PlanText("3", "host-1"))};
  const Result<SavedPlan> read = ReadSavedPlan(WriteSavedPlan(plan));
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->source, "main");
  EXPECT_EQ(read->commit, "c1c1");
  EXPECT_EQ(read->model_revision, 7);
  EXPECT_EQ(WriteJson(read->plan), WriteJson(plan.plan));
}

TEST(SavedPlan, RefusesWhatIsNoneOrWasChanged) {
  SavedPlan plan{.source = "main", .commit = "c1c1", .plan = PlanOf(PlanText("3", "host-1"))};
  std::string text = WriteSavedPlan(plan);
  EXPECT_EQ(ReadSavedPlan("{}").status().code(), StatusCode::kInvalid);
  EXPECT_EQ(ReadSavedPlan("[]").status().code(), StatusCode::kInvalid);
  EXPECT_EQ(ReadSavedPlan("no").status().code(), StatusCode::kInvalid);
  std::string other = text;
  other.replace(other.find("\"3\""), 3, "\"9\"");
  EXPECT_NE(ReadSavedPlan(other).status().message().find("was changed"), std::string::npos);
  other = text;
  other.replace(other.find("\"version\": 1"), 12, "\"version\": 2");
  EXPECT_NE(ReadSavedPlan(other).status().message().find("version 2"), std::string::npos);
  plan.commit = kWorkTreeCommit;
  EXPECT_NE(ReadSavedPlan(WriteSavedPlan(plan)).status().message().find("work tree"),
            std::string::npos);
}

TEST(PlanDifferences, NamesEachThingThatWouldGoOtherwise) {
  const Value saved = PlanOf(PlanText("3", "host-1"));
  EXPECT_TRUE(PlanDifferences(saved, saved).empty());
  EXPECT_EQ(PlanDifferences(saved, PlanOf(PlanText("4", "host-2"))),
            (std::vector<std::string>{
                "Deployment default/web: changed as before, but other fields or values",
                "Pod default/web-1: the plan says started on host-1, and now it would be started "
                "on host-2"}));
  EXPECT_EQ(PlanDifferences(saved, PlanOf("{}")),
            (std::vector<std::string>{
                "Deployment default/web: the plan says changed, and now it would be nothing",
                "Pod default/web-1: the plan says started on host-1, and now it would be "
                "nothing"}));
  EXPECT_EQ(PlanDifferences(PlanOf("{}"), PlanOf(R"({"held": {"planHash": "ab"}})")),
            std::vector<std::string>{
                "deletion breaker: the plan says nothing, and now it would be holds plan ab"});
}

TEST(PlanDifferences, WhatAPlanDoesNotPromiseMayDiffer) {
  const Value saved = PlanOf(PlanText("3", "host-1"));
  const Value now = PlanOf(PlanText(
      "3", "host-1", R"(, "warnings": [{"message": "x"}], "hosts": [{"name": "host-1"}])"));
  EXPECT_TRUE(PlanDifferences(saved, now).empty());
  EXPECT_EQ(PlanHashOf(saved), PlanHashOf(now));
}

TEST(PlanDifferences, AreCountedBeyondTheirLimit) {
  Value::List pods;
  for (size_t i = 0; i < kMaxPlanDifferences + 5; ++i) {
    pods.push_back(
        PlanOf(R"({"kind": "Pod", "name": "p)" + std::to_string(i) + R"(", "fate": "remove"})"));
  }
  Value plan = Value::MakeMap();
  plan.Set("pods", Value::MakeList(std::move(pods)));
  const std::vector<std::string> lines = PlanDifferences(plan, PlanOf("{}"));
  ASSERT_EQ(lines.size(), kMaxPlanDifferences + 1);
  EXPECT_EQ(lines.back(), "and 5 more");
}

}  // namespace
}  // namespace reconcile
