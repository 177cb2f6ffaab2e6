#include <gtest/gtest.h>

#include "reconciler/pod_control.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

constexpr WallTime kNow{1'790'000'000'000};

struct Facts {
  std::string node = "host-1";
  PodPhase phase = PodPhase::kRunning;
  bool ready = true;
  std::string cost;
  int64_t ready_for_s = 1'000;
  int32_t restarts = 0;
  int64_t age_s = 2'000;
};

PodPtr Make(const std::string& name, const Facts& facts) {
  auto pod = MakePod(name);
  pod->metadata.uid = name;
  pod->spec.node_name = facts.node;
  pod->status.phase = facts.phase;
  pod->metadata.creation_timestamp = WallTime{kNow.ms - facts.age_s * 1000};
  if (!facts.cost.empty()) {
    pod->metadata.annotations["controller.kubernetes.io/pod-deletion-cost"] = facts.cost;
  }
  SetCondition(
      &pod->status.conditions,
      {.type = "Ready", .status = facts.ready ? ConditionStatus::kTrue : ConditionStatus::kFalse},
      {kNow.ms - facts.ready_for_s * 1000});
  ContainerStatus container;
  container.name = "main";
  container.restart_count = facts.restarts;
  pod->status.container_statuses.push_back(container);
  return pod;
}

// The one that goes, whatever the order they are given in.
std::string Victim(const PodPtr& a, const PodPtr& b, std::vector<PodPtr> siblings = {}) {
  if (siblings.empty()) siblings = {a, b};
  const auto first = ChooseVictims({a, b}, siblings, 1, kNow);
  const auto second = ChooseVictims({b, a}, siblings, 1, kNow);
  EXPECT_EQ(first.at(0), second.at(0));
  return first.at(0)->metadata.name;
}

// In the order of SEMANTICS 3.2; each pod that stays would go by a later rule.
TEST(Victims, UnassignedBeforeAssigned) {
  EXPECT_EQ(Victim(Make("stays", {.phase = PodPhase::kPending, .ready = false}),
                   Make("goes", {.node = ""})),
            "goes");
}
TEST(Victims, PendingBeforeUnknownBeforeRunning) {
  EXPECT_EQ(Victim(Make("stays", {.phase = PodPhase::kUnknown, .ready = false}),
                   Make("goes", {.phase = PodPhase::kPending})),
            "goes");
  EXPECT_EQ(Victim(Make("stays", {.ready = false}), Make("goes", {.phase = PodPhase::kUnknown})),
            "goes");
}
TEST(Victims, NotReadyBeforeReady) {
  EXPECT_EQ(Victim(Make("stays", {.cost = "-5"}), Make("goes", {.ready = false})), "goes");
}
TEST(Victims, LowerDeletionCostFirst) {
  const PodPtr crowded = Make("stays", {.cost = "10"});
  EXPECT_EQ(
      Victim(crowded, Make("goes", {.node = "host-2", .cost = "9"}), {crowded, crowded, crowded}),
      "goes");
  EXPECT_EQ(Victim(Make("stays", {}), Make("goes", {.cost = "-1"})), "goes");
}
TEST(Victims, ACostThatIsNoNumberCountsAsNone) {
  EXPECT_EQ(Victim(Make("stays", {.cost = "12x"}), Make("goes", {.cost = "-1"})), "goes");
  EXPECT_EQ(Victim(Make("stays", {.cost = "1"}), Make("goes", {.cost = "99999999999"})), "goes");
}
TEST(Victims, MoreReadySiblingsOnItsNodeFirst) {
  const PodPtr alone = Make("stays", {.node = "host-2", .ready_for_s = 1});
  const PodPtr crowded = Make("goes", {.node = "host-1"});
  EXPECT_EQ(Victim(alone, crowded, {alone, crowded, Make("other", {})}), "goes");
}
TEST(Victims, ReadyMoreRecentlyFirst) {
  EXPECT_EQ(Victim(Make("stays", {.ready_for_s = 1'000, .restarts = 9}),
                   Make("goes", {.ready_for_s = 10})),
            "goes");
}
TEST(Victims, ReadyAgesInTheSameBucketGoByUid) {
  EXPECT_EQ(Victim(Make("a-goes", {.ready_for_s = 1'000}),
                   Make("b-stays", {.ready_for_s = 600, .restarts = 9, .age_s = 700})),
            "a-goes");
}
TEST(Victims, HowLongAPodHasNotBeenReadyDoesNotCount) {
  EXPECT_EQ(Victim(Make("stays", {.ready = false, .ready_for_s = 1}),
                   Make("goes", {.ready = false, .ready_for_s = 1'000, .restarts = 1})),
            "goes");
}
TEST(Victims, OfPodsThatAreNotReadyMoreRestartsFirst) {
  EXPECT_EQ(Victim(Make("a-stays", {.ready = false, .restarts = 1, .age_s = 1}),
                   Make("goes", {.ready = false, .restarts = 2})),
            "goes");
}
TEST(Victims, ThenTheNewerOfThem) {
  EXPECT_EQ(Victim(Make("a-stays", {.ready = false, .age_s = 5'000}),
                   Make("goes", {.ready = false, .age_s = 1'100})),
            "goes");
}
TEST(Victims, ThenTheLowerUid) {
  EXPECT_EQ(Victim(Make("uid-1", {.ready = false}), Make("uid-2", {.ready = false})), "uid-1");
}

TEST(Victims, AsManyAsAsked) {
  std::vector<PodPtr> pods;
  for (int i = 0; i < 5; ++i) pods.push_back(Make("uid-" + std::to_string(i), {}));
  EXPECT_EQ(ChooseVictims(pods, pods, 3, kNow).size(), 3u);
  EXPECT_EQ(ChooseVictims(pods, pods, 9, kNow).size(), 5u);
  EXPECT_TRUE(ChooseVictims({}, {}, 1, kNow).empty());
}

}  // namespace
}  // namespace reconcile
