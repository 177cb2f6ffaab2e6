#include "reconciler/events.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

Reason Pulled(const std::string& pod, const std::string& message = "Pulled image") {
  return {.key = {Kind::kPod, "default", pod},
          .reason = "Pulled",
          .message = message,
          .component = "agent"};
}

std::vector<std::shared_ptr<const Event>> EventsOf(const ClusterState& state) {
  std::vector<std::shared_ptr<const Event>> events;
  state.ForEach<Event>([&](const auto& event) { events.push_back(event); });
  return events;
}

World WorldWithPod() {
  World world;
  world.AddNode("host-1");
  world.Declare({MakePod("job")});
  std::vector<ObjectKey> keys;
  for (const auto& [key, object] : world.state.Objects(Kind::kEvent)) keys.push_back(key);
  for (const ObjectKey& key : keys) world.state.Delete(key);
  return world;
}

TEST(Events, RepeatsAreCountedNotStoredAgain) {
  World world = WorldWithPod();
  world.state = Apply(world.state, RecordReasons(world.state, {Pulled("job")}, world.now));
  world.Advance(5'000);
  world.state =
      Apply(world.state, RecordReasons(world.state, {Pulled("job"), Pulled("job")}, world.now));
  const auto events = EventsOf(world.state);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0]->count, 3);
  EXPECT_EQ(events[0]->first_timestamp->ms, world.now.wall.ms - 5'000);
  EXPECT_EQ(events[0]->last_timestamp, world.now.wall);
}

TEST(Events, OtherMessagesObjectsAndReasonsAreOtherEvents) {
  World world = WorldWithPod();
  Reason failed = Pulled("job");
  failed.type = EventType::kWarning;
  const Transaction writes = RecordReasons(
      world.state, {Pulled("job"), Pulled("job", "other"), Pulled("another"), failed}, world.now);
  EXPECT_EQ(writes.writes.size(), 4u);
}

TEST(Events, CarryTheObjectTheyAreAbout) {
  World world = WorldWithPod();
  world.state = Apply(world.state, RecordReasons(world.state, {Pulled("job")}, world.now));
  const auto event = EventsOf(world.state).at(0);
  EXPECT_EQ(event->involved_object.kind, "Pod");
  EXPECT_EQ(event->involved_object.api_version, "v1");
  EXPECT_EQ(event->involved_object.uid, world.Pods()[0]->metadata.uid);
  EXPECT_EQ(event->metadata.namespace_name, "default");
  EXPECT_EQ(event->metadata.name.substr(0, 4), "job.");
  EXPECT_EQ(event->host, "host-1");
  EXPECT_EQ(event->component, "agent");
}

TEST(Events, AreOfThePodThatIsMeantNotOfItsNamesake) {
  World world = WorldWithPod();
  Reason earlier = Pulled("job");
  earlier.uid = "uid-of-an-earlier-pod";
  world.state = Apply(world.state, RecordReasons(world.state, {earlier}, world.now));
  const auto event = EventsOf(world.state).at(0);
  EXPECT_EQ(event->involved_object.name, "job");
  EXPECT_EQ(event->involved_object.uid, "uid-of-an-earlier-pod");
  EXPECT_EQ(event->host, "");
}

TEST(Events, ThoseOfClusterWideObjectsAreInDefault) {
  World world = WorldWithPod();
  const Transaction writes = RecordReasons(
      world.state, {{.key = {Kind::kNode, "", "host-1"}, .reason = "Ready", .message = "m"}},
      world.now);
  EXPECT_EQ(writes.writes.at(0).key.namespace_name, "default");
  EXPECT_EQ(As<Event>(*writes.writes.at(0).object)->host, "host-1");
}

TEST(Events, ANamespaceThatIsGoneTakesNone) {
  World world = WorldWithPod();
  Reason reason = Pulled("job");
  reason.key.namespace_name = "gone";
  EXPECT_TRUE(RecordReasons(world.state, {reason}, world.now).empty());
}

TEST(Events, LongNamesAreCut) {
  World world = WorldWithPod();
  const Transaction writes = RecordReasons(world.state, {Pulled(std::string(253, 'x'))}, world.now);
  EXPECT_EQ(writes.writes.at(0).key.name.size(), 253u);
}

TEST(Events, ExpireAfterAnHourTogether) {
  World world = WorldWithPod();
  world.state = Apply(world.state, RecordReasons(world.state, {Pulled("job")}, world.now));
  const Plan plan = world.Take();
  ASSERT_TRUE(plan.wake_at.has_value());
  EXPECT_EQ(*plan.wake_at - world.now.mono, kEventTtlMs + kEventExpirySlackMs);
  world.Advance(kEventTtlMs - 1);
  EXPECT_TRUE(world.Take().transaction.empty());
  world.Advance(1);
  EXPECT_EQ(world.Take().transaction.writes.size(), 1u);
  EXPECT_TRUE(EventsOf(world.state).empty());
  EXPECT_FALSE(world.Take().wake_at.has_value());
}

TEST(Events, TheOldestGoBeyondTheLimit) {
  World world = WorldWithPod();
  for (size_t i = 0; i < kMaxEvents + 3; ++i) {
    auto event = std::make_shared<Event>();
    event->metadata.namespace_name = "default";
    event->metadata.name = "event-" + std::to_string(i);
    event->last_timestamp = WallTime{world.now.wall.ms - static_cast<int64_t>(i)};
    world.state.Put(event);
  }
  world.Take();
  constexpr size_t kLeft = kMaxEvents - kEventsRoom;
  EXPECT_EQ(EventsOf(world.state).size(), kLeft);
  EXPECT_NE(world.state.Find<Event>("default", "event-0"), nullptr);
  EXPECT_NE(world.state.Find<Event>("default", "event-" + std::to_string(kLeft - 1)), nullptr);
  EXPECT_EQ(world.state.Find<Event>("default", "event-" + std::to_string(kLeft)), nullptr);
  EXPECT_TRUE(world.Take().transaction.empty());
}

TEST(Events, APodThatDoesNotFitIsSaidOnceForEachSituation) {
  World world;
  world.AddNode("host-1", "1");
  auto pod = MakePod("big");
  Request(&pod->spec, "2", "");
  world.Take(world.ChangesFor({pod}));
  const size_t events = EventsOf(world.state).size();
  EXPECT_TRUE(world.Take().transaction.empty());
  world.Advance(10'000);
  EXPECT_TRUE(world.Take().transaction.empty());
  world.Edit<Node>("", "host-1", [](Node* node) { node->spec.unschedulable = true; });
  EXPECT_FALSE(world.Take().transaction.empty());
  EXPECT_EQ(EventsOf(world.state).size(), events + 1);
  EXPECT_TRUE(world.Take().transaction.empty());
}

TEST(Events, OtherAmountsMakeNoOtherEventAboutAPodThatDoesNotFit) {
  World world;
  world.AddNode("host-1", "1");
  auto pod = MakePod("big");
  Request(&pod->spec, "2", "");
  world.Take(world.ChangesFor({pod}));
  const std::string refused = "Pod big FailedScheduling: 0/1 nodes are available: Insufficient cpu";
  const auto told = [&] {
    const auto texts = world.EventTexts();
    return std::count_if(texts.begin(), texts.end(), [](const std::string& text) {
      return text.find("FailedScheduling") != std::string::npos;
    });
  };
  const auto texts = world.EventTexts();
  EXPECT_NE(std::find(texts.begin(), texts.end(), refused), texts.end());
  auto small = MakePod("small");
  Request(&small->spec, "300m", "");
  world.Take(world.ChangesFor({pod, small}));
  const auto explained = world.state.Find<Pod>("default", "big");
  EXPECT_EQ(FindCondition(explained->status.conditions, "PodScheduled")->message,
            "0/1 nodes are available: 1 Insufficient cpu. host-1: needs 2 cpu, 700m free");
  EXPECT_EQ(told(), 1);
}

TEST(Events, APodThatDoesNotFitIsExplainedOnceATurnByWhatIsFreeInTheEnd) {
  World world;
  world.AddNode("host-1", "1");
  auto pod = MakePod("big");
  Request(&pod->spec, "900m", "");
  auto set = MakeReplicaSet("small", 3);
  Request(&set->spec.pod_template.spec, "200m", "");
  auto other = MakePod("other");
  Request(&other->spec, "200m", "");
  world.Declare({other});
  const Plan plan = world.Take(world.ChangesFor({pod, set, other}));
  int told = 0;
  for (const Reason& reason : plan.reasons) told += reason.reason == "FailedScheduling" ? 1 : 0;
  EXPECT_EQ(told, 1);
  const auto explained = world.state.Find<Pod>("default", "big");
  EXPECT_EQ(FindCondition(explained->status.conditions, "PodScheduled")->message,
            "0/1 nodes are available: 1 Insufficient cpu. host-1: needs 900m cpu, 200m free");
  EXPECT_TRUE(world.Take().transaction.empty());
}

TEST(Events, APendingPodIsPlacedAsSoonAsThereIsRoom) {
  World world;
  world.AddNode("host-1", "1");
  auto pod = MakePod("big");
  Request(&pod->spec, "2", "");
  world.Declare({pod});
  world.AddNode("host-2", "2");
  world.Take();
  const auto placed = world.state.Find<Pod>("default", "big");
  EXPECT_EQ(placed->spec.node_name, "host-2");
  EXPECT_EQ(FindCondition(placed->status.conditions, "PodScheduled")->status,
            ConditionStatus::kTrue);
}

}  // namespace
}  // namespace reconcile
