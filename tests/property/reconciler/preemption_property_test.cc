#include <gtest/gtest.h>

#include <set>

#include "reconciler/scheduler/preemption.h"
#include "reconciler/scheduler/priority.h"
#include "reconciler/scheduler/scheduler.h"
#include "schema/kept.h"
#include "tests/property/reconciler/generator.h"

namespace reconcile {
namespace {

constexpr uint64_t kPreemptionCases = 400;
constexpr const char* kClasses[] = {"low", "", "high", "higher"};

void AddClass(const std::string& name, int64_t value, World* world) {
  auto priority = std::make_shared<PriorityClass>();
  priority->metadata.name = name;
  priority->others.Set("value", Value::Int(value));
  world->state.Put(priority);
}

// Full hosts, and room for few.
World FullHosts(Generator* generator) {
  World world;
  AddClass("low", -10, &world);
  AddClass("high", 100, &world);
  AddClass("higher", 1'000, &world);
  for (int i = generator->Int(1, 4); i > 0; --i) {
    const std::string name = "host-" + std::to_string(i);
    world.AddNode(name, std::to_string(generator->Int(1, 5)), "16Gi");
    world.Edit<Node>("", name, [&](Node* node) {
      node->metadata.labels["kubernetes.io/hostname"] = name;
      node->metadata.labels["zone"] = std::to_string(generator->Int(0, 1));
      node->spec.unschedulable = generator->OneIn(10);
    });
  }
  return world;
}

Value AntiAffinity(Generator* generator) {
  Value labels = Value::MakeMap();
  labels.Set("app", Value::String("set-" + std::to_string(generator->Int(1, 4))));
  Value selector = Value::MakeMap();
  selector.Set("matchLabels", std::move(labels));
  Value term = Value::MakeMap();
  term.Set("topologyKey", Value::String(generator->OneIn(3) ? "zone" : "kubernetes.io/hostname"));
  term.Set("labelSelector", std::move(selector));
  Value rules = Value::MakeMap();
  rules.Set("requiredDuringSchedulingIgnoredDuringExecution", Value::MakeList({std::move(term)}));
  Value affinity = Value::MakeMap();
  affinity.Set("podAntiAffinity", std::move(rules));
  return affinity;
}

std::shared_ptr<ReplicaSet> AnySet(Generator* generator, int number) {
  auto set = MakeReplicaSet("set-" + std::to_string(number), generator->Int(1, 5));
  PodSpec& spec = set->spec.pod_template.spec;
  Request(&spec, std::to_string(500 * generator->Int(1, 4)) + "m", "");
  const std::string name = kClasses[generator->Int(0, 3)];
  if (!name.empty()) spec.others.Set("priorityClassName", Value::String(name));
  if (generator->OneIn(8)) spec.others.Set("preemptionPolicy", Value::String("Never"));
  if (generator->OneIn(4)) spec.others.Set("affinity", AntiAffinity(generator));
  if (generator->OneIn(5)) {
    spec.containers.Edit()[0].ports.push_back(
        {.name = "", .container_port = 80, .host_port = 8'080});
  }
  if (generator->OneIn(6)) spec.node_name = "host-" + std::to_string(generator->Int(1, 4));
  return set;
}

// What every preemption must be, at a moment at which nothing fits any more.
void Check(const World& world) {
  std::vector<std::shared_ptr<const Pod>> unplaced;
  for (const auto& pod : world.ActivePods()) {
    if (pod->spec.node_name.empty()) unplaced.push_back(pod);
  }
  const Priorities priorities(world.state);
  ClusterState after = world.state;
  std::set<std::string> gone;
  for (const Preemption& each : PreemptFor(unplaced, world.state)) {
    const std::string& name = each.pod->metadata.name;
    EXPECT_EQ(each.pod->spec.declared_node_name, "") << name;
    for (const auto& victim : each.victims) {
      EXPECT_LT(priorities.Of(victim->spec), priorities.Of(each.pod->spec)) << name;
      EXPECT_EQ(victim->spec.node_name, each.node) << name;
      EXPECT_FALSE(victim->metadata.deletion_timestamp) << name;
      EXPECT_TRUE(gone.insert(victim->metadata.uid).second) << name;
      after.Delete(victim->key());
    }
    ClusterState without_going = after;
    after.pods_by_node().ForEach(each.node, [&](const ObjectKey& key) {
      const auto pod = As<Pod>(after.Find(key));
      if (pod->metadata.deletion_timestamp) without_going.Delete(key);
    });
    const auto alone = std::make_shared<Pod>(*each.pod);
    // What goes elsewhere may make room there too.
    EXPECT_NE(Place({alone}, without_going)[0].node, "") << name;
    for (const auto& victim : each.victims) {
      ClusterState spared = without_going;
      spared.Put(std::make_shared<Pod>(*victim));
      EXPECT_NE(Place({alone}, spared)[0].node, each.node)
          << name << " needs not push out " << victim->metadata.name;
    }
    alone->spec.node_name = each.node;
    after.Put(alone);
  }
}

TEST(PreemptionProperty, WhoGoesIsLowerAndNeededAndTurnsEnd) {
  for (uint64_t seed = 1; seed <= kPreemptionCases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Generator generator(seed);
    World world = FullHosts(&generator);
    std::vector<ObjectPtr> objects;
    for (int commit = 0; commit < 4; ++commit) {
      const int number = generator.Int(1, 4);
      std::erase_if(objects, [&](const ObjectPtr& object) {
        return object->metadata.name == "set-" + std::to_string(number);
      });
      objects.push_back(AnySet(&generator, number));
      const ObjectChanges changes = world.ChangesFor(objects);
      for (int turn = 0; turn < generator.Int(1, 6); ++turn) {
        world.Take(changes);
        Check(world);
        if (generator.OneIn(2)) world.Obey();
        world.Advance(1'000);
      }
      world.Settle(changes);
      Check(world);
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace reconcile
