#include "sim/taint_checker.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

using Tolerance = SimTemplate::Tolerance;

class TaintCheckerTest : public testing::Test {
 protected:
  static void AddNode(const std::string& name, TaintEffect effect, ClusterState* state) {
    auto node = std::make_shared<Node>();
    node->metadata.name = name;
    if (effect != TaintEffect::kUnset) {
      node->spec.taints = {
          {.key = kSimTaint, .value = "", .effect = effect, .time_added = WallTime{7'000}}};
    }
    state->Put(node);
  }
  static std::shared_ptr<Pod> MakePod(const std::string& node, Tolerance tolerance) {
    auto pod = std::make_shared<Pod>();
    pod->metadata.namespace_name = "default";
    pod->metadata.name = "web";
    pod->metadata.uid = "uid-web";
    pod->spec.node_name = node;
    Container main;
    main.name = kMainName;
    main.env = {{.name = "GENERATION", .value = "0"}};
    main.resources.requests["cpu"] = Quantity::FromMilli(100);
    pod->spec.containers = {main};
    if (tolerance == Tolerance::kNone) return pod;
    Value toleration = Value::MakeMap();
    toleration.Set("key", Value::String(kSimTaint));
    toleration.Set("operator", Value::String("Exists"));
    if (tolerance == Tolerance::kAWhile) {
      toleration.Set("effect", Value::String("NoExecute"));
      toleration.Set("tolerationSeconds", Value::Int(kSimTolerationMs / 1000));
    }
    pod->spec.others.Set("tolerations", Value::MakeList({std::move(toleration)}));
    return pod;
  }
  // A host with this taint, and the pod on it.
  static ClusterState StateOf(TaintEffect effect, Tolerance tolerance) {
    ClusterState state;
    AddNode("host-1", effect, &state);
    state.Put(MakePod("host-1", tolerance));
    return state;
  }
  size_t Placed(TaintEffect effect, Tolerance tolerance) {
    ClusterState before;
    before.Put(MakePod("", tolerance));
    const ClusterState after = StateOf(effect, tolerance);
    const size_t known = checker_.violations().size();
    checker_.OnState(&before, after, {}, 0);
    return checker_.violations().size() - known;
  }

  TaintChecker checker_;
};

TEST_F(TaintCheckerTest, FindsAPodThatWasPlacedWhereATaintKeepsItAway) {
  EXPECT_EQ(Placed(TaintEffect::kNoSchedule, Tolerance::kNone), 1U);
  EXPECT_EQ(Placed(TaintEffect::kNoExecute, Tolerance::kNone), 1U);
  EXPECT_EQ(Placed(TaintEffect::kNoSchedule, Tolerance::kAWhile), 1U) << "of NoExecute alone";
  EXPECT_EQ(Placed(TaintEffect::kNoExecute, Tolerance::kAWhile), 0U);
  EXPECT_EQ(Placed(TaintEffect::kNoSchedule, Tolerance::kForever), 0U);
  EXPECT_EQ(Placed(TaintEffect::kUnset, Tolerance::kNone), 0U);
}

TEST_F(TaintCheckerTest, FindsAPodThatStays) {
  const ClusterState state = StateOf(TaintEffect::kNoExecute, Tolerance::kNone);
  const auto seen = checker_.OnState(nullptr, state, {}, 0);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].stay_ms, 0);
  EXPECT_TRUE(checker_.OnState(&state, state, {}, 0).empty()) << "once";
  ClusterState gone = state;
  gone.Delete(state.Objects(Kind::kPod).begin()->first);
  checker_.CheckGone(seen[0], gone);
  ClusterState without = state;
  AddNode("host-1", TaintEffect::kUnset, &without);
  checker_.CheckGone(seen[0], without);
  EXPECT_TRUE(checker_.violations().empty());
  checker_.CheckGone(seen[0], state);
  EXPECT_EQ(checker_.violations().size(), 1U);
}

TEST_F(TaintCheckerTest, WhoToleratesForEverMayStay) {
  EXPECT_TRUE(
      checker_.OnState(nullptr, StateOf(TaintEffect::kNoExecute, Tolerance::kForever), {}, 0)
          .empty());
  EXPECT_TRUE(checker_.OnState(nullptr, StateOf(TaintEffect::kNoSchedule, Tolerance::kNone), {}, 0)
                  .empty());
}

TEST_F(TaintCheckerTest, NobodyIsDrivenOutBeforeItsTimeIsOver) {
  const ClusterState state = StateOf(TaintEffect::kNoExecute, Tolerance::kAWhile);
  const auto pod = MakePod("host-1", Tolerance::kAWhile);
  EXPECT_FALSE(checker_.MayGo(*pod, state, {}, 0)) << "it was not there under the taint";
  ASSERT_EQ(checker_.OnState(nullptr, state, MonoTime{1'000}, 0).size(), 1U);
  EXPECT_FALSE(checker_.MayGo(*pod, state, MonoTime{kSimTolerationMs / 2}, 0));
  EXPECT_EQ(checker_.driven_out(), 0);
  EXPECT_TRUE(checker_.MayGo(*pod, state, MonoTime{kSimTolerationMs / 2}, 3'600'000));
  EXPECT_TRUE(checker_.MayGo(*pod, state, MonoTime{1'000 + kSimTolerationMs}, 0));
  EXPECT_TRUE(checker_.MayGo(*MakePod("host-1", Tolerance::kNone), state, {}, 0));
  EXPECT_EQ(checker_.driven_out(), 3);
  EXPECT_FALSE(checker_.MayGo(*MakePod("host-1", Tolerance::kForever), state, {}, 0));
  EXPECT_FALSE(checker_.MayGo(*MakePod("host-2", Tolerance::kNone), state, {}, 0));
}

TEST_F(TaintCheckerTest, WhatPeopleDeclareIsReadBack) {
  for (const Tolerance tolerance : {Tolerance::kNone, Tolerance::kForever, Tolerance::kAWhile}) {
    const auto read = ReadTemplate(MakePod("", tolerance)->spec);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->tolerance, tolerance);
  }
}

}  // namespace
}  // namespace reconcile
