#include "controller/network_lists.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "controller/assignments.h"
#include "schema/codec.h"

namespace reconcile {
namespace {

std::shared_ptr<Node> NetworkNode(const std::string& name) {
  auto node = std::make_shared<Node>();
  node->metadata.name = name;
  node->metadata.labels = {{"disk", "ssd"}, {kZoneLabel, "east"}};
  node->spec.pod_cidr = "10.42.1.0/24";
  node->status.addresses = {{"InternalIP", "192.0.2.1"}};
  node->status.conditions = {
      {"Ready", ConditionStatus::kTrue, "AgentReports", "well", WallTime{1}, WallTime{2}},
      {"LiveRestore", ConditionStatus::kTrue, "", "", {}, {}}};
  return node;
}

std::shared_ptr<EndpointSlice> SliceOf(const std::string& name, const std::string& address) {
  auto slice = std::make_shared<EndpointSlice>();
  slice->metadata.namespace_name = "default";
  slice->metadata.name = name;
  slice->metadata.uid = "u-" + name;
  slice->metadata.labels = {{kServiceNameLabel, "web"}, {"app", "x"}};
  slice->endpoints.resize(1);
  slice->endpoints[0].addresses = {address};
  return slice;
}

std::string TextOf(const NetworkLists& network) {
  std::string text;
  const auto add = [&](const auto& list) {
    for (const auto& object : list) text += EncodeObjectJson(*object, EncodeFor::kStore) + "\n";
  };
  add(network.nodes);
  add(network.services);
  add(network.endpoint_slices);
  add(network.namespaces);
  return text;
}

TEST(NetworkLists, HaveWhatHostsNeedAndNothingThatMovesOtherwise) {
  ClusterState state;
  state.Put(NetworkNode("host-1"));
  auto lost = NetworkNode("host-2");
  lost->status.addresses = {{"Hostname", "host-2"}};
  state.Put(lost);
  auto new_one = NetworkNode("host-3");
  new_one->spec.pod_cidr.clear();
  state.Put(new_one);
  auto service = std::make_shared<Service>();
  service->metadata.namespace_name = "default";
  service->metadata.name = "web";
  service->metadata.annotations = {{"note", "x"}};
  service->status.load_balancer_ingress = {{"192.0.2.1"}};
  service->status.conditions = {{"Allocated", ConditionStatus::kFalse, "", "", {}, {}}};
  state.Put(service);
  state.Put(SliceOf("web-1", "10.42.1.2"));
  auto stray = SliceOf("stray", "10.42.1.3");
  stray->metadata.labels.clear();
  state.Put(stray);
  auto space = std::make_shared<Namespace>();
  space->metadata.name = "shop";
  space->metadata.labels = {{"team", "x"}};
  state.Put(space);
  const NetworkLists network = NetworkOf(state);
  ASSERT_EQ(network.namespaces.size(), 1U);
  EXPECT_EQ(network.namespaces[0]->metadata.name, "shop");
  EXPECT_EQ(network.namespaces[0]->metadata.labels, StringMap());
  ASSERT_EQ(network.nodes.size(), 1U);
  EXPECT_EQ(network.nodes[0]->metadata.labels, (StringMap{{kZoneLabel, "east"}}));
  ASSERT_EQ(network.nodes[0]->status.conditions.size(), 1U);
  EXPECT_TRUE(IsReady(*network.nodes[0]));
  EXPECT_EQ(network.nodes[0]->status.conditions[0].last_transition_time, std::nullopt);
  ASSERT_EQ(network.services.size(), 1U);
  EXPECT_EQ(network.services[0]->metadata.annotations, StringMap());
  EXPECT_EQ(network.services[0]->status.load_balancer_ingress.size(), 1U);
  EXPECT_TRUE(network.services[0]->status.conditions.empty());
  ASSERT_EQ(network.endpoint_slices.size(), 1U);
  EXPECT_EQ(network.endpoint_slices[0]->metadata.labels, (StringMap{{kServiceNameLabel, "web"}}));
}

TEST(NetworkLists, AreTheSameOnesWhileNothingOfThemChanges) {
  ClusterState before;
  before.Put(NetworkNode("host-1"));
  before.Put(SliceOf("web-1", "10.42.1.2"));
  ClusterState after = before;
  auto node = NetworkNode("host-1");
  node->status.conditions[0].last_transition_time = WallTime{99};
  node->status.capacity = {{"cpu", *Quantity::Parse("4")}};
  after.Put(node);
  const NetworkLists was = NetworkOf(before);
  const NetworkLists is = NetworkAfter(was, before, after);
  EXPECT_TRUE(is.nodes.IsOneWith(was.nodes));
  EXPECT_TRUE(is.endpoint_slices.IsOneWith(was.endpoint_slices));
  node = NetworkNode("host-1");
  node->metadata.labels[kZoneLabel] = "west";
  after.Put(node);
  after.Put(SliceOf("web-1", "10.42.1.3"));
  const NetworkLists changed = NetworkAfter(was, before, after);
  EXPECT_FALSE(changed.nodes.IsOneWith(was.nodes)) << "in another zone";
  EXPECT_FALSE(changed.endpoint_slices.IsOneWith(was.endpoint_slices));
  ASSERT_NE(changed.endpoint_slices.StepFrom(was.endpoint_slices), nullptr);
  EXPECT_EQ(changed.endpoint_slices.StepFrom(was.endpoint_slices)->changed.size(), 1U);
  EXPECT_EQ(changed.endpoint_slices.StepFrom(changed.endpoint_slices), nullptr);
}

TEST(NetworkLists, FollowEveryHistory) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SeededRandom random(seed);
    ClusterState state;
    NetworkLists network = NetworkOf(state);
    for (int step = 0; step < 20; ++step) {
      ClusterState next = state;
      for (uint64_t i = random.Below(4); i > 0; --i) {
        const std::string name = std::to_string(random.Below(8));
        const uint64_t action = random.Below(4);
        if (action == 0) next.Delete({Kind::kEndpointSlice, "default", name});
        if (action == 1) next.Put(SliceOf(name, "10.42.0." + std::to_string(random.Below(9))));
        auto node = NetworkNode(name);
        if (random.Below(3) == 0) node->spec.pod_cidr.clear();
        if (action == 2) next.Put(node);
        if (action == 3) next.Delete({Kind::kNode, "", name});
      }
      network = NetworkAfter(network, state, next);
      ASSERT_EQ(TextOf(network), TextOf(NetworkOf(next))) << "seed " << seed << ", step " << step;
      state = next;
    }
  }
}

}  // namespace
}  // namespace reconcile
