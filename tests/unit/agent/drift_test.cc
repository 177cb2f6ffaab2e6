#include "agent/containers.h"
#include "tests/unit/agent/agent_fixture.h"

namespace reconcile {
namespace {

constexpr int64_t kPastEarlierRunMs = 11'000;

// A pod that runs, on an agent that has run for a while.
class DriftTest : public AgentTest {
 protected:
  DriftTest() {
    AddPod("web");
    StartAgent();
    Assign();
    Settle();
    RunFor(kPastEarlierRunMs);
  }
  std::string Only() const { return Running().at(0).id; }
  int Told(const std::string& part = "") const { return TimesSaid("DriftCorrected", part); }
};

TEST_F(DriftTest, AContainerThatSomebodyRemovedIsToldOnceAnotherRuns) {
  engine.DestroyContainer(Only());
  Settle();
  RunFor(1'000);
  ASSERT_EQ(Running().size(), 1U);
  EXPECT_EQ(Told("Somebody has removed container app; another runs in its place"), 1);
  RunFor(options.resync_ms);
  EXPECT_EQ(Told(), 1);
}

TEST_F(DriftTest, TheEventIsOfThePod) {
  engine.DestroyContainer(Only());
  Settle();
  RunFor(1'000);
  std::vector<std::string> pods;
  for (const Report& report : link.reports) {
    for (const AgentEvent& event : report.events) {
      if (event.reason == kDriftCorrected) pods.push_back(event.pod_name);
    }
  }
  EXPECT_EQ(pods, std::vector<std::string>{"web"});
}

TEST_F(DriftTest, ARemovalThatWasSeenAsAnEndBeforeIsTold) {
  const std::string id = Only();
  engine.KillContainer(id);  // `docker rm -f` does this first
  Settle();
  ASSERT_EQ(Running().size(), 1U);
  EXPECT_EQ(Told(), 0);
  engine.DestroyContainer(id);
  Settle();
  RunFor(1'000);
  EXPECT_EQ(Told("removed container app"), 1);
}

TEST_F(DriftTest, ARemovalThatNoEventToldIsFoundAtTheNextLook) {
  engine.BreakEventStreams();
  engine.DestroyContainer(Only());
  RunFor(options.resync_ms + 1'000);
  EXPECT_EQ(Told("removed container app"), 1);
}

TEST_F(DriftTest, AProgramsOwnEndIsNone) {
  engine.KillContainer(Only(), 1);
  Settle();
  RunFor(options.resync_ms + 60'000);
  EXPECT_EQ(Running().size(), 1U);
  EXPECT_EQ(Told(), 0);
}

TEST_F(DriftTest, WhatIsKeptForItsLogAloneMayGo) {
  const std::string id = Only();
  engine.KillContainer(id, 1);
  Settle();
  RunFor(60'000);
  engine.DestroyContainer(id);  // `docker container prune`
  Settle();
  RunFor(60'000);
  EXPECT_EQ(Told(), 0);
}

TEST_F(DriftTest, WhatTheAgentTakesAwayIsNone) {
  auto pod = std::make_shared<Pod>(*assignment.pods.back());
  pod->spec.containers.Edit()[0].command = {"another"};
  assignment.pods.back() = pod;
  Assign();
  Settle();
  RunFor(60'000);
  DeletePod("web");
  Assign();
  Settle();
  RunFor(60'000);
  EXPECT_TRUE(Running().empty());
  EXPECT_EQ(Told(), 0);
}

TEST_F(DriftTest, RemovingAPodThatIsToGoAnywayIsNone) {
  const std::string id = Only();
  DeletePod("web");
  Assign();
  engine.DestroyContainer(id);
  Settle();
  RunFor(60'000);
  EXPECT_EQ(Told(), 0);
}

TEST_F(DriftTest, AnEngineThatLosesAllItsContainersIsToldOfEachPod) {
  for (int i = 0; i < 20; ++i) AddPod("more-" + std::to_string(i));
  Assign();
  Settle();
  const auto before = RunningIds();
  for (const std::string& id : before) engine.DestroyContainer(id);
  Settle();
  RunFor(60'000);
  EXPECT_EQ(Running().size(), 21U);
  // What went with its sandbox may be told with that alone.
  std::set<std::string> pods;
  for (const Report& report : link.reports) {
    for (const AgentEvent& event : report.events) {
      if (event.reason == kDriftCorrected) pods.insert(event.pod_name);
    }
  }
  EXPECT_EQ(pods.size(), 21U);
  EXPECT_LE(Told(), static_cast<int>(before.size()));
}

TEST_F(DriftTest, AnEngineThatGoesAwayAndComesBackIsNone) {
  engine.Crash();
  RunFor(20'000);
  engine.Start();
  Settle();
  RunFor(60'000);
  EXPECT_EQ(Running().size(), 1U);
  EXPECT_EQ(Told(), 0);
}

TEST_F(DriftTest, AnAgentThatStartedJustNowBlamesNobody) {
  KillAgent();
  StartAgent();
  Assign();
  Settle();
  engine.DestroyContainer(Only());
  Settle();
  RunFor(60'000);
  EXPECT_EQ(Running().size(), 1U);
  EXPECT_EQ(Told(), 0);
}

TEST_F(DriftTest, APodsRouteThatSomebodyDeletedIsTold) {
  const std::string address = Reported("web").status.pod_ip;
  ASSERT_TRUE(network.DropRoute(address));
  RunFor(2'000);
  EXPECT_TRUE(network.HasRoute(address));
  EXPECT_EQ(Told("the pod's device or route"), 1);
}

TEST_F(DriftTest, WhatWasPutBackOfTheHostsNetworkIsToldOfTheNodeAndNotTooOften) {
  auto node = std::make_shared<Node>();
  node->metadata.name = "host-1";
  node->spec.pod_cidr = "10.42.3.0/24";
  assignment.nodes = SharedList<Node>({node});
  Assign();
  Settle();
  RunFor(1'000);
  EXPECT_EQ(Told(), 0);
  for (int i = 0; i < 20; ++i) {
    network.TakeRules();
    RunFor(1'000);
  }
  EXPECT_GE(Told("they were loaded again"), 2);
  EXPECT_LE(Told(), 3);
  for (const Report& report : link.reports) {
    for (const AgentEvent& event : report.events) {
      if (event.reason == kDriftCorrected) {
        EXPECT_EQ(event.pod_uid, "") << "it is the node's";
      }
    }
  }
}

}  // namespace
}  // namespace reconcile
