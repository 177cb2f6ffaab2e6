#include "reconciler/endpoints.h"

#include <gtest/gtest.h>

#include <set>

#include "reconciler/settled.h"
#include "schema/codec.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

using Ptrs = std::vector<SlicePtr>;

class EndpointsTest : public testing::Test {
 protected:
  EndpointsTest() { world.AddNode("host-1"); }

  // A Ready pod of app "web" on host-1.
  void AddPod(const std::string& name, const std::string& ip,
              const std::function<void(Pod*)>& edit = {}) {
    auto pod = MakePod(name);
    pod->metadata.labels = {{"app", "web"}};
    pod->metadata.uid = "uid-" + name;
    pod->spec.node_name = "host-1";
    pod->status.pod_ip = ip;
    pod->status.phase = PodPhase::kRunning;
    SetCondition(&pod->status.conditions, {.type = "Ready", .status = ConditionStatus::kTrue},
                 world.now.wall);
    if (edit) edit(pod.get());
    world.state.Put(pod);
  }
  void AddService(const std::function<void(Service*)>& edit = {}) {
    auto service = MakeService("web", "web");
    service->metadata.uid = "uid-service";
    if (edit) edit(service.get());
    ApplyDefaults(service.get());
    world.state.Put(service);
  }
  Ptrs Slices() {
    world.Take();
    Ptrs slices;
    world.state.ForEach<EndpointSlice>([&](const SlicePtr& slice) { slices.push_back(slice); });
    return slices;
  }
  // Of the only endpoint there is.
  Endpoint Only() {
    const Ptrs slices = Slices();
    EXPECT_EQ(slices.size(), 1U);
    if (slices.size() != 1 || slices[0]->endpoints.size() != 1) return {};
    return slices[0]->endpoints[0];
  }

  World world;
};

TEST_F(EndpointsTest, APodIsBehindTheServiceThatSelectsIt) {
  world.Edit<Node>("", "host-1", [](Node* node) { node->metadata.labels[kZoneLabel] = "east"; });
  AddPod("a", "10.42.0.2");
  AddPod("other", "10.42.0.3", [](Pod* pod) { pod->metadata.labels["app"] = "api"; });
  AddPod("elsewhere", "10.42.0.4", [](Pod* pod) { pod->metadata.namespace_name = "kube-system"; });
  AddPod("without", "");
  AddService();
  const Endpoint endpoint = Only();
  EXPECT_EQ(endpoint.addresses, std::vector<std::string>{"10.42.0.2"});
  EXPECT_EQ(endpoint.conditions, (EndpointConditions{true, true, false}));
  EXPECT_EQ(endpoint.node_name, "host-1");
  EXPECT_EQ(endpoint.zone, "east");
  EXPECT_EQ(endpoint.target_ref->name, "a");
  EXPECT_EQ(endpoint.target_ref->uid, "uid-a");
  const EndpointSlice& slice = *Slices()[0];
  EXPECT_EQ(slice.metadata.labels,
            (StringMap{{kServiceNameLabel, "web"}, {kManagedByLabel, kEndpointsManager}}));
  EXPECT_TRUE(slice.metadata.name.starts_with("web-")) << slice.metadata.name;
  EXPECT_EQ(ControllerOf(slice.metadata)->uid, "uid-service");
  ASSERT_EQ(slice.ports.size(), 1U);
  EXPECT_EQ(slice.ports[0].port, 80);
  EXPECT_TRUE(world.Take().transaction.empty());
}

TEST_F(EndpointsTest, WhatIsNotReadyIsSaidToBe) {
  AddPod("a", "10.42.0.2");
  AddService();
  world.SetReady(*world.Pods()[0], false);
  EXPECT_EQ(Only().conditions, (EndpointConditions{false, false, false}));
  AddService([](Service* service) { service->spec.publish_not_ready_addresses = true; });
  EXPECT_EQ(Only().conditions, (EndpointConditions{true, false, false}));
}

TEST_F(EndpointsTest, WhatGoesIsTerminatingInTheTurnThatRemovesIt) {
  world.Declare({MakeDeployment("web", 2), MakeService("web", "web")});
  const Plan plan =
      world.Take(world.ChangesFor({MakeDeployment("web", 1), MakeService("web", "web")}));
  int going = 0;
  int terminating = 0;
  for (const Write& write : plan.transaction.writes) {
    const auto pod = As<Pod>(write.object);
    if (pod != nullptr && pod->metadata.deletion_timestamp) ++going;
    const auto slice = As<EndpointSlice>(write.object);
    if (slice == nullptr) continue;
    for (const Endpoint& endpoint : slice->endpoints) {
      if (!IsTerminating(endpoint.conditions)) continue;
      ++terminating;
      EXPECT_FALSE(IsReady(endpoint.conditions));
      EXPECT_TRUE(IsServing(endpoint.conditions));
    }
  }
  EXPECT_EQ(going, 1);
  EXPECT_EQ(terminating, 1);
}

TEST_F(EndpointsTest, WhatIsDoneForGoodIsNoMember) {
  const auto done = [&](RestartPolicy policy, PodPhase phase) {
    AddPod("a", "10.42.0.2", [&](Pod* pod) {
      pod->spec.restart_policy = policy;
      pod->status.phase = phase;
    });
    return Slices().empty();
  };
  AddService();
  EXPECT_FALSE(done(RestartPolicy::kNever, PodPhase::kRunning));
  EXPECT_TRUE(done(RestartPolicy::kNever, PodPhase::kFailed));
  EXPECT_TRUE(done(RestartPolicy::kNever, PodPhase::kSucceeded));
  EXPECT_FALSE(done(RestartPolicy::kOnFailure, PodPhase::kFailed));
  EXPECT_TRUE(done(RestartPolicy::kOnFailure, PodPhase::kSucceeded));
}

TEST_F(EndpointsTest, NamedPortsAreFoundPerPod) {
  const auto with = [](int32_t number, Protocol protocol) {
    return [number, protocol](Pod* pod) {
      pod->spec.containers.Edit()[0].ports = {
          {.name = "web", .container_port = number, .protocol = protocol}};
    };
  };
  AddPod("a", "10.42.0.2", with(8080, Protocol::kTcp));
  AddPod("b", "10.42.0.3", with(8081, Protocol::kTcp));
  AddPod("c", "10.42.0.4", with(8080, Protocol::kUdp));
  AddPod("d", "10.42.0.5", with(8080, Protocol::kTcp));
  AddService(
      [](Service* service) { service->spec.ports[0].target_port = IntOrString::String("web"); });
  std::map<int32_t, size_t> by_port;
  for (const SlicePtr& slice : Slices()) {
    by_port[slice->ports.empty() ? 0 : slice->ports[0].port] += slice->endpoints.size();
  }
  EXPECT_EQ(by_port, (std::map<int32_t, size_t>{{0, 1}, {8080, 2}, {8081, 1}}))
      << "one without the port has no endpoint for it";
}

TEST_F(EndpointsTest, AHostnameIsOfTheServiceThatIsTheSubdomain) {
  AddPod("a", "10.42.0.2", [](Pod* pod) {
    pod->spec.hostname = "first";
    pod->spec.subdomain = "web";
  });
  AddService([](Service* service) { service->spec.cluster_ip = kHeadlessIp; });
  EXPECT_EQ(Only().hostname, "first");
  EXPECT_TRUE(Slices()[0]->metadata.labels.contains(kHeadlessLabel));
  world.Edit<Pod>("default", "a", [](Pod* pod) { pod->spec.subdomain = "other"; });
  EXPECT_EQ(Only().hostname, "");
}

TEST_F(EndpointsTest, SlicesHaveAHundredAndChangeAlone) {
  for (int i = 0; i < 250; ++i) {
    AddPod("p-" + std::to_string(1000 + i), "10.42.1." + std::to_string(i));
  }
  AddService();
  const Ptrs before = Slices();
  ASSERT_EQ(before.size(), 3U);
  std::set<std::string> addresses;
  for (const SlicePtr& slice : before) {
    EXPECT_LE(slice->endpoints.size(), kMaxEndpointsPerSlice);
    for (const Endpoint& endpoint : slice->endpoints) addresses.insert(endpoint.addresses[0]);
  }
  EXPECT_EQ(addresses.size(), 250U);
  world.SetReady(*world.state.Find<Pod>("default", "p-1100"), false);
  world.state.Delete({Kind::kPod, "default", "p-1101"});
  const Plan plan = world.Take();
  EXPECT_LE(plan.transaction.writes.size(), 2U);
  EXPECT_GE(plan.transaction.writes.size(), 1U);
}

TEST_F(EndpointsTest, NewOnesFillSlicesBeforeOthersAreMade) {
  for (int i = 0; i < 99; ++i) {
    AddPod("p-" + std::to_string(1000 + i), "10.42.1." + std::to_string(i));
  }
  AddService();
  ASSERT_EQ(Slices().size(), 1U);
  AddPod("q", "10.42.2.1");
  EXPECT_EQ(Slices().size(), 1U);
  AddPod("r", "10.42.2.2");
  EXPECT_EQ(Slices().size(), 2U);
  world.state.Delete({Kind::kPod, "default", "r"});
  EXPECT_EQ(Slices().size(), 1U) << "empty ones go";
}

TEST_F(EndpointsTest, SlicesGoWithTheirService) {
  AddPod("a", "10.42.0.2");
  AddService();
  ASSERT_EQ(Slices().size(), 1U);
  world.state.Delete({Kind::kService, "default", "web"});
  EXPECT_TRUE(Slices().empty());
}

TEST_F(EndpointsTest, ASelectorThatIsGoneTakesThemAlong) {
  AddPod("a", "10.42.0.2");
  AddService();
  ASSERT_EQ(Slices().size(), 1U);
  AddService([](Service* service) { service->spec.selector.clear(); });
  EXPECT_TRUE(Slices().empty());
}

TEST_F(EndpointsTest, EndpointsWithoutASelectorAreMirrored) {
  auto endpoints = std::make_shared<Endpoints>();
  endpoints->metadata.namespace_name = "default";
  endpoints->metadata.name = "web";
  endpoints->subsets = {{{{.ip = "192.0.2.7"}}, {{.ip = "192.0.2.8"}}, {{.port = 5432}}}};
  world.state.Put(endpoints);
  AddService([](Service* service) { service->spec.selector.clear(); });
  const Ptrs slices = Slices();
  ASSERT_EQ(slices.size(), 1U);
  ASSERT_EQ(slices[0]->endpoints.size(), 2U);
  EXPECT_TRUE(IsReady(slices[0]->endpoints[0].conditions));
  EXPECT_FALSE(IsReady(slices[0]->endpoints[1].conditions));
  EXPECT_EQ(slices[0]->ports[0].port, 5432);
  auto skipped = std::make_shared<Endpoints>(*endpoints);
  skipped->metadata.labels[kSkipMirrorLabel] = "true";
  world.state.Put(skipped);
  EXPECT_TRUE(Slices().empty());
}

TEST_F(EndpointsTest, PeoplesSlicesAreLeftAlone) {
  auto own = std::make_shared<EndpointSlice>();
  own->metadata.namespace_name = "default";
  own->metadata.name = "mine";
  own->metadata.labels = {{kServiceNameLabel, "web"}};
  own->endpoints.resize(1);
  own->endpoints[0].addresses = {"192.0.2.7"};
  world.state.Put(own);
  AddService([](Service* service) { service->spec.selector.clear(); });
  const Ptrs slices = Slices();
  ASSERT_EQ(slices.size(), 1U);
  EXPECT_EQ(slices[0], own);
}

TEST_F(EndpointsTest, TheOlderFormHasReadyOnesAndOthers) {
  AddPod("a", "10.42.0.2");
  AddPod("b", "10.42.0.3");
  AddPod("c", "10.42.0.4");
  AddService();
  world.SetReady(*world.state.Find<Pod>("default", "b"), false);
  world.Edit<Pod>("default", "c",
                  [&](Pod* pod) { pod->metadata.deletion_timestamp = world.now.wall; });
  world.Take();
  const auto view = EndpointsOf(*world.state.Find<Service>("default", "web"), world.state);
  ASSERT_EQ(view->subsets.size(), 1U);
  ASSERT_EQ(view->subsets[0].addresses.size(), 1U);
  EXPECT_EQ(view->subsets[0].addresses[0].ip, "10.42.0.2");
  ASSERT_EQ(view->subsets[0].not_ready_addresses.size(), 1U);
  EXPECT_EQ(view->subsets[0].not_ready_addresses[0].ip, "10.42.0.3");
}

TEST_F(EndpointsTest, AServiceIsFoundByWhatItSelectsMostNarrowly) {
  AddPod("a", "10.42.0.2", [](Pod* pod) {
    pod->metadata.labels = {{"app.kubernetes.io/part-of", "shop"}, {"role", "web"}};
  });
  AddService([](Service* service) {
    service->spec.selector = {{"app.kubernetes.io/part-of", "shop"}, {"role", "web"}};
  });
  int found = 0;
  ForEachServiceOf("default", world.Pods()[0]->metadata.labels, world.state,
                   [&](const ObjectKey&) { ++found; });
  EXPECT_EQ(found, 1);
  EXPECT_EQ(Only().addresses, std::vector<std::string>{"10.42.0.2"});
  EXPECT_FALSE(world.state.services_by_selector().Has(
      LabelWord("default", "app.kubernetes.io/part-of", "shop")));
}

}  // namespace
}  // namespace reconcile
