#include <gtest/gtest.h>

#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

constexpr BreakerLimits kLimits;

class Breaker : public ::testing::Test {
 protected:
  Breaker() {
    for (int i = 1; i <= 3; ++i) {
      world_.AddNode("host-" + std::to_string(i), "64", "64Gi");
    }
    source_.metadata.name = "main";
  }

  static std::vector<ObjectPtr> Maps(int first, int count) {
    std::vector<ObjectPtr> maps;
    for (int i = first; i < first + count; ++i) {
      maps.push_back(MakeConfigMap("map-" + std::to_string(1000 + i)));
    }
    return maps;
  }

  static std::vector<ObjectPtr> Join(std::vector<ObjectPtr> a, const std::vector<ObjectPtr>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }

  std::optional<HeldPrune> Check(const std::vector<ObjectPtr>& objects,
                                 const std::vector<std::string>& confirmations = {},
                                 const BreakerLimits& limits = kLimits) {
    return Verdict(objects, confirmations, limits).held;
  }

  BreakerVerdict Verdict(const std::vector<ObjectPtr>& objects,
                         const std::vector<std::string>& confirmations = {},
                         const BreakerLimits& limits = kLimits) {
    return CheckBreaker(world_.ChangesFor(objects), world_.state, source_, "c0ffee1234567890",
                        confirmations, limits, world_.now.wall);
  }

  // Applies a commit that is not held, five minutes after the last one.
  void Commit(const std::vector<ObjectPtr>& objects,
              const std::vector<std::string>& confirmations = {}) {
    world_.Advance(300'000);
    const BreakerVerdict verdict = Verdict(objects, confirmations);
    ASSERT_FALSE(verdict.held.has_value()) << verdict.held->reason;
    RememberPrune(verdict.counted, kLimits, world_.now.wall, &source_.status);
    world_.Declare(objects);
  }

  // "" when nothing is held; else the words between the commit and what to do about it.
  std::string Why(const std::vector<ObjectPtr>& objects) {
    const auto held = Check(objects);
    if (!held) return "";
    const size_t begin = std::string("commit c0ffee123456 ").size();
    return held->reason.substr(begin, held->reason.find(". Nothing") - begin);
  }

  World world_;
  Source source_;
};

TEST_F(Breaker, LetsSmallRemovalsThrough) {
  world_.Declare(Maps(0, 200));
  EXPECT_EQ(Why(Maps(0, 150)), "");
  EXPECT_EQ(Why(Maps(0, 250)), "");
}

TEST_F(Breaker, HoldsMoreThanFiftyObjects) {
  world_.Declare(Maps(0, 200));
  EXPECT_EQ(Why(Maps(0, 149)), "removes 51 objects within 60m; the limit is 50");
}

TEST_F(Breaker, CountsWhatWasPrunedWithinTheHour) {
  world_.Declare(Maps(0, 200));
  source_.status.recent_prunes = {
      {.at = WallTime{world_.now.wall.ms - 3'600'000}, .objects = 1'000, .objects_gone = 1'000},
      {.at = WallTime{world_.now.wall.ms - 3'599'999}, .objects = 41, .objects_gone = 41}};
  EXPECT_EQ(Why(Maps(0, 191)), "");
  EXPECT_EQ(Why(Maps(0, 190)), "removes 51 objects within 60m; the limit is 50");
  EXPECT_EQ(Why(Maps(0, 200)), "") << "a commit that removes nothing is not held for earlier ones";
}

TEST_F(Breaker, HoldsMoreThanHalfOfTheObjects) {
  world_.Declare(Maps(0, 10));
  EXPECT_EQ(Why(Maps(0, 5)), "");
  EXPECT_EQ(Why(Maps(0, 4)), "removes 6 of 10 objects of this source; the limit is 50 %");
}

TEST_F(Breaker, FewerThanFiveMayGoWhateverTheirShare) {
  world_.Declare(Maps(0, 5));
  EXPECT_EQ(Why(Maps(0, 1)), "");
  world_.Declare(Maps(0, 6));
  EXPECT_EQ(Why(Maps(0, 1)), "removes 5 of 6 objects of this source; the limit is 50 %");
}

TEST_F(Breaker, HoldsMoreThanHalfOfTheRunningPods) {
  const auto keep = Join(Maps(0, 10), {MakeDeployment("small", 4)});
  world_.Declare(Join(keep, {MakeDeployment("large", 5)}));
  EXPECT_EQ(Why(keep), "stops 5 of 9 running pods of this source; the limit is 50 %");
  world_.Declare(Join(keep, {MakeDeployment("large", 4)}));
  EXPECT_EQ(Why(keep), "") << "four are too few to hold for";
}

TEST_F(Breaker, CountsRunningPodsThatEarlierCommitsOfTheHourStopped) {
  const auto rest = Join(Maps(0, 20), {MakeDeployment("c", 1)});
  world_.Declare(Join(rest, {MakeDeployment("a", 4), MakeDeployment("b", 4)}));
  Commit(Join(rest, {MakeDeployment("b", 4)}));
  EXPECT_EQ(Why(rest),
            "stops 4 of 9 running pods of this source, after 4 within 60m; the limit is 50 %");
  EXPECT_EQ(Why(Join(rest, {MakeDeployment("b", 4)})), "") << "nothing goes now";
  world_.Advance(3'600'000);
  EXPECT_EQ(Why(rest), "");
}

TEST_F(Breaker, AScaleDownInStepsCountsAsAWhole) {
  world_.Declare(Join(Maps(0, 10), {MakeDeployment("web", 10)}));
  Commit(Join(Maps(0, 10), {MakeDeployment("web", 6)}));
  EXPECT_EQ(Why(Join(Maps(0, 10), {MakeDeployment("web", 2)})),
            "stops 4 of 10 running pods of this source, after 4 within 60m; the limit is 50 %");
}

TEST_F(Breaker, ObjectsScaledToZeroWithinTheHourAreStillOnesOfTheSource) {
  const auto apps = [](int scaled_to_zero) {
    std::vector<ObjectPtr> objects;
    for (int i = 0; i < 10; ++i) {
      objects.push_back(MakeDeployment("web-" + std::to_string(i), i < scaled_to_zero ? 0 : 1));
    }
    return objects;
  };
  world_.Declare(apps(0));
  Commit(apps(4));
  EXPECT_EQ(Why(apps(6)),
            "removes 2 of 10 objects of this source, after 4 within 60m; the limit is 50 %");
}

TEST_F(Breaker, RecreationsWithinTheHourCountTogether) {
  const auto jobs = [](int changed) {
    std::vector<ObjectPtr> pods;
    for (int i = 0; i < 8; ++i) {
      pods.push_back(MakePod("job-" + std::to_string(i), i < changed ? "img:2" : "img:1"));
    }
    return pods;
  };
  world_.Declare(jobs(0));
  Commit(jobs(4));
  EXPECT_EQ(source_.status.recent_prunes.at(0).objects, 4);
  EXPECT_EQ(source_.status.recent_prunes.at(0).objects_gone, 0);
  EXPECT_EQ(source_.status.recent_prunes.at(0).pods, 4);
  EXPECT_EQ(source_.status.recent_prunes.at(0).pods_gone, 0);
  EXPECT_EQ(Why(jobs(5)),
            "removes 1 of 8 objects of this source, after 4 within 60m; the limit is 50 %");
  source_.status.recent_prunes.at(0).objects = 8;
  EXPECT_EQ(Why(jobs(8)),
            "removes 4 of 8 objects of this source, after 8 within 60m; the limit is 50 %")
      << "no more than there are";
}

TEST_F(Breaker, AScaleDownCountsByItsPods) {
  const auto keep = Maps(0, 10);
  world_.Declare(Join(keep, {MakeDeployment("web", 10)}));
  EXPECT_EQ(Why(Join(keep, {MakeDeployment("web", 5)})), "");
  EXPECT_EQ(Why(Join(keep, {MakeDeployment("web", 4)})),
            "stops 6 of 10 running pods of this source; the limit is 50 %");
  EXPECT_EQ(Check(Join(keep, {MakeDeployment("web", 4)}))->objects,
            std::vector<std::string>{"Deployment default/web (scaled to 4)"});
}

TEST_F(Breaker, ScalingToZeroCountsAsARemoval) {
  std::vector<ObjectPtr> before;
  std::vector<ObjectPtr> after;
  for (int i = 0; i < 10; ++i) {
    const std::string name = "web-" + std::to_string(i);
    before.push_back(MakeDeployment(name, 1));
    after.push_back(MakeDeployment(name, i < 6 ? 0 : 1));
  }
  world_.Declare(before);
  EXPECT_EQ(Why(after), "removes 6 of 10 objects of this source; the limit is 50 %");
}

TEST_F(Breaker, RenamesCountAsRemovals) {
  world_.Declare(Maps(0, 10));
  EXPECT_EQ(Why(Maps(100, 10)), "removes 10 of 10 objects of this source; the limit is 50 %");
}

TEST_F(Breaker, RecreationsCountAsRemovals) {
  std::vector<ObjectPtr> before;
  std::vector<ObjectPtr> after;
  for (int i = 0; i < 8; ++i) {
    before.push_back(MakePod("job-" + std::to_string(i), "img:1"));
    after.push_back(MakePod("job-" + std::to_string(i), "img:2"));
  }
  world_.Declare(before);
  EXPECT_EQ(Why(after), "removes 8 of 8 objects of this source; the limit is 50 %");
}

TEST_F(Breaker, ARecreationUnderWayIsNotCountedAgain) {
  world_.Declare(Join(Maps(0, 3), {MakePod("job", "img:1")}));
  const auto after = Join(Maps(0, 3), {MakePod("job", "img:2")});
  const auto limits = BreakerLimits{.max_objects = 0};
  EXPECT_TRUE(Check(after, {}, limits).has_value());
  world_.Take(world_.ChangesFor(after));
  EXPECT_FALSE(Check(after, {}, limits).has_value());
}

TEST_F(Breaker, HoldsAllWorkloadsOfANamespace) {
  auto theirs = MakeDeployment("other", 1);
  theirs->metadata.namespace_name = "shop";
  const std::vector<ObjectPtr> keep = {MakeNamespace("shop"), theirs, MakeConfigMap("settings")};
  world_.Declare(Join(keep, {MakeDeployment("web", 1), MakeController("rc", 1)}));
  EXPECT_EQ(Why(Join(keep, {MakeDeployment("web", 1)})), "");
  EXPECT_EQ(Why(keep), "removes all workloads of namespace 'default'");
  EXPECT_EQ(Why(Join(keep, {MakeDeployment("web", 0), MakeController("rc", 0)})),
            "removes all workloads of namespace 'default'");
}

TEST_F(Breaker, AnotherImageForTheOnlyPodOfANamespaceIsNoRemovalOfAllWorkloads) {
  world_.Declare({MakePod("job", "img:1"), MakeConfigMap("a")});
  EXPECT_EQ(Why({MakePod("job", "img:2"), MakeConfigMap("a")}), "");
}

TEST_F(Breaker, ANodeDeclarationIsTakenBackWithoutAHold) {
  world_.Declare({MakeNode("host-1", {{"disk", "ssd"}}), MakeConfigMap("a")});
  EXPECT_EQ(Why({MakeConfigMap("a")}), "");
}

// ---- FAULTS ----

TEST(Faults, Line12_AnEmptyTreeDeletesNothingAndIsHeldByName) {
  World world;
  Source source;
  source.metadata.name = "main";
  const auto check = [&](const std::vector<ObjectPtr>& objects) {
    return CheckBreaker(world.ChangesFor(objects), world.state, source, "c0ffee", {}, kLimits,
                        world.now.wall)
        .held;
  };
  EXPECT_FALSE(check({}).has_value()) << "the source owns nothing yet";
  world.Declare({MakeConfigMap("only")});
  const auto held = check({});
  ASSERT_TRUE(held.has_value());
  EXPECT_EQ(held->objects, std::vector<std::string>{"ConfigMap default/only"});
  EXPECT_EQ(held->object_count, 1);
  EXPECT_EQ(held->commit, "c0ffee");
  EXPECT_NE(held->reason.find("declares nothing, while 1 object of this source is in force"),
            std::string::npos);
}

TEST_F(Breaker, AnEmptiedTreeOfNodesOrBuiltInNamespacesHoldsToo) {
  world_.Declare({MakeNode("host-1", {{"disk", "ssd"}}), MakeNamespace("default")});
  const auto held = Check({});
  ASSERT_TRUE(held.has_value());
  EXPECT_EQ(held->objects, (std::vector<std::string>{"Namespace default (no longer declared)",
                                                     "Node host-1 (no longer declared)"}));
}

// ---- Confirming ----

TEST_F(Breaker, SaysHowToConfirm) {
  world_.Declare(Maps(0, 3));
  const auto held = Check({});
  ASSERT_TRUE(held.has_value());
  EXPECT_EQ(held->plan_hash.size(), 12u);
  EXPECT_NE(held->reason.find("`reconcile confirm " + held->plan_hash + "`"), std::string::npos);
  EXPECT_NE(held->reason.find("`Reconcile-Confirm: prune=" + held->plan_hash + "`"),
            std::string::npos);
}

TEST_F(Breaker, AConfirmedHoldOrATrailerLetsItThrough) {
  world_.Declare(Maps(0, 3));
  const auto held = Check({});
  EXPECT_FALSE(Check({}, {"prune=" + held->plan_hash}).has_value());
  EXPECT_TRUE(Check({}, {"prune=000000000000"}).has_value());
  source_.status.held = held;
  EXPECT_TRUE(Check({}).has_value()) << "held, but not confirmed";
  source_.status.held->confirmed = true;
  EXPECT_FALSE(Check({}).has_value());
}

TEST_F(Breaker, WhatAPersonConfirmedDoesNotHoldTheCommitsAfterIt) {
  world_.Declare(Maps(0, 200));
  const auto held = Check(Maps(0, 140));
  ASSERT_TRUE(held.has_value());
  Commit(Maps(0, 140), {"prune=" + held->plan_hash});
  EXPECT_TRUE(source_.status.recent_prunes.empty());
  EXPECT_EQ(Why(Maps(0, 135)), "");
  EXPECT_NE(Why(Maps(0, 89)), "");
}

TEST(RecentPrunes, LeaveAfterTheWindowAndAClockSetBackKeepsThemNoLonger) {
  const WallTime now{1'790'000'000'000};
  SourceStatus status;
  status.recent_prunes = {{.at = WallTime{now.ms - 3'600'000}, .objects = 1},
                          {.at = WallTime{now.ms - 1}, .objects = 2},
                          {.at = WallTime{now.ms + 86'400'000}, .objects = 3}};
  RememberPrune({}, kLimits, now, &status);
  ASSERT_EQ(status.recent_prunes.size(), 2u);
  EXPECT_EQ(status.recent_prunes[0].objects, 2);
  EXPECT_EQ(status.recent_prunes[1].at, now);
  RememberPrune({}, kLimits, {now.ms + 3'600'000}, &status);
  EXPECT_TRUE(status.recent_prunes.empty());
}

TEST(RecentPrunes, AreBoundedAndLoseNoneOfTheirCounts) {
  SourceStatus status;
  WallTime now{1'790'000'000'000};
  for (size_t i = 0; i < kMaxRecentPrunes + 10; ++i) {
    now.ms += 1'000;
    RememberPrune({.objects = 2, .objects_gone = 1, .pods = 3, .pods_gone = 2}, kLimits, now,
                  &status);
  }
  ASSERT_EQ(status.recent_prunes.size(), kMaxRecentPrunes);
  EXPECT_EQ(status.recent_prunes[0].objects, 22);
  EXPECT_EQ(status.recent_prunes[0].objects_gone, 11);
  EXPECT_EQ(status.recent_prunes[0].pods, 33);
  EXPECT_EQ(status.recent_prunes[0].pods_gone, 22);
  EXPECT_EQ(status.recent_prunes[0].at, (WallTime{1'790'000'011'000}));
  EXPECT_EQ(status.recent_prunes.back().at, now);
}

TEST_F(Breaker, AConfirmationIsForThesePlannedRemovalsOnly) {
  world_.Declare(Maps(0, 100));
  source_.status.held = Check(Maps(0, 40));
  source_.status.held->confirmed = true;
  EXPECT_FALSE(Check(Maps(0, 40)).has_value());
  EXPECT_TRUE(Check(Maps(0, 39)).has_value());
}

TEST_F(Breaker, ThePlanHashStaysTheSameOverRetriesAndCommits) {
  world_.Declare(Join(Maps(0, 8), {MakeDeployment("web", 3)}));
  const std::string hash = Check({})->plan_hash;
  world_.Advance(100'000);
  world_.SetReady(*world_.Pods()[0], false);
  world_.Take();
  EXPECT_EQ(Check({})->plan_hash, hash);
}

TEST_F(Breaker, ObjectsCreatedAnewNeedAnotherConfirmation) {
  world_.Declare(Maps(0, 3));
  const std::string hash = Check({})->plan_hash;
  world_.Declare({});
  world_.Declare(Maps(0, 3));
  EXPECT_NE(Check({})->plan_hash, hash);
}

TEST_F(Breaker, LimitsAreSettings) {
  world_.Declare(Maps(0, 10));
  EXPECT_TRUE(Check(Maps(0, 9), {}, {.max_objects = 0}).has_value());
  EXPECT_TRUE(Check(Maps(0, 8), {}, {.max_percent = 10, .min_for_percent = 1}).has_value());
  EXPECT_FALSE(Check(Maps(0, 1), {}, {.max_percent = 100}).has_value());
}

TEST_F(Breaker, ListsABoundedNumberOfObjects) {
  world_.Declare(Maps(0, 250));
  const auto held = Check({});
  EXPECT_EQ(held->objects.size(), 100u);
  EXPECT_EQ(held->object_count, 250);
  EXPECT_EQ(held->objects[0], "ConfigMap default/map-1000");
}

}  // namespace
}  // namespace reconcile
