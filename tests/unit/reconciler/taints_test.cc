#include "reconciler/scheduler/taints.h"

#include <gtest/gtest.h>

#include "reconciler/scheduler/scheduler.h"
#include "schema/kept.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

constexpr int64_t kSecondMs = 1000;

Taint MakeTaint(const std::string& key, const std::string& value, TaintEffect effect) {
  return {.key = key, .value = value, .effect = effect, .time_added = std::nullopt};
}

Value MakeToleration(const std::string& key, const std::string& value, const std::string& effect) {
  Value toleration = Value::MakeMap();
  if (!key.empty()) toleration.Set("key", Value::String(key));
  toleration.Set("operator", Value::String(value.empty() ? "Exists" : "Equal"));
  if (!value.empty()) toleration.Set("value", Value::String(value));
  if (!effect.empty()) toleration.Set("effect", Value::String(effect));
  return toleration;
}

void Tolerate(PodSpec* spec, Value toleration) {
  spec->others.Set("tolerations", Value::MakeList({std::move(toleration)}));
}

class TaintsTest : public testing::Test {
 protected:
  TaintsTest() {
    world_.AddNode("host-1");
    world_.AddNode("host-2");
  }

  void SetTaints(const std::string& node, std::vector<Taint> taints) {
    world_.Edit<Node>("", node, [&](Node* edited) { edited->spec.taints = std::move(taints); });
  }
  // Where the pod goes, or why nowhere.
  std::string PlaceOf(const std::shared_ptr<Pod>& pod) const {
    const std::vector<Binding> bindings = Place({pod}, world_.state);
    return bindings[0].node.empty() ? bindings[0].explanation : bindings[0].node;
  }

  World world_;
};

TEST_F(TaintsTest, OfPressureKeepPodsAwayAndNoneIsDeclared) {
  const auto set = [&](std::string_view type, ConditionStatus status) {
    world_.Edit<Node>("", "host-1", [&](Node* node) {
      SetCondition(&node->status.conditions, {.type = std::string(type), .status = status},
                   world_.now.wall);
    });
  };
  world_.Edit<Node>("", "host-2", [](Node* node) { node->spec.unschedulable = true; });
  auto pod = MakePod("web");
  pod->spec.containers.Edit()[0].resources = {};
  for (const auto& [type, taint] :
       {std::pair(kMemoryPressure, kMemoryPressureTaint),
        std::pair(kDiskPressure, kDiskPressureTaint), std::pair(kPidPressure, kPidPressureTaint)}) {
    set(type, ConditionStatus::kTrue);
    const std::string words = "node(s) had untolerated taint {" + std::string(taint) + ": }";
    EXPECT_NE(PlaceOf(pod).find("1 " + words), std::string::npos) << PlaceOf(pod);
    set(type, ConditionStatus::kFalse);
    EXPECT_EQ(PlaceOf(pod), "host-1");
  }
}

TEST_F(TaintsTest, PodsThatAskForMemoryCopeWithItsPressure) {
  for (const char* node : {"host-1", "host-2"}) {
    world_.Edit<Node>("", node, [&](Node* edited) {
      SetCondition(&edited->status.conditions,
                   {.type = std::string(kMemoryPressure), .status = ConditionStatus::kTrue},
                   world_.now.wall);
    });
  }
  auto best_effort = MakePod("best-effort");
  best_effort->spec.containers.Edit()[0].resources = {};
  auto burstable = MakePod("burstable");
  burstable->spec.containers.Edit()[0].resources = {};
  burstable->spec.containers.Edit()[0].resources.requests["cpu"] = *Quantity::Parse("0");
  burstable->spec.containers.Edit()[0].resources.limits["cpu"] = *Quantity::Parse("1");
  EXPECT_EQ(PlaceOf(best_effort).substr(0, 3), "0/2");
  EXPECT_EQ(PlaceOf(burstable).substr(0, 5), "host-");
  const std::vector<Binding> both = Place({best_effort, burstable}, world_.state);
  EXPECT_TRUE(both[0].node.empty());
  EXPECT_FALSE(both[1].node.empty());
}

TEST_F(TaintsTest, KeepPodsAwayThatDoNotTolerateThem) {
  SetTaints("host-1", {MakeTaint("dedicated", "db", TaintEffect::kNoSchedule)});
  SetTaints("host-2", {MakeTaint("gpu", "", TaintEffect::kNoExecute)});
  auto pod = MakePod("web");
  EXPECT_EQ(PlaceOf(pod),
            "0/2 nodes are available: 1 node(s) had untolerated taint {dedicated: db}, 1 node(s) "
            "had untolerated taint {gpu: }. host-1: node(s) had untolerated taint {dedicated: db}; "
            "host-2: node(s) had untolerated taint {gpu: }");
  Tolerate(&pod->spec, MakeToleration("dedicated", "web", ""));
  EXPECT_EQ(PlaceOf(pod).substr(0, 3), "0/2") << "another value";
  Tolerate(&pod->spec, MakeToleration("dedicated", "db", "NoExecute"));
  EXPECT_EQ(PlaceOf(pod).substr(0, 3), "0/2") << "another effect";
  Tolerate(&pod->spec, MakeToleration("dedicated", "db", "NoSchedule"));
  EXPECT_EQ(PlaceOf(pod), "host-1");
  Tolerate(&pod->spec, MakeToleration("gpu", "", ""));
  EXPECT_EQ(PlaceOf(pod), "host-2");
}

TEST_F(TaintsTest, PreferNoScheduleOutweighsFreeRoomAndKeepsNothingAway) {
  world_.AddNode("host-3", "400m", "1Gi");  // the fullest by far
  for (const char* node : {"host-1", "host-2"}) {
    SetTaints(node, {MakeTaint("old", "", TaintEffect::kPreferNoSchedule)});
  }
  auto pod = MakePod("web");
  EXPECT_EQ(PlaceOf(pod), "host-3");
  Tolerate(&pod->spec, MakeToleration("", "", ""));
  EXPECT_NE(PlaceOf(pod), "host-3");
  SetTaints("host-3", {MakeTaint("old", "", TaintEffect::kNoSchedule)});
  EXPECT_NE(PlaceOf(MakePod("api")).substr(0, 2), "0/");
}

TEST_F(TaintsTest, AnUnschedulableNodeTakesPodsThatTolerateThat) {
  world_.Edit<Node>("", "host-1", [](Node* node) { node->spec.unschedulable = true; });
  world_.Edit<Node>("", "host-2", [](Node* node) { node->status.cordon.emplace(); });
  auto pod = MakePod("web");
  EXPECT_EQ(PlaceOf(pod),
            "0/2 nodes are available: 2 node(s) were unschedulable. host-1: unschedulable; host-2: "
            "unschedulable");
  Tolerate(&pod->spec, MakeToleration("node.kubernetes.io/unschedulable", "", "NoSchedule"));
  EXPECT_EQ(PlaceOf(pod).substr(0, 5), "host-");
}

TEST_F(TaintsTest, NoExecuteDrivesAwayWhatDoesNotTolerateItAtOnceAndTheRestInTime) {
  auto lasting = MakeDeployment("lasting", 1);
  Tolerate(&lasting->spec.pod_template.spec, MakeToleration("gpu", "", "NoExecute"));
  auto waiting = MakeDeployment("waiting", 1);
  Value toleration = MakeToleration("gpu", "", "NoExecute");
  toleration.Set("tolerationSeconds", Value::Int(60));
  Tolerate(&waiting->spec.pod_template.spec, std::move(toleration));
  world_.Edit<Node>("", "host-2", [](Node* node) { node->spec.unschedulable = true; });
  world_.Declare({lasting, waiting, MakeDeployment("web", 2)});
  ASSERT_EQ(world_.Spread()["host-1"], 4);
  world_.Edit<Node>("", "host-2", [](Node* node) { node->spec.unschedulable = false; });
  world_.Advance(100 * kSecondMs);
  SetTaints("host-1", {MakeTaint("gpu", "", TaintEffect::kNoExecute)});
  world_.Settle();
  EXPECT_EQ(world_.Spread(), (std::map<std::string, int>{{"host-1", 2}, {"host-2", 2}}));
  const auto node = world_.state.Find<Node>("", "host-1");
  EXPECT_EQ(node->spec.taints[0].time_added, world_.now.wall);
  world_.Advance(60 * kSecondMs - 1);
  world_.Settle();
  EXPECT_EQ(world_.Spread()["host-1"], 2);
  world_.Advance(1);
  world_.Settle();
  // The one that tolerates it for a time may come back, and goes again each time.
  EXPECT_GE(world_.Spread()["host-1"], 1);
  bool lasts = false;
  for (const auto& pod : world_.ActivePods()) {
    lasts = lasts || (pod->metadata.name.starts_with("lasting") && pod->spec.node_name == "host-1");
  }
  EXPECT_TRUE(lasts);
}

TEST_F(TaintsTest, TaintsOfGitAreNoDifferenceOnceTheyAreStamped) {
  const auto declared = MakeNode("host-1", {});
  declared->spec.taints = {MakeTaint("gpu", "", TaintEffect::kNoExecute)};
  world_.Declare({declared});
  ASSERT_TRUE(world_.state.Find<Node>("", "host-1")->spec.taints.at(0).time_added);
  for (const ObjectChange& change : world_.ChangesFor({declared})) {
    EXPECT_EQ(change.type, ChangeType::kUnchanged) << ToString(change.key);
  }
  world_.Declare({MakeConfigMap("other")});
  EXPECT_TRUE(world_.state.Find<Node>("", "host-1")->spec.taints.empty()) << "no longer declared";
}

std::shared_ptr<PriorityClass> MakeClass(const std::string& name, int64_t value) {
  auto made = std::make_shared<PriorityClass>();
  made->metadata.name = name;
  made->others.Set("value", Value::Int(value));
  return made;
}

TEST_F(TaintsTest, PodsOfAHigherPriorityArePlacedFirst) {
  World world;
  world.AddNode("host-1", "1", "8Gi");
  world.state.Put(MakeClass("important", 1000));
  auto global = MakeClass("usual", 10);
  global->others.Set("globalDefault", Value::Bool(true));
  world.state.Put(global);
  const auto pod = [&](const std::string& name, int64_t created) {
    auto made = MakePod(name);
    made->metadata.uid = name;
    made->metadata.creation_timestamp = WallTime{created};
    Request(&made->spec, "1", "1Gi");
    return made;
  };
  const auto old = pod("old", 1);
  const auto important = pod("important", 3);
  important->spec.others.Set("priorityClassName", Value::String("important"));
  const auto low = pod("low", 0);
  low->spec.others.Set("priority", Value::Int(9));
  const auto placed = [&](const std::vector<std::shared_ptr<const Pod>>& pending) {
    for (const Binding& binding : Place(pending, world.state)) {
      if (!binding.node.empty()) return binding.pod->metadata.name;
    }
    return std::string();
  };
  EXPECT_EQ(placed({old, important, low}), "important");
  EXPECT_EQ(placed({low, old}), "old") << "the globalDefault is above it";
  low->spec.others.Set("priorityClassName", Value::String("system-node-critical"));
  EXPECT_EQ(placed({important, low}), "low");
}

}  // namespace
}  // namespace reconcile
