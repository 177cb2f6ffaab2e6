#include "tests/unit/agent/agent_fixture.h"

namespace reconcile {
namespace {

class NetworkSyncTest : public AgentTest {
 protected:
  NetworkSyncTest() {
    SetNodes({"host-1", "host-2"});
    StartAgent();
    link.Connect();
    AddPod("web");
    Assign();
    Settle();
    RunFor(1'000);
  }
  void SetNodes(const std::vector<std::string>& names) {
    SharedList<Node>::Items nodes;
    for (const std::string& name : names) {
      auto node = std::make_shared<Node>();
      node->metadata.name = name;
      node->spec.pod_cidr = "10.42." + std::to_string(nodes.size()) + ".0/24";
      node->status.addresses = {{"InternalIP", "192.0.2." + std::to_string(nodes.size() + 1)}};
      nodes.push_back(node);
    }
    assignment.nodes = SharedList<Node>(std::move(nodes));
  }
  int64_t Syncs() const { return network.CallCount(FakeNetworkCall::kSync); }
};

TEST_F(NetworkSyncTest, TheHostFollowsAndTheReportSaysWhichRevision) {
  ASSERT_TRUE(network.synced());
  EXPECT_EQ(network.synced()->cluster->peers.size(), 2U);
  EXPECT_EQ(LastReport().network.revision, assignment.fence.revision);
  EXPECT_EQ(LastReport().network.backend, "vxlan");
  EXPECT_EQ(LastReport().network.mtu, 1450);
}

TEST_F(NetworkSyncTest, HostsAreInTheZonesThatTheirLabelsSay) {
  auto node = std::make_shared<Node>(*assignment.nodes[1]);
  node->metadata.labels[kZoneLabel] = "east";
  assignment.nodes = SharedList<Node>({assignment.nodes[0], node});
  Assign();
  RunFor(1'000);
  EXPECT_EQ(network.synced()->cluster->peers[0].zone, "");
  EXPECT_EQ(network.synced()->cluster->peers[1].zone, "east");
}

TEST_F(NetworkSyncTest, WhatIsTheSameIsNotDoneAgain) {
  const int64_t before = Syncs();
  Assign();
  RunFor(30'000);
  EXPECT_EQ(Syncs(), before);
  EXPECT_EQ(LastReport().network.revision, assignment.fence.revision);
  SetNodes({"host-1", "host-2", "host-3"});
  Assign();
  RunFor(1'000);
  EXPECT_EQ(Syncs(), before + 1);
}

TEST_F(NetworkSyncTest, AFailureIsTriedAgain) {
  network.FailNext(FakeNetworkCall::kSync, UnavailableError("no such device"), 2);
  SetNodes({"host-1"});
  Assign();
  RunFor(30'000);
  EXPECT_EQ(network.synced()->cluster->peers.size(), 1U);
  EXPECT_EQ(LastReport().network.revision, assignment.fence.revision);
}

TEST_F(NetworkSyncTest, WhileSomethingIsLackingItLooksEveryFewSecondsHoweverManyChangesCome) {
  network.SetProblems({"host host-2 is not on the segment"});
  for (int i = 0; i < 20; ++i) {
    SetNodes(i % 2 == 0 ? std::vector<std::string>{"host-1"}
                        : std::vector<std::string>{"host-1", "host-2"});
    Assign();
    RunFor(200);
  }
  EXPECT_EQ(LastReport().network.problems.size(), 1U);
  const int64_t before = Syncs();
  RunFor(60'000);
  EXPECT_LE(Syncs() - before, 13);
  EXPECT_GE(Syncs() - before, 10);
  network.SetProblems({});
  RunFor(10'000);
  EXPECT_TRUE(LastReport().network.problems.empty());
}

TEST_F(NetworkSyncTest, APodsRouteThatWentIsSeenAndPutBack) {
  const std::string address = Reported("web").status.pod_ip;
  ASSERT_TRUE(network.DropRoute(address));
  RunFor(2'000);
  EXPECT_TRUE(network.HasRoute(address));
}

}  // namespace
}  // namespace reconcile
