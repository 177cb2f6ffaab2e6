// Packets for service addresses, through a real kernel (SEMANTICS 13).
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <chrono>
#include <future>
#include <set>

#include "tests/contract/net/kernel_world.h"

namespace reconcile {
namespace {

constexpr char kClusterIp[] = "10.96.0.1";
constexpr uint16_t kNodePort = 30'080;

// Service web with two pods on this host, which listen; a third pod is a client.
class ServiceAddresses : public testing::Test {
 protected:
  ServiceAddresses() {
    config_.service_cidr = "10.96.0.0/16";
    config_.host_address = KernelWorld::kHostUplink;
    EXPECT_TRUE(world_.Prepare(config_).ok());
    one_ = world_.StartPod("uid-1", "10.42.7.2");
    two_ = world_.StartPod("uid-2", "10.42.7.3");
    client_ = world_.StartPod("uid-3", "10.42.7.4");
    service_.metadata.namespace_name = slice_.metadata.namespace_name = "default";
    service_.metadata.name = "web";
    service_.spec.cluster_ip = kClusterIp;
    ServicePort port;
    port.port = 80;
    port.node_port = kNodePort;
    service_.spec.ports = {port};
    slice_.metadata.labels[kServiceNameLabel] = "web";
    EndpointPort at;
    at.port = kTestPort;
    slice_.ports = {at};
    SetEndpoints({"10.42.7.2", "10.42.7.3"});
  }
  void SetEndpoints(const std::vector<std::string>& addresses, const std::string& node = "h1") {
    slice_.endpoints.clear();
    for (const std::string& address : addresses) {
      Endpoint endpoint;
      endpoint.addresses = {address};
      endpoint.node_name = node;
      slice_.endpoints.push_back(endpoint);
    }
  }
  void Sync() {
    const auto cluster = std::make_shared<ClusterNetwork>();
    cluster->services = {std::make_shared<Service>(service_)};
    cluster->endpoint_slices = {std::make_shared<EndpointSlice>(slice_)};
    const Status status = world_.Sync({"h1", cluster, host_ports_});
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  // Whose connection arrives at which pod: "10.42.7.2 from 10.42.7.4"; "" when none comes about.
  std::string Ask(const IdleProcess& from, const std::string& address, uint16_t port) {
    const UniqueFd first = world_.sandbox(one_).Listen("10.42.7.2", kTestPort);
    const UniqueFd second = world_.sandbox(two_).Listen("10.42.7.3", kTestPort);
    const UniqueFd connection = from.Connect(address, port);
    if (!connection.ok()) return "";
    std::array<pollfd, 2> waiting = {{{first.get(), POLLIN, 0}, {second.get(), POLLIN, 0}}};
    ::poll(waiting.data(), waiting.size(), 5'000);
    const bool is_first = (waiting[0].revents & POLLIN) != 0;
    return std::string(is_first ? "10.42.7.2" : "10.42.7.3") + " from " +
           AcceptPeer(is_first ? first : second);
  }
  std::set<std::string> AskOften(const IdleProcess& from, const std::string& address,
                                 uint16_t port) {
    std::set<std::string> answers;
    for (int i = 0; i < 24; ++i) answers.insert(Ask(from, address, port));
    return answers;
  }
  // What connecting there says, at once.
  std::string Refusal(const IdleProcess& from, const std::string& address, uint16_t port) {
    return from.Run("timeout 5 bash -c 'echo > /dev/tcp/" + address + "/" + std::to_string(port) +
                    "' 2>&1 | grep -m1 -o 'Connection refused' || echo none");
  }
  // How often the network has told of changes by others in what the kernel says by now.
  int TakeNews() {
    int told = 0;
    int looks = 0;
    world_.network()->SetOnDisturbed([&](Disturbance) { ++told; });
    EXPECT_TRUE(world_.RunUntil([&] { return ++looks > 3; }));
    world_.network()->SetOnDisturbed(nullptr);
    return told;
  }
  const IdleProcess& Client() { return world_.sandbox(client_); }

  KernelWorld world_;
  HostNetworkConfig config_ = kTestConfig;
  int64_t one_ = 0;
  int64_t two_ = 0;
  int64_t client_ = 0;
  Service service_;
  EndpointSlice slice_;
  std::vector<HostPort> host_ports_;
};

TEST_F(ServiceAddresses, APodReachesEveryEndpointAndIsSeenAsItself) {
  Sync();
  EXPECT_EQ(AskOften(Client(), kClusterIp, 80),
            (std::set<std::string>{"10.42.7.2 from 10.42.7.4", "10.42.7.3 from 10.42.7.4"}));
}

TEST_F(ServiceAddresses, TheHostReachesThemToo) {
  Sync();
  EXPECT_EQ(AskOften(world_.host(), kClusterIp, 80),
            (std::set<std::string>{"10.42.7.2 from 10.42.7.1", "10.42.7.3 from 10.42.7.1"}));
}

TEST_F(ServiceAddresses, APodReachesItselfByItsService) {
  SetEndpoints({"10.42.7.2"});
  Sync();
  EXPECT_EQ(Ask(world_.sandbox(one_), kClusterIp, 80), "10.42.7.2 from 10.42.7.1");
}

TEST_F(ServiceAddresses, ANodePortIsReachedFromOutsideByWayOfTheHost) {
  Sync();
  EXPECT_EQ(AskOften(world_.outside(), KernelWorld::kHostUplink, kNodePort),
            (std::set<std::string>{"10.42.7.2 from 10.42.7.1", "10.42.7.3 from 10.42.7.1"}));
}

TEST_F(ServiceAddresses, ExternalPolicyLocalKeepsTheClientsAddress) {
  service_.spec.external_traffic_policy = TrafficPolicy::kLocal;
  Sync();
  EXPECT_EQ(AskOften(world_.outside(), KernelWorld::kHostUplink, kNodePort),
            (std::set<std::string>{"10.42.7.2 from 192.0.2.2", "10.42.7.3 from 192.0.2.2"}));
}

TEST_F(ServiceAddresses, ABalancersAddressTakesConnectionsOfItsSourcesAlone) {
  service_.status.load_balancer_ingress = {{KernelWorld::kHostUplink}};
  service_.spec.load_balancer_source_ranges = {"192.0.2.0/24"};
  Sync();
  EXPECT_NE(Ask(world_.outside(), KernelWorld::kHostUplink, 80), "");
  service_.spec.load_balancer_source_ranges = {"203.0.113.0/24", "203.0.113.0/25"};
  Sync();
  EXPECT_EQ(Refusal(world_.outside(), KernelWorld::kHostUplink, 80), "none\n");
}

TEST_F(ServiceAddresses, APortOfTheHostLeadsToItsPod) {
  host_ports_ = {{Protocol::kTcp, "", 8081, "10.42.7.2", kTestPort}};
  Sync();
  EXPECT_EQ(Ask(world_.outside(), KernelWorld::kHostUplink, 8081), "10.42.7.2 from 192.0.2.2");
  host_ports_.clear();
  Sync();
  EXPECT_EQ(Ask(world_.outside(), KernelWorld::kHostUplink, 8081), "");
}

TEST_F(ServiceAddresses, WhatNothingIsBehindIsRefusedAtOnce) {
  SetEndpoints({});
  Sync();
  EXPECT_EQ(Refusal(Client(), kClusterIp, 80), "Connection refused\n");
  EXPECT_EQ(Refusal(world_.host(), kClusterIp, 80), "Connection refused\n");
  EXPECT_EQ(Refusal(world_.outside(), KernelWorld::kHostUplink, kNodePort), "Connection refused\n");
  EXPECT_EQ(Refusal(Client(), kClusterIp, 81), "Connection refused\n") << "another port of it";
  EXPECT_EQ(Refusal(Client(), "10.96.7.7", 80), "Connection refused\n") << "nobody's address";
}

TEST_F(ServiceAddresses, PolicyLocalWithoutAnEndpointHereDrops) {
  service_.spec.internal_traffic_policy = TrafficPolicy::kLocal;
  SetEndpoints({"10.42.9.2"}, "h2");
  Sync();
  EXPECT_EQ(Refusal(Client(), kClusterIp, 80), "none\n");
}

TEST_F(ServiceAddresses, AffinityBindsAClientUntilItsEndpointLeaves) {
  service_.spec.session_affinity = SessionAffinity::kClientIp;
  Sync();
  const std::set<std::string> bound = AskOften(Client(), kClusterIp, 80);
  ASSERT_EQ(bound.size(), 1U);
  const bool is_first = bound.begin()->starts_with("10.42.7.2");
  SetEndpoints({is_first ? "10.42.7.3" : "10.42.7.2"});
  Sync();
  const std::set<std::string> other = AskOften(Client(), kClusterIp, 80);
  ASSERT_EQ(other.size(), 1U);
  EXPECT_NE(other, bound);
  SetEndpoints({"10.42.7.2", "10.42.7.3"});
  Sync();
  EXPECT_EQ(AskOften(Client(), kClusterIp, 80), other) << "bound to the other one now";
}

TEST_F(ServiceAddresses, AffinityOutlivesTheAgent) {
  service_.spec.session_affinity = SessionAffinity::kClientIp;
  Sync();
  const std::set<std::string> bound = AskOften(Client(), kClusterIp, 80);
  world_.RestartAgent();
  ASSERT_TRUE(world_.Prepare(config_).ok());
  Sync();
  EXPECT_EQ(AskOften(Client(), kClusterIp, 80), bound);
}

TEST_F(ServiceAddresses, FlushedRulesAreToldAndComeBack) {
  int told = 0;
  world_.network()->SetOnDisturbed([&](Disturbance) { ++told; });
  Sync();
  ASSERT_TRUE(world_.Prepare(config_).ok());
  Sync();
  EXPECT_FALSE(world_.loop()->RunUntil([&] { return told > 0; }, 100)) << "our own changes";
  world_.host().Run("nft flush ruleset");
  ASSERT_TRUE(world_.RunUntil([&] { return told > 0; }));
  ASSERT_TRUE(world_.Prepare(config_).ok());
  Sync();
  EXPECT_NE(Ask(Client(), kClusterIp, 80), "");
}

// The kernel's news of so many elements at once are more than sockets usually hold.
TEST_F(ServiceAddresses, RulesTakenAreToldAfterThousandsOfServicesWereLoaded) {
  const auto cluster = std::make_shared<ClusterNetwork>();
  service_.spec.ports[0].node_port = 0;
  for (int i = 0; i < 20'000; ++i) {
    service_.metadata.name = "web-" + std::to_string(i);
    service_.spec.cluster_ip =
        "10.96." + std::to_string(1 + i / 200) + "." + std::to_string(i % 200);
    slice_.metadata.labels[kServiceNameLabel] = service_.metadata.name;
    cluster->services.push_back(std::make_shared<Service>(service_));
    cluster->endpoint_slices.push_back(std::make_shared<EndpointSlice>(slice_));
  }
  const Status status = world_.Sync({"h1", cluster, {}});
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(TakeNews(), 0) << "our own changes";
  world_.host().Run("nft delete table ip reconcile_services");
  EXPECT_GT(TakeNews(), 0);
}

// Each transaction of ours is expected to be told of; one that the kernel refused is not.
TEST_F(ServiceAddresses, RulesTakenAreToldAfterOursWereRefused) {
  world_.host().Run("nft add table ip reconcile_services");
  world_.host().Run("nft add map ip reconcile_services services '{ type ipv4_addr : verdict; }'");
  TakeNews();
  Sync();
  EXPECT_EQ(TakeNews(), 0) << "our own changes";
  world_.host().Run("nft delete table ip reconcile_services");
  EXPECT_GT(TakeNews(), 0);
}

TEST_F(ServiceAddresses, RulesTakenDuringASyncComeBackWithTheNext) {
  std::promise<void> told;
  int takes = 0;
  world_.SetServeNames([&] {
    if (++takes > 1) return std::vector<std::string>();
    world_.host().Run("nft flush ruleset");
    const auto heard = told.get_future().wait_for(std::chrono::seconds(30));
    EXPECT_EQ(heard, std::future_status::ready);
    return std::vector<std::string>();
  });
  ASSERT_TRUE(world_.Prepare(config_).ok());
  world_.network()->SetOnDisturbed([&, times = 0](Disturbance) mutable {
    if (++times == 1) told.set_value();
  });
  Sync();
  world_.network()->SetOnDisturbed(nullptr);
  ASSERT_TRUE(world_.Prepare(config_).ok());
  Sync();
  EXPECT_NE(Ask(Client(), kClusterIp, 80), "");
}

// Whichever rules nft reads first, and in one run with those of TCP or without.
TEST_F(ServiceAddresses, DatagramsReachEveryEndpoint) {
  service_.spec.ports[0].protocol = slice_.ports[0].protocol = Protocol::kUdp;
  const auto reached = [&] {
    for (int i = 0; i < 24; ++i) Client().Run("bash -c 'echo > /dev/udp/10.96.0.1/80'");
    std::set<std::string> endpoints;
    for (const std::string endpoint : {"10.42.7.2", "10.42.7.3"}) {
      const std::string list = "conntrack -L -p udp --reply-src " + endpoint + " 2>/dev/null";
      if (!world_.host().Run(list).empty()) endpoints.insert(endpoint);
    }
    return endpoints;
  };
  SetEndpoints({"10.42.7.2"});
  Sync();
  EXPECT_EQ(reached(), (std::set<std::string>{"10.42.7.2"}));
  SetEndpoints({"10.42.7.2", "10.42.7.3"});
  Sync();
  EXPECT_EQ(reached(), (std::set<std::string>{"10.42.7.2", "10.42.7.3"}));
}

TEST_F(ServiceAddresses, FlowsToAnEndpointThatLeftAreForgotten) {
  service_.spec.ports[0].protocol = slice_.ports[0].protocol = Protocol::kUdp;
  SetEndpoints({"10.42.7.2"});
  Sync();
  const std::string send = "bash -c 'echo > /dev/udp/10.96.0.1/80'";
  Client().Run(send);
  EXPECT_NE(world_.host().Run("conntrack -L -p udp --reply-src 10.42.7.2 2>/dev/null"), "");
  SetEndpoints({"10.42.7.3"});
  Sync();
  EXPECT_EQ(world_.host().Run("conntrack -L -p udp --reply-src 10.42.7.2 2>/dev/null"), "");
}

// They are asked by everybody all the time; to forget flows takes a program for each.
TEST_F(ServiceAddresses, NamesWaitForRulesAndForNothingElse) {
  service_.spec.ports[0].protocol = slice_.ports[0].protocol = Protocol::kUdp;
  std::string rules;
  std::string flows;
  world_.SetServeNames([&] {
    rules = world_.host().Run("nft list map ip reconcile_services endpoints_udp");
    flows = world_.host().Run("conntrack -L -p udp --reply-src 10.42.7.2 2>/dev/null");
    return std::vector<std::string>();
  });
  ASSERT_TRUE(world_.Prepare(config_).ok());
  SetEndpoints({"10.42.7.2"});
  Sync();
  Client().Run("bash -c 'echo > /dev/udp/10.96.0.1/80'");
  SetEndpoints({"10.42.7.3"});
  Sync();
  EXPECT_NE(rules.find("10.42.7.3"), std::string::npos) << rules;
  EXPECT_NE(flows, "");
}

TEST_F(ServiceAddresses, AnAddressThatNoPodHasAnyMoreIsRefusedAtOnce) {
  Sync();
  const auto asked = [](const IdleProcess& from, const std::string& address) {
    // A look for a neighbour takes three seconds.
    return from.Run(
        "timeout 2 bash -c 'echo > /dev/tcp/" + address +
        "/8888' 2>&1 | grep -m1 -o 'No route to host\\|Connection refused' || echo none");
  };
  EXPECT_EQ(asked(world_.host(), "10.42.7.77"), "No route to host\n");
  EXPECT_EQ(asked(world_.host(), "10.42.7.177"), "No route to host\n");
  EXPECT_EQ(asked(world_.host(), "10.42.7.3"), "Connection refused\n") << "the pod's own word";
  world_.EndSandbox(two_);
  EXPECT_EQ(asked(world_.host(), "10.42.7.3"), "No route to host\n");
  // Once each: the kernel sends one machine few such answers a second.
  EXPECT_EQ(asked(world_.sandbox(client_), "10.42.7.3"), "No route to host\n");
  EXPECT_EQ(asked(world_.sandbox(one_), "10.42.7.177"), "No route to host\n");
  // The address may come back.
  const int64_t again = world_.StartPod("uid-4", "10.42.7.3");
  EXPECT_TRUE(world_.Reaches(client_, again, "10.42.7.3"));
  EXPECT_TRUE(world_.Reaches(0, again, "10.42.7.3"));
  EXPECT_EQ(asked(world_.sandbox(client_), "10.42.7.1"), "Connection refused\n")
      << "the host's own";
  const std::string routes = world_.host().Run("ip route show proto 142");
  Sync();
  EXPECT_EQ(world_.host().Run("ip route show proto 142"), routes);
}

TEST_F(ServiceAddresses, RemovesAllOfIt) {
  Sync();
  ASSERT_TRUE(world_.RemoveAll().ok());
  EXPECT_EQ(world_.host().Run("nft list tables"), "");
  EXPECT_EQ(world_.host().Run("ip route show proto 142"), "");
}

}  // namespace
}  // namespace reconcile
