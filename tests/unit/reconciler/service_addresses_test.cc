#include "reconciler/service_addresses.h"

#include <gtest/gtest.h>

#include <set>

#include "reconciler/declared.h"
#include "schema/codec.h"
#include "schema/field_table.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

std::shared_ptr<Service> MakeTyped(const std::string& name, ServiceType type) {
  auto service = MakeService(name, name);
  service->spec.type = type;
  ApplyDefaults(service.get());
  return service;
}

std::shared_ptr<const Service> Find(const World& world, const std::string& name) {
  return world.state.Find<Service>("default", name);
}

void SetRange(World* world, const std::string& cidr) {
  world->Edit<Cluster>("", "cluster", [&](Cluster* cluster) { cluster->service_cidr = cidr; });
}

std::string ErrorsOf(const World& world, const std::vector<ObjectPtr>& objects) {
  Problems problems;
  const DesiredState desired = BuildDesired("main", "c0ffee", objects, world.state, &problems);
  CheckOwners(desired, world.state, {}, &problems);
  std::string text;
  for (const Problem& problem : problems.errors) text += problem.message + "\n";
  return text;
}

TEST(ServiceRange, KnowsItsAddresses) {
  const auto range = ServiceRange::Parse("10.96.0.0/16");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->size(), 65536U);
  EXPECT_EQ(range->At(258), "10.96.1.2");
  EXPECT_EQ(range->OffsetOf("10.96.1.2"), 258U);
  EXPECT_EQ(range->OffsetOf("10.97.0.0"), std::nullopt);
  EXPECT_EQ(range->OffsetOf("fd00::1"), std::nullopt);
  EXPECT_EQ(range->dns_address(), "10.96.0.10");
  for (const uint64_t offset : {0, 1, 10, 65535}) EXPECT_TRUE(range->IsReserved(offset)) << offset;
  EXPECT_FALSE(range->IsReserved(2));
  EXPECT_FALSE(ServiceRange::Parse("10.96.0.0/29"));
  EXPECT_FALSE(ServiceRange::Parse("fd00::/112"));
  EXPECT_FALSE(ServiceRange::Parse("10.96.0.0"));
}

TEST(ServiceAddresses, AreGivenByTypeAndStay) {
  World world;
  const std::vector<ObjectPtr> commit = {MakeTyped("plain", ServiceType::kClusterIp),
                                         MakeTyped("node", ServiceType::kNodePort),
                                         MakeTyped("balanced", ServiceType::kLoadBalancer)};
  world.Declare(commit);
  const auto plain = Find(world, "plain");
  EXPECT_TRUE(ServiceRange::Parse("10.96.0.0/16")->OffsetOf(plain->spec.cluster_ip));
  EXPECT_EQ(plain->spec.ports[0].node_port, 0);
  const auto node = Find(world, "node");
  EXPECT_GE(node->spec.ports[0].node_port, 30086) << "the lower part is for manifests";
  EXPECT_LE(node->spec.ports[0].node_port, 32767);
  EXPECT_NE(Find(world, "balanced")->spec.ports[0].node_port, 0);
  EXPECT_EQ(Find(world, "balanced")->spec.health_check_node_port, 0);
  for (const ObjectChange& change : world.ChangesFor(commit)) {
    EXPECT_EQ(change.type, ChangeType::kUnchanged) << ToString(change.key);
  }
  EXPECT_EQ(plain->metadata.generation, 1);
}

TEST(ServiceAddresses, ALoadBalancerThatIsLocalHasAHealthPort) {
  World world;
  auto service = MakeTyped("web", ServiceType::kLoadBalancer);
  service->spec.external_traffic_policy = TrafficPolicy::kLocal;
  service->spec.allocate_load_balancer_node_ports = false;
  world.Declare({service});
  EXPECT_NE(Find(world, "web")->spec.health_check_node_port, 0);
  EXPECT_EQ(Find(world, "web")->spec.ports[0].node_port, 0);
}

TEST(ServiceAddresses, HeadlessAndExternalNamesHaveNone) {
  World world;
  auto headless = MakeService("headless", "web");
  headless->spec.cluster_ip = kHeadless;
  auto away = MakeTyped("away", ServiceType::kExternalName);
  away->spec.external_name = "away.example.com";
  world.Declare({headless, away});
  EXPECT_EQ(Find(world, "headless")->spec.cluster_ip, kHeadless);
  EXPECT_EQ(Find(world, "away")->spec.cluster_ip, "");
}

TEST(ServiceAddresses, ATypeThatNeedsLessGivesBackAndOneThatNeedsMoreIsGiven) {
  World world;
  world.Declare({MakeTyped("web", ServiceType::kNodePort)});
  const std::string address = Find(world, "web")->spec.cluster_ip;
  world.Declare({MakeTyped("web", ServiceType::kClusterIp)});
  EXPECT_EQ(Find(world, "web")->spec.ports[0].node_port, 0);
  EXPECT_EQ(Find(world, "web")->spec.cluster_ip, address);
  auto away = MakeTyped("web", ServiceType::kExternalName);
  away->spec.external_name = "away.example.com";
  EXPECT_EQ(ErrorsOf(world, {away}), "");
  world.Declare({away});
  EXPECT_EQ(Find(world, "web")->spec.cluster_ip, "");
  world.Declare({MakeTyped("web", ServiceType::kClusterIp)});
  EXPECT_EQ(Find(world, "web")->spec.cluster_ip, address) << "by its name";
}

TEST(ServiceAddresses, PortsKeepTheirNodePortsWhenOthersComeBeforeThem) {
  World world;
  auto service = MakeTyped("web", ServiceType::kNodePort);
  world.Declare({service});
  const int32_t node_port = Find(world, "web")->spec.ports[0].node_port;
  auto more = std::make_shared<Service>(*service);
  more->spec.ports.insert(more->spec.ports.begin(),
                          {.name = "more", .port = 81, .target_port = IntOrString::Int(81)});
  world.Declare({more});
  EXPECT_EQ(Find(world, "web")->spec.ports[1].node_port, node_port);
  EXPECT_NE(Find(world, "web")->spec.ports[0].node_port, 0);
  EXPECT_NE(Find(world, "web")->spec.ports[0].node_port, node_port);
}

TEST(ServiceAddresses, OneProtocolDoesNotTakeThePortOfAnother) {
  World world;
  auto dns = MakeTyped("dns", ServiceType::kNodePort);
  dns->spec.ports = {
      {.name = "udp",
       .protocol = Protocol::kUdp,
       .port = 53,
       .target_port = IntOrString::Int(53),
       .node_port = 30053},
      {.name = "tcp", .port = 53, .target_port = IntOrString::Int(53), .node_port = 30053}};
  EXPECT_EQ(ErrorsOf(world, {dns}), "");
  world.Declare({dns});
  EXPECT_EQ(Find(world, "dns")->spec.ports[0].node_port, 30053);
  EXPECT_EQ(Find(world, "dns")->spec.ports[1].node_port, 30053);
}

TEST(ServiceAddresses, AFullRangeIsToldAndAFreedAddressTaken) {
  World world;
  SetRange(&world, "10.96.0.0/28");
  std::vector<ObjectPtr> commit;
  for (int i = 10; i < 23; ++i) {
    commit.push_back(MakeService("web-" + std::to_string(i), "web"));
  }
  world.Declare(commit);
  std::set<std::string> addresses;
  std::string without;
  for (const ObjectPtr& object : commit) {
    const auto service = Find(world, object->metadata.name);
    if (service->spec.cluster_ip.empty()) without += service->metadata.name;
    addresses.insert(service->spec.cluster_ip);
  }
  EXPECT_EQ(without, "web-22") << "12 addresses for 13 Services";
  EXPECT_EQ(addresses.size(), 13U);
  const Condition* allocated = FindCondition(Find(world, "web-22")->status.conditions, kAllocated);
  ASSERT_NE(allocated, nullptr);
  EXPECT_NE(allocated->message.find("10.96.0.0/28 are in use"), std::string::npos);
  const auto events = world.EventTexts();
  EXPECT_TRUE(std::any_of(events.begin(), events.end(), [](const std::string& text) {
    return text.starts_with("Service web-22 AllocationFailed: ");
  }));
  commit.erase(commit.begin());
  world.Declare(commit);
  EXPECT_NE(Find(world, "web-22")->spec.cluster_ip, "");
  EXPECT_TRUE(Find(world, "web-22")->status.conditions.empty());
}

TEST(ServiceAddresses, WhatIsDeclaredIsHonoured) {
  World world;
  auto service = MakeTyped("web", ServiceType::kNodePort);
  service->spec.cluster_ip = "10.96.0.50";
  service->spec.ports[0].node_port = 30080;
  world.Declare({service});
  EXPECT_EQ(Find(world, "web")->spec, service->spec);
  auto moved = std::make_shared<Service>(*service);
  moved->spec.cluster_ip = "10.96.0.51";
  EXPECT_NE(ErrorsOf(world, {moved}).find("spec.clusterIP: must not change"), std::string::npos);
  auto silent = MakeTyped("web", ServiceType::kNodePort);
  EXPECT_EQ(ErrorsOf(world, {silent}), "");
  world.Declare({silent});
  EXPECT_EQ(Find(world, "web")->spec, service->spec) << "what it has it keeps";
}

TEST(ServiceAddresses, ClashesAreErrorsThatNameTheOther) {
  World world;
  auto web = MakeTyped("web", ServiceType::kNodePort);
  world.Declare({web});
  const ServiceSpec given = Find(world, "web")->spec;
  auto thief = MakeTyped("thief", ServiceType::kNodePort);
  thief->spec.cluster_ip = given.cluster_ip;
  thief->spec.ports[0].node_port = given.ports[0].node_port;
  const std::string port = std::to_string(given.ports[0].node_port);
  EXPECT_EQ(ErrorsOf(world, {web, thief}),
            "Service default/thief: spec.clusterIP " + given.cluster_ip +
                " is that of Service default/web already; choose another one\n"
                "Service default/thief: node port " +
                port + "/TCP is that of Service default/web already; choose another one\n");
  EXPECT_EQ(ErrorsOf(world, {thief}), "") << "it goes in the same commit";
  auto twin = std::make_shared<Service>(*thief);
  twin->metadata.name = "twin";
  EXPECT_NE(ErrorsOf(world, {thief, twin}).find("is declared by Service default/thief too"),
            std::string::npos);
}

TEST(ServiceAddresses, DeclaredOnesAreOfTheRange) {
  World world;
  const auto with = [&](const std::string& address) {
    auto service = MakeService("web", "web");
    service->spec.cluster_ip = address;
    return ErrorsOf(world, {service});
  };
  EXPECT_EQ(with("10.96.255.254"), "");
  EXPECT_EQ(with("10.97.0.1"),
            "Service default/web: spec.clusterIP 10.97.0.1 is not in the cluster's service range "
            "10.96.0.0/16\n");
  EXPECT_EQ(with("10.96.0.10"),
            "Service default/web: spec.clusterIP 10.96.0.10 is the cluster's DNS server's\n");
  EXPECT_EQ(with("10.96.0.1"),
            "Service default/web: spec.clusterIP 10.96.0.1 is reserved in the service range "
            "10.96.0.0/16\n");
}

TEST(ServiceAddresses, ALoadBalancerIsReachedAtTheReadyHosts) {
  World world;
  world.AddNode("host-1");
  world.AddNode("host-2");
  world.Declare({MakeTyped("web", ServiceType::kLoadBalancer)});
  const auto ingress = [&] { return Find(world, "web")->status.load_balancer_ingress; };
  EXPECT_EQ(ingress(), (std::vector<LoadBalancerIngress>{{"192.0.2.1"}, {"192.0.2.2"}}));
  world.Edit<Node>("", "host-1", [&](Node* node) {
    SetCondition(&node->status.conditions, {.type = "Ready", .status = ConditionStatus::kFalse},
                 world.now.wall);
  });
  world.Take();
  EXPECT_EQ(ingress(), (std::vector<LoadBalancerIngress>{{"192.0.2.2"}}));
  world.Declare({MakeTyped("web", ServiceType::kClusterIp)});
  EXPECT_TRUE(ingress().empty());
}

}  // namespace
}  // namespace reconcile
