#include "net/service_table.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "net/ipam.h"

namespace reconcile {
namespace {

const HostNetworkConfig kTableConfig = {"10.42.0.0/16", "10.42.1.0/24", 1450,
                                        "10.96.0.0/16", "10.9.0.1",     NetworkBackend::kVxlan};

// A Service web of default with endpoints, as the host h1 sees it.
class ServiceTableTest : public testing::Test {
 protected:
  ServiceTableTest() {
    service_.metadata.namespace_name = "default";
    service_.metadata.name = "web";
    service_.spec.cluster_ip = "10.96.0.1";
    ServicePort port;
    port.port = 80;
    service_.spec.ports = {port};
    slice_.metadata.namespace_name = "default";
    slice_.metadata.name = "web-1";
    slice_.metadata.labels[kServiceNameLabel] = "web";
    EndpointPort at;
    at.port = 8080;
    slice_.ports = {at};
  }
  void Add(const std::string& address, const std::string& node, bool ready, bool serving,
           bool terminating) {
    Endpoint endpoint;
    endpoint.zone = zones_[node];
    endpoint.addresses = {address};
    endpoint.node_name = node;
    endpoint.conditions = {ready, serving, terminating};
    slice_.endpoints.push_back(endpoint);
  }
  void AddReady(const std::string& address, const std::string& node) {
    Add(address, node, true, true, false);
  }
  void Prefer(const std::string& word) {
    service_.spec.others.Set("trafficDistribution", Value::String(word));
  }
  ServiceTable Make() {
    const auto cluster = std::make_shared<ClusterNetwork>();
    for (const auto& [host, zone] : zones_) cluster->peers.push_back({host, "", "", zone});
    cluster->services = {std::make_shared<Service>(service_)};
    cluster->endpoint_slices = {std::make_shared<EndpointSlice>(slice_)};
    return MakeServiceTable(kTableConfig, {"h1", cluster, host_ports_});
  }
  // "10.42.1.2:8080 10.42.2.2:8080", "refused" or "dropped"; "" when nothing is said of it.
  std::string At(const std::string& address, uint16_t port, Protocol protocol = Protocol::kTcp) {
    const ServiceTable table = Make();
    const auto found = table.targets.find({*ParseIpv4(address), protocol, port});
    if (found == table.targets.end()) return "";
    const ServiceTarget& target = found->second;
    if (target.endpoints.empty()) return target.drops ? "dropped" : "refused";
    std::string text;
    for (const ServiceEndpoint& endpoint : target.endpoints) {
      text += (text.empty() ? "" : " ") + FormatIpv4(endpoint.address) + ":" +
              std::to_string(endpoint.port);
    }
    return text + (target.masquerades ? " masqueraded" : "") +
           (target.affinity_seconds > 0 ? " sticky " + std::to_string(target.affinity_seconds)
                                        : "");
  }

  Service service_;
  EndpointSlice slice_;
  StringMap zones_;  // of hosts
  std::vector<HostPort> host_ports_;
};

TEST_F(ServiceTableTest, ClusterIpLeadsToReadyEndpoints) {
  AddReady("10.42.1.2", "h1");
  AddReady("10.42.2.2", "h2");
  Add("10.42.3.2", "h3", false, false, false);
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.2:8080 10.42.2.2:8080");
  EXPECT_EQ(Make().local_endpoints, std::set<uint32_t>{*ParseIpv4("10.42.1.2")});
}

TEST_F(ServiceTableTest, WithoutEndpointsItRefuses) {
  EXPECT_EQ(At("10.96.0.1", 80), "refused");
  Add("10.42.3.2", "h3", false, false, false);
  EXPECT_EQ(At("10.96.0.1", 80), "refused");
}

TEST_F(ServiceTableTest, GoingEndpointsServeOnlyWhereNoneIsReady) {
  Add("10.42.1.2", "h1", false, true, true);
  Add("10.42.1.3", "h1", false, false, true);
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.2:8080");
  AddReady("10.42.2.2", "h2");
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.2.2:8080");
}

TEST_F(ServiceTableTest, PublishedUnreadyEndpointsCountAsReady) {
  service_.spec.publish_not_ready_addresses = true;
  Add("10.42.1.2", "h1", false, false, false);
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.2:8080");
}

TEST_F(ServiceTableTest, UnsetConditionsAreGood) {
  Add("10.42.1.2", "h1", true, true, false);
  slice_.endpoints[0].conditions = {};
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.2:8080");
}

TEST_F(ServiceTableTest, NodePortsAreOfTheHostsOwnAddressAndMasqueraded) {
  service_.spec.type = ServiceType::kNodePort;
  service_.spec.ports[0].node_port = 30'080;
  AddReady("10.42.2.2", "h2");
  EXPECT_EQ(At("10.9.0.1", 30'080), "10.42.2.2:8080 masqueraded");
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.2.2:8080");
}

TEST_F(ServiceTableTest, ExternalPolicyLocalKeepsTheClientAndDropsWhereNoneIsHere) {
  service_.spec.ports[0].node_port = 30'080;
  service_.spec.external_traffic_policy = TrafficPolicy::kLocal;
  AddReady("10.42.2.2", "h2");
  EXPECT_EQ(At("10.9.0.1", 30'080), "dropped");
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.2.2:8080") << "inside it is another policy";
  AddReady("10.42.1.2", "h1");
  EXPECT_EQ(At("10.9.0.1", 30'080), "10.42.1.2:8080");
}

TEST_F(ServiceTableTest, InternalPolicyLocalStaysOnTheHost) {
  service_.spec.internal_traffic_policy = TrafficPolicy::kLocal;
  EXPECT_EQ(At("10.96.0.1", 80), "refused") << "nobody has any";
  AddReady("10.42.2.2", "h2");
  EXPECT_EQ(At("10.96.0.1", 80), "dropped");
  Add("10.42.1.2", "h1", false, true, true);
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.2:8080") << "within its scope";
}

TEST_F(ServiceTableTest, TheZoneIsPreferredWhereItHasReadyEndpoints) {
  zones_ = {{"h1", "east"}, {"h2", "east"}, {"h3", "west"}};
  service_.spec.ports[0].node_port = 30'080;
  AddReady("10.42.3.2", "h3");
  Add("10.42.1.2", "h1", false, true, true);
  for (const char* word : {"PreferSameZone", "PreferClose"}) {
    Prefer(word);
    EXPECT_EQ(At("10.96.0.1", 80), "10.42.3.2:8080") << "ready ones before near ones";
  }
  AddReady("10.42.2.2", "h2");
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.2.2:8080");
  EXPECT_EQ(At("10.9.0.1", 30'080), "10.42.2.2:8080 masqueraded") << "from outside as well";
  AddReady("10.42.1.3", "h1");
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.3:8080 10.42.2.2:8080") << "all of the zone alike";
  service_.spec.external_traffic_policy = TrafficPolicy::kLocal;
  EXPECT_EQ(At("10.9.0.1", 30'080), "10.42.1.3:8080") << "a policy is more than a preference";
}

TEST_F(ServiceTableTest, TheNodeIsPreferredThenItsZone) {
  zones_ = {{"h1", "east"}, {"h2", "east"}, {"h3", "west"}};
  Prefer("PreferSameNode");
  AddReady("10.42.3.2", "h3");
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.3.2:8080");
  AddReady("10.42.2.2", "h2");
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.2.2:8080");
  AddReady("10.42.1.2", "h1");
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.2:8080");
}

TEST_F(ServiceTableTest, NothingIsPreferredWhereItIsNotKnownOfEachWhereItIs) {
  AddReady("10.42.1.2", "h1");
  AddReady("10.42.3.2", "h3");
  Prefer("PreferSameZone");
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.2:8080 10.42.3.2:8080") << "hosts have no zones";
  zones_["h1"] = "east";
  slice_.endpoints[0].zone = "east";
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.2:8080 10.42.3.2:8080") << "one of them has none";
  slice_.endpoints[1].zone = "west";
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.2:8080");
  Prefer("PreferSameNode");
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.2:8080");
  slice_.endpoints[1].node_name.clear();
  slice_.endpoints[1].zone = "east";
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.2:8080 10.42.3.2:8080") << "no node: by the zone";
}

TEST_F(ServiceTableTest, ExternalAndBalancersAddressesLeadThereToo) {
  service_.spec.external_ips = {"198.51.100.7"};
  service_.status.load_balancer_ingress = {{"10.9.0.1"}, {"10.9.0.2"}};
  AddReady("10.42.1.2", "h1");
  for (const char* address : {"198.51.100.7", "10.9.0.1", "10.9.0.2"}) {
    EXPECT_EQ(At(address, 80), "10.42.1.2:8080 masqueraded") << address;
  }
}

TEST_F(ServiceTableTest, ABalancersAddressTakesItsSourcesAlone) {
  service_.status.load_balancer_ingress = {{"10.9.0.2"}};
  service_.spec.load_balancer_source_ranges = {" 203.0.113.9/24", "198.51.100.0/24"};
  AddReady("10.42.1.2", "h1");
  const auto sources = [&](const char* address) {
    return Make().targets.at({*ParseIpv4(address), Protocol::kTcp, 80}).sources;
  };
  EXPECT_EQ(sources("10.9.0.2"), (std::vector<std::string>{"198.51.100.0/24", "203.0.113.0/24"}));
  EXPECT_TRUE(sources("10.96.0.1").empty());
  service_.spec.load_balancer_source_ranges = {"2001:db8::/32"};
  EXPECT_EQ(sources("10.9.0.2"), std::vector<std::string>{"0.0.0.0/32"}) << "nobody";
  service_.spec.load_balancer_source_ranges = {"203.0.113.0/24", "0.0.0.0/0"};
  EXPECT_TRUE(sources("10.9.0.2").empty());
}

TEST_F(ServiceTableTest, AffinityIsOfTheClientsAddress) {
  service_.spec.session_affinity = SessionAffinity::kClientIp;
  EXPECT_EQ(At("10.96.0.1", 80), "refused");
  AddReady("10.42.1.2", "h1");
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.2:8080 sticky 10800");
  service_.spec.session_affinity_timeout_seconds = 5;
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.2:8080 sticky 5");
}

TEST_F(ServiceTableTest, PortsAreMatchedByNameAndProtocol) {
  service_.spec.ports[0].name = "http";
  AddReady("10.42.1.2", "h1");
  EXPECT_EQ(At("10.96.0.1", 80), "refused") << "the slice's port has no name";
  slice_.ports[0].name = "http";
  EXPECT_EQ(At("10.96.0.1", 80), "10.42.1.2:8080");
  slice_.ports[0].protocol = Protocol::kUdp;
  EXPECT_EQ(At("10.96.0.1", 80), "refused");
  service_.spec.ports[0].protocol = Protocol::kUdp;
  EXPECT_EQ(At("10.96.0.1", 80, Protocol::kUdp), "10.42.1.2:8080");
}

TEST_F(ServiceTableTest, HeadlessAndNamesHaveNoAddress) {
  AddReady("10.42.1.2", "h1");
  service_.spec.cluster_ip = std::string(kHeadlessIp);
  EXPECT_TRUE(Make().targets.empty());
  service_.spec.cluster_ip.clear();
  EXPECT_TRUE(Make().targets.empty()) << "not allocated yet";
  service_.spec.type = ServiceType::kExternalName;
  EXPECT_TRUE(Make().targets.empty());
}

TEST_F(ServiceTableTest, WhatIsNoIpv4AddressIsLeftOut) {
  AddReady("2001:db8::1", "h1");
  AddReady("web.example.com", "h1");
  EXPECT_EQ(At("10.96.0.1", 80), "refused");
  slice_.address_type = AddressType::kFqdn;
  EXPECT_EQ(At("10.96.0.1", 80), "refused");
}

TEST_F(ServiceTableTest, SlicesOfOtherServicesAreNoneOfItsOwn) {
  AddReady("10.42.1.2", "h1");
  slice_.metadata.namespace_name = "other";
  EXPECT_EQ(At("10.96.0.1", 80), "refused");
}

TEST_F(ServiceTableTest, PortsOfTheHostLeadToItsPods) {
  host_ports_ = {{Protocol::kTcp, "", 8081, "10.42.1.9", 80},
                 {Protocol::kUdp, "10.9.0.1", 53, "10.42.1.9", 5353}};
  EXPECT_EQ(At("0.0.0.0", 8081), "10.42.1.9:80");
  EXPECT_EQ(At("10.9.0.1", 53, Protocol::kUdp), "10.42.1.9:5353");
  EXPECT_EQ(Make().local_endpoints.size(), 1U);
}

// Twenty Services of two slices each, without addresses.
std::shared_ptr<ClusterNetwork> SomeServices() {
  const auto made = std::make_shared<ClusterNetwork>();
  for (int i = 0; i < 20; ++i) {
    Service service;
    service.metadata.namespace_name = "default";
    service.metadata.name = "s" + std::to_string(10 + i);
    ServicePort port;
    port.port = 80;
    service.spec.ports = {port};
    made->services.push_back(std::make_shared<Service>(service));
    for (const char* number : {"-1", "-2"}) {
      EndpointSlice slice;
      slice.metadata.namespace_name = "default";
      slice.metadata.name = service.metadata.name + number;
      slice.metadata.labels[kServiceNameLabel] = service.metadata.name;
      EndpointPort at;
      at.port = 8080;
      slice.ports = {at};
      made->endpoint_slices.push_back(std::make_shared<EndpointSlice>(slice));
    }
  }
  return made;
}

// Random changes, each followed from what was remembered and made from nothing. `addresses` and
// `ports`: that Services claim some of; few are claimed by several, and who has them changes.
void FollowChanges(uint64_t seed, int addresses, int ports) {
  SeededRandom random(seed);
  const auto below = [&](int end) {
    return static_cast<int>(random.Below(static_cast<uint64_t>(end)));
  };
  const auto made = SomeServices();
  auto& services = made->services;
  auto& slices = made->endpoint_slices;
  ServiceTables tables;
  HostNetworkConfig config = kTableConfig;
  for (int round = 0; round < 300; ++round) {
    if (below(2) == 0) {
      const auto which = static_cast<size_t>(below(20));
      auto service = std::make_shared<Service>(*services[which]);
      service->spec.cluster_ip = "10.96." + std::to_string(below(addresses)) + ".1";
      service->spec.external_traffic_policy =
          below(2) == 0 ? TrafficPolicy::kLocal : TrafficPolicy::kCluster;
      service->spec.others.Set("trafficDistribution",
                               below(2) == 0 ? Value() : Value::String("PreferSameZone"));
      service->spec.ports[0].node_port = below(3) == 0 ? 30'000 + below(ports) : 0;
      services[which] = service;
    } else {
      const auto which = static_cast<size_t>(below(40));
      auto slice = std::make_shared<EndpointSlice>(*slices[which]);
      if (below(4) == 0) {
        slice->metadata.labels[kServiceNameLabel] = "s" + std::to_string(9 + below(21));
      }
      slice->endpoints.clear();
      for (int i = below(4); i > 0; --i) {
        Endpoint endpoint;
        endpoint.addresses = {"10.42.1." + std::to_string(1 + below(30))};
        endpoint.node_name = "h" + std::to_string(1 + below(2));
        endpoint.zone = below(2) == 0 ? "east" : "west";
        endpoint.conditions.ready = below(3) != 0;
        slice->endpoints.push_back(endpoint);
      }
      slices[which] = slice;
    }
    if (round % 50 == 49) config.host_address = "10.9.0." + std::to_string(1 + below(3));
    const auto cluster = std::make_shared<ClusterNetwork>();
    cluster->peers = {{"h1", "", "", below(20) == 0 ? "west" : "east"}, {"h2", "", "", ""}};
    cluster->services = services;
    cluster->endpoint_slices = slices;
    if (below(5) == 0) cluster->services.erase(cluster->services.begin() + below(20));
    if (below(5) == 0) cluster->endpoint_slices.erase(cluster->endpoint_slices.begin() + below(40));
    const NetworkState state = {below(20) == 0 ? "h2" : "h1", cluster, {}};
    ASSERT_EQ(tables.Next(config, state), MakeServiceTable(config, state)) << round;
  }
}

TEST(ServiceTables, NextIsWhatOneMadeFromNothingIs) {
  FollowChanges(11, 12, 5);
  // Most of these have no rivals, and what changes is looked at alone.
  for (uint64_t seed = 1; seed <= 5; ++seed) FollowChanges(seed, 250, 2'000);
}

}  // namespace
}  // namespace reconcile
