#include "reconciler/scheduler/scheduler.h"

#include <gtest/gtest.h>

#include "reconciler/scheduler/filters.h"
#include "reconciler/scheduler/scores.h"
#include "reconciler/turn.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

std::shared_ptr<Pod> Pending(const std::string& name, const std::string& cpu = "",
                             const std::string& memory = "") {
  auto pod = MakePod(name);
  pod->metadata.uid = "uid-" + name;
  pod->metadata.creation_timestamp = WallTime{1};
  Request(&pod->spec, cpu, memory);
  return pod;
}

Binding PlaceOne(const World& world, const std::shared_ptr<Pod>& pod) {
  return Place({pod}, world.state).at(0);
}

void PutOn(World* world, const std::string& node, std::shared_ptr<Pod> pod) {
  pod->spec.node_name = node;
  world->state.Put(pod);
}

TEST(Scheduler, ExplainsForEachHostWhyAPodDoesNotFit) {
  World world;
  world.AddNode("host-1", "500m", "8Gi");
  world.AddNode("host-2");
  world.AddNode("host-3");
  world.AddNode("host-4");
  PutOn(&world, "host-1", Pending("other", "150m"));
  world.Edit<Node>("", "host-1", [](Node* node) { node->metadata.labels["disk"] = "ssd"; });
  world.Edit<Node>("", "host-3", [](Node* node) { node->status.conditions.clear(); });
  world.Edit<Node>("", "host-4", [](Node* node) { node->spec.unschedulable = true; });
  auto pod = Pending("web", "500m");
  pod->spec.node_selector["disk"] = "ssd";
  const Binding binding = PlaceOne(world, pod);
  EXPECT_EQ(binding.node, "");
  EXPECT_EQ(binding.explanation,
            "0/4 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match Pod's node "
            "affinity/selector, 1 node(s) were not ready, 1 node(s) were unschedulable. host-1: "
            "needs 500m cpu, 350m free; host-2: label disk=ssd not matched; host-3: not ready; "
            "host-4: unschedulable");
  EXPECT_EQ(binding.refusal,
            "0/4 nodes are available: Insufficient cpu, node(s) didn't match Pod's node "
            "affinity/selector, node(s) were not ready, node(s) were unschedulable");
}

TEST(Scheduler, PutsNothingOnARevokedNode) {
  World world;
  world.AddNode("host-1");
  world.Edit<Node>("", "host-1", [](Node* node) {
    node->status.conditions = {
        {.type = "Ready", .status = ConditionStatus::kFalse, .reason = std::string(kNodeRevoked)}};
  });
  EXPECT_EQ(PlaceOne(world, Pending("web")).explanation,
            "0/1 nodes are available: 1 node(s) were revoked. host-1: revoked");
}

TEST(Scheduler, NamesEveryResourceThatIsShort) {
  World world;
  world.AddNode("host-1", "1", "1Gi");
  PutOn(&world, "host-1", Pending("other", "", "100000001"));
  EXPECT_EQ(PlaceOne(world, Pending("web", "1500m", "1Gi")).explanation,
            "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. host-1: needs "
            "1500m cpu, 1 free, needs 1Gi memory, 928Mi free");
}

TEST(Scheduler, APortOfTheHostIsTakenOnce) {
  World world;
  world.AddNode("host-1");
  const auto with_port = [](const std::string& name, int32_t port, const std::string& address) {
    auto pod = Pending(name);
    ContainerPort of_host;
    of_host.container_port = 80;
    of_host.host_port = port;
    of_host.host_ip = address;
    pod->spec.containers.Edit().at(0).ports = {of_host};
    return pod;
  };
  PutOn(&world, "host-1", with_port("other", 8080, "192.0.2.1"));
  EXPECT_EQ(PlaceOne(world, with_port("web", 8080, "")).explanation,
            "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod "
            "ports. host-1: port 8080/TCP of the host taken");
  EXPECT_EQ(PlaceOne(world, with_port("web", 8080, "192.0.2.2")).node, "host-1");
  EXPECT_EQ(PlaceOne(world, with_port("web", 8081, "")).node, "host-1");
  auto of_the_host = with_port("web", 8080, "");
  of_the_host->spec.host_network = true;
  of_the_host->spec.containers.Edit().at(0).ports[0].container_port = 8080;
  EXPECT_EQ(PlaceOne(world, of_the_host).node, "");
}

TEST(Scheduler, PodsThatDifferInTheirPortsAloneAreJudgedApart) {
  World world;
  world.AddNode("host-1");
  const auto with_port = [](const std::string& name, int32_t port) {
    auto pod = Pending(name);
    ContainerPort of_host;
    of_host.container_port = 80;
    of_host.host_port = port;
    if (port != 0) pod->spec.containers.Edit().at(0).ports = {of_host};
    return pod;
  };
  const auto bindings =
      Place({with_port("a", 8080), with_port("b", 0), with_port("c", 8081), with_port("d", 8080)},
            world.state);
  EXPECT_EQ(bindings[1].node, "host-1");
  EXPECT_EQ(bindings[2].node, "host-1");
  EXPECT_EQ(bindings[3].node, "");
}

TEST(Scheduler, SaysThatNoNodeHasRegistered) {
  EXPECT_EQ(PlaceOne(World(), Pending("web")).explanation,
            "0/0 nodes are available: no node has registered yet");
}

TEST(Scheduler, ListsABoundedNumberOfNodes) {
  World world;
  for (int i = 0; i < 25; ++i) world.AddNode("host-" + std::to_string(100 + i), "1");
  const std::string text = PlaceOne(world, Pending("web", "2")).explanation;
  EXPECT_EQ(text.substr(0, 57), "0/25 nodes are available: 25 Insufficient cpu. host-100: ");
  EXPECT_NE(text.find("host-119: needs"), std::string::npos);
  EXPECT_EQ(text.find("host-120"), std::string::npos);
  EXPECT_TRUE(text.ends_with("; and 5 more")) << text;
}

TEST(Scheduler, FitIsExact) {
  World world;
  world.AddNode("host-1", "1", "1Gi");
  PutOn(&world, "host-1", Pending("other", "700m", "1Mi"));
  EXPECT_EQ(PlaceOne(world, Pending("fits", "300m")).node, "host-1");
  EXPECT_EQ(PlaceOne(world, Pending("does-not", "301m")).node, "");
}

TEST(Scheduler, ContainersWithoutRequestsAlwaysFit) {
  World world;
  world.AddNode("host-1", "100m", "1Mi");
  PutOn(&world, "host-1", Pending("other", "100m", "1Mi"));
  EXPECT_EQ(PlaceOne(world, Pending("web")).node, "host-1");
}

TEST(Scheduler, GoingPodsStillHoldWhatTheyRequestAndTerminalOnesDoNot) {
  World world;
  world.AddNode("host-1", "1");
  auto going = Pending("going", "1");
  going->metadata.deletion_timestamp = WallTime{1};
  PutOn(&world, "host-1", going);
  EXPECT_EQ(PlaceOne(world, Pending("web", "1")).node, "");
  auto finished = Pending("going", "1");
  finished->status.phase = PodPhase::kSucceeded;
  PutOn(&world, "host-1", finished);
  EXPECT_EQ(PlaceOne(world, Pending("web", "1")).node, "host-1");
}

TEST(Scheduler, ANodeTakesAtMostItsNumberOfPods) {
  World world;
  world.AddNode("host-1");
  for (int i = 0; i < 110; ++i) PutOn(&world, "host-1", Pending("pod-" + std::to_string(i)));
  EXPECT_EQ(PlaceOne(world, Pending("web")).explanation,
            "0/1 nodes are available: 1 Too many pods. host-1: has 110 pods of at most 110");
  world.Edit<Node>("", "host-1",
                   [](Node* node) { node->status.allocatable["pods"] = Quantity::FromUnits(111); });
  EXPECT_EQ(PlaceOne(world, Pending("web")).node, "host-1");
}

TEST(Scheduler, AResourceThatNoNodeHasFitsNowhere) {
  World world;
  world.AddNode("host-1");
  auto pod = Pending("web");
  pod->spec.containers.Edit()[0].resources.requests["example.com/gpu"] = Quantity::FromUnits(1);
  EXPECT_EQ(PlaceOne(world, pod).explanation,
            "0/1 nodes are available: 1 Insufficient example.com/gpu. host-1: needs 1 "
            "example.com/gpu, 0 free");
}

TEST(Scheduler, RequestsBeyondAllNumbersFitNowhere) {
  World world;
  world.AddNode("host-1");
  auto pod = Pending("web", "9223372036854775807", "9223372036854775807");
  pod->spec.containers.push_back(pod->spec.containers[0]);
  pod->spec.containers.Edit()[1].name = "second";
  pod->spec.containers.push_back(Container{.name = "third"});
  EXPECT_EQ(PlaceOne(world, pod).node, "");
  EXPECT_EQ(PlaceOne(world, Pending("small")).node, "host-1");
}

TEST(Scheduler, ALimitWithoutARequestIsOne) {
  World world;
  world.AddNode("host-1", "1");
  auto pod = Pending("web");
  pod->spec.containers.Edit()[0].resources.limits["cpu"] = *Quantity::Parse("2");
  EXPECT_EQ(PlaceOne(world, pod).node, "");
}

TEST(Scheduler, PrefersTheLeastAllocatedNode) {
  World world;
  world.AddNode("host-1");
  world.AddNode("host-2");
  PutOn(&world, "host-1", Pending("other", "2", "4Gi"));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(PlaceOne(world, Pending("web-" + std::to_string(i))).node, "host-2");
  }
}

TEST(Scheduler, SiblingsSpreadEvenWhereOneNodeIsFuller) {
  World world;
  world.AddNode("host-1");
  world.AddNode("host-2");
  world.AddNode("host-3");
  PutOn(&world, "host-1", Pending("other", "3", "6Gi"));
  world.Declare({MakeReplicaSet("web", 6)});
  std::map<std::string, int> spread = world.Spread();
  --spread["host-1"];
  EXPECT_EQ(spread, (std::map<std::string, int>{{"host-1", 2}, {"host-2", 2}, {"host-3", 2}}));
}

TEST(Scheduler, EachPlacementCountsForTheNext) {
  World world;
  world.AddNode("host-1", "1");
  const auto bindings = Place({Pending("a", "600m"), Pending("b", "600m")}, world.state);
  EXPECT_EQ(bindings[0].node, "host-1");
  EXPECT_EQ(bindings[1].node, "");
}

TEST(Scheduler, OlderPodsFirstThenByUid) {
  World world;
  world.AddNode("host-1", "1");
  auto young = Pending("a", "1");
  young->metadata.creation_timestamp = WallTime{2};
  EXPECT_EQ(Place({young, Pending("b", "1")}, world.state)[0].pod->metadata.name, "b");
  EXPECT_EQ(Place({Pending("d", "1"), Pending("c", "1")}, world.state)[0].pod->metadata.name, "c");
}

TEST(Scheduler, TiesAreBrokenByHashOfPodAndNodeAndUseEveryNode) {
  World world;
  world.AddNode("host-1");
  world.AddNode("host-2");
  std::map<std::string, int> chosen;
  for (int i = 0; i < 100; ++i) {
    const auto pod = Pending("web-" + std::to_string(i));
    const std::string node = PlaceOne(world, pod).node;
    EXPECT_EQ(PlaceOne(world, pod).node, node);
    ++chosen[node];
  }
  EXPECT_GT(chosen["host-1"], 20);
  EXPECT_GT(chosen["host-2"], 20);
}

TEST(Scheduler, SaysHowItChose) {
  World world;
  world.AddNode("host-1", "1", "1Gi");
  world.AddNode("host-2", "1", "1Gi");
  world.Edit<Node>("", "host-2", [](Node* node) { node->spec.unschedulable = true; });
  EXPECT_EQ(PlaceOne(world, Pending("web", "500m", "512Mi")).explanation,
            "1 of 2 nodes fit, 50% free after it");
  world.Declare({MakeReplicaSet("web", 2)});
  auto pod = Mutable(*world.Pods().at(0));
  pod->metadata.name = "third";
  pod->metadata.uid = "third";
  pod->spec.node_name.clear();
  EXPECT_EQ(PlaceOne(world, pod).explanation,
            "1 of 2 nodes fit, 2 siblings there, 57% free after it");
}

TEST(Scores, LeastAllocatedIsTheMeanFreeShare) {
  World world;
  world.AddNode("host-1", "4", "8Gi");
  const NodeUsage node = UsageOf(world.state).at(0);
  EXPECT_EQ(LeastAllocatedScore(NeedsOf(*Pending("web", "1", "4Gi")), node), 6'250);
  EXPECT_EQ(LeastAllocatedScore(NeedsOf(*Pending("web", "4", "8Gi")), node), 0);
  EXPECT_EQ(LeastAllocatedScore(NeedsOf(*Pending("web", "9", "8Gi")), node), 0);
  // 100m and 200 MB are assumed.
  EXPECT_EQ(LeastAllocatedScore(NeedsOf(*Pending("web")), node), (9'750 + 9'767) / 2);
}

TEST(Scores, OneSiblingMoreOutweighsAnyAllocation) {
  EXPECT_EQ(SpreadScore(3, 3), kMaxScore);
  EXPECT_EQ(SpreadScore(5, 3), 0);
  EXPECT_EQ(SpreadScore(9, 3), 0);
  EXPECT_GE(kSpreadWeight * (SpreadScore(3, 3) - SpreadScore(4, 3)),
            kLeastAllocatedWeight * kMaxScore);
}

TEST(Scheduler, PlacesAThousandPodsOnAHundredNodes) {
  World world;
  for (int i = 0; i < 100; ++i) world.AddNode("host-" + std::to_string(i), "16", "64Gi");
  std::vector<std::shared_ptr<const Pod>> pending;
  for (int i = 0; i < 1'000; ++i) {
    auto pod = Pending("pod-" + std::to_string(i), "500m", "1Gi");
    pod->metadata.owner_references.push_back({.kind = "ReplicaSet",
                                              .name = "set",
                                              .uid = "set-" + std::to_string(i / 100),
                                              .controller = true});
    pending.push_back(pod);
  }
  std::map<std::string, std::map<std::string, int>> by_set;
  for (const Binding& binding : Place(pending, world.state)) {
    ASSERT_FALSE(binding.node.empty());
    ++by_set[ControllerOf(binding.pod->metadata)->uid][binding.node];
  }
  for (const auto& [set, spread] : by_set) EXPECT_EQ(spread.size(), 100u) << set;
}

}  // namespace
}  // namespace reconcile
