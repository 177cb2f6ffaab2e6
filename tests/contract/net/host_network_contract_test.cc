// What every HostNetwork does, run against the fake and against the kernel.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/contract/net/network_world.h"

namespace reconcile {
namespace {

using Addresses = std::vector<std::string>;

struct WorldMaker {
  const char* name;
  std::unique_ptr<NetworkWorld> (*make)();
};

class HostNetworkContract : public testing::TestWithParam<WorldMaker> {
 protected:
  void PrepareHost() {
    const Status status = world_->Prepare(kTestConfig);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  void Attach(const PodAttachment& attachment) {
    const Status status = world_->Attach(attachment);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }

  const std::unique_ptr<NetworkWorld> world_ = GetParam().make();
};

TEST_P(HostNetworkContract, RefusesPodsBeforeTheHostIsPrepared) {
  const Status status = world_->Attach({"uid-1", world_->StartSandbox(), "10.42.7.2"});
  EXPECT_EQ(status.code(), StatusCode::kConflict);
  EXPECT_EQ(world_->List(), Addresses());
}

TEST_P(HostNetworkContract, PreparesAgainWithoutHarm) {
  PrepareHost();
  const int64_t pod = world_->StartSandbox();
  Attach({"uid-1", pod, "10.42.7.2"});
  PrepareHost();
  EXPECT_TRUE(world_->Reaches(0, pod, "10.42.7.2"));
}

TEST_P(HostNetworkContract, RefusesASubnetOutsideTheClusters) {
  HostNetworkConfig config = kTestConfig;
  config.node_pod_cidr = "10.43.0.0/24";
  EXPECT_EQ(world_->Prepare(config).code(), StatusCode::kInvalid);
}

TEST_P(HostNetworkContract, ConnectsHostAndPods) {
  PrepareHost();
  const int64_t one = world_->StartSandbox();
  const int64_t two = world_->StartSandbox();
  Attach({"uid-1", one, "10.42.7.2"});
  Attach({"uid-2", two, "10.42.7.3"});
  EXPECT_TRUE(world_->Reaches(0, one, "10.42.7.2"));
  EXPECT_TRUE(world_->Reaches(one, two, "10.42.7.3"));
  EXPECT_TRUE(world_->Reaches(two, one, "10.42.7.2"));
  EXPECT_EQ(world_->List(), (Addresses{"10.42.7.2", "10.42.7.3"}));
}

TEST_P(HostNetworkContract, AttachesTwiceToTheSameEnd) {
  PrepareHost();
  const int64_t pod = world_->StartSandbox();
  Attach({"uid-1", pod, "10.42.7.2"});
  Attach({"uid-1", pod, "10.42.7.2"});
  EXPECT_TRUE(world_->Reaches(0, pod, "10.42.7.2"));
  EXPECT_EQ(world_->List(), Addresses{"10.42.7.2"});
}

TEST_P(HostNetworkContract, MovesAPodToItsNewSandbox) {
  PrepareHost();
  Attach({"uid-1", world_->StartSandbox(), "10.42.7.2"});
  const int64_t second = world_->StartSandbox();
  Attach({"uid-1", second, "10.42.7.2"});
  EXPECT_TRUE(world_->Reaches(0, second, "10.42.7.2"));
  EXPECT_EQ(world_->List(), Addresses{"10.42.7.2"});
}

TEST_P(HostNetworkContract, GivesAnAddressToItsNewOwner) {
  PrepareHost();
  Attach({"uid-old", world_->StartSandbox(), "10.42.7.2"});
  const int64_t pod = world_->StartSandbox();
  Attach({"uid-new", pod, "10.42.7.2"});
  EXPECT_TRUE(world_->Reaches(0, pod, "10.42.7.2"));
  EXPECT_TRUE(world_->Detach("uid-old", "10.42.7.2").ok());
  EXPECT_EQ(world_->List(), Addresses{"10.42.7.2"}) << "the old owner took the new one's away";
}

TEST_P(HostNetworkContract, SaysThatTheSandboxHasEnded) {
  PrepareHost();
  const int64_t pod = world_->StartSandbox();
  world_->EndSandbox(pod);
  const Status status = world_->Attach({"uid-1", pod, "10.42.7.2"});
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_NE(status.message().find("pod uid-1: its process"), std::string::npos) << status.message();
  EXPECT_EQ(world_->List(), Addresses());
}

TEST_P(HostNetworkContract, RefusesAnAddressThatIsNotAPodsHere) {
  PrepareHost();
  const int64_t pod = world_->StartSandbox();
  for (const char* address : {"10.42.8.2", "10.42.7.1", "10.42.7", "", "10.42.7.2 dev lo"}) {
    EXPECT_EQ(world_->Attach({"uid-1", pod, address}).code(), StatusCode::kInvalid) << address;
  }
  EXPECT_EQ(world_->List(), Addresses());
}

TEST_P(HostNetworkContract, DetachesOnceAndForAll) {
  PrepareHost();
  Attach({"uid-1", world_->StartSandbox(), "10.42.7.2"});
  Attach({"uid-2", world_->StartSandbox(), "10.42.7.3"});
  EXPECT_TRUE(world_->Detach("uid-1", "10.42.7.2").ok());
  EXPECT_TRUE(world_->Detach("uid-1", "10.42.7.2").ok());
  EXPECT_TRUE(world_->Detach("never-was", "10.42.7.9").ok());
  EXPECT_EQ(world_->List(), Addresses{"10.42.7.3"});
}

TEST_P(HostNetworkContract, ForgetsAPodWhoseSandboxEnded) {
  PrepareHost();
  const int64_t pod = world_->StartSandbox();
  Attach({"uid-1", pod, "10.42.7.2"});
  world_->EndSandbox(pod);
  // The kernel takes a dead namespace down in its own time.
  EXPECT_TRUE(world_->RunUntil([&] { return world_->List().empty(); }));
  EXPECT_TRUE(world_->Detach("uid-1", "10.42.7.2").ok());
}

TEST_P(HostNetworkContract, KeepsWhatIsAttachedWhenTheAgentRestarts) {
  PrepareHost();
  const int64_t pod = world_->StartSandbox();
  Attach({"uid-1", pod, "10.42.7.2"});
  world_->RestartAgent();
  EXPECT_EQ(world_->List(), Addresses{"10.42.7.2"});
  EXPECT_TRUE(world_->Reaches(0, pod, "10.42.7.2"));
  PrepareHost();
  Attach({"uid-1", pod, "10.42.7.2"});
  EXPECT_TRUE(world_->Reaches(0, pod, "10.42.7.2"));
}

TEST_P(HostNetworkContract, AttachesManyAtOnce) {
  PrepareHost();
  constexpr int kPods = 12;
  int done = 0;
  Addresses expected;
  for (int i = 0; i < kPods; ++i) {
    const std::string address = "10.42.7." + std::to_string(10 + i);
    expected.push_back(address);
    world_->network()->AttachPod({"uid-" + std::to_string(i), world_->StartSandbox(), address},
                                 [&](const Status& status) {
                                   EXPECT_TRUE(status.ok()) << status.ToString();
                                   ++done;
                                 });
  }
  EXPECT_TRUE(world_->RunUntil([&] { return done == kPods; }));
  EXPECT_EQ(world_->List(), expected);
}

TEST_P(HostNetworkContract, RemovesAll) {
  PrepareHost();
  Attach({"uid-1", world_->StartSandbox(), "10.42.7.2"});
  EXPECT_TRUE(world_->RemoveAll().ok());
  EXPECT_EQ(world_->List(), Addresses());
  const Status status = world_->Attach({"uid-2", world_->StartSandbox(), "10.42.7.3"});
  EXPECT_EQ(status.code(), StatusCode::kConflict);
  EXPECT_TRUE(world_->RemoveAll().ok());
}

TEST_P(HostNetworkContract, CallsNobodyBackOnceDestroyed) {
  PrepareHost();
  bool called = false;
  world_->network()->AttachPod({"uid-1", world_->StartSandbox(), "10.42.7.2"},
                               [&](const Status&) { called = true; });
  world_->RestartAgent();
  EXPECT_TRUE(world_->RunUntil([&] { return !world_->List().empty(); }));
  PrepareHost();
  EXPECT_FALSE(called);
}

TEST_P(HostNetworkContract, SyncsWhatIsPreparedAndAgainWithoutHarm) {
  EXPECT_EQ(world_->Sync(EmptyState()).code(), StatusCode::kConflict);
  PrepareHost();
  const int64_t pod = world_->StartSandbox();
  Attach({"uid-1", pod, "10.42.7.2"});
  for (int i = 0; i < 2; ++i) {
    const Status status = world_->Sync(EmptyState());
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  EXPECT_TRUE(world_->Reaches(0, pod, "10.42.7.2"));
}

TEST_P(HostNetworkContract, TellsWhenSomebodyTakesAwayWhatIsOurs) {
  int told = 0;
  world_->network()->SetOnDisturbed([&](Disturbance) { ++told; });
  PrepareHost();
  Attach({"uid-1", world_->StartSandbox(), "10.42.7.2"});
  ASSERT_TRUE(world_->Sync(EmptyState()).ok());
  told = 0;
  world_->DropRoute("10.42.7.2");
  EXPECT_TRUE(world_->RunUntil([&] { return told > 0; }));
  EXPECT_EQ(world_->List(), Addresses());
}

TEST_P(HostNetworkContract, TellsOnceWhatOthersTookAndIsBack) {
  int told = 0;
  world_->network()->SetOnDisturbed([&](Disturbance) { ++told; });
  PrepareHost();
  EXPECT_EQ(world_->PutBack(EmptyState()), std::vector<std::string>());
  EXPECT_EQ(world_->PutBack(EmptyState()), std::vector<std::string>());
  told = 0;
  world_->TakeRules();
  ASSERT_TRUE(world_->RunUntil([&] { return told > 0; }));
  EXPECT_EQ(world_->PutBack(EmptyState()).size(), 1U);
  EXPECT_EQ(world_->PutBack(EmptyState()), std::vector<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Worlds, HostNetworkContract,
                         testing::Values(WorldMaker{"Fake", MakeFakeWorld},
                                         WorldMaker{"Kernel", MakeKernelWorld}),
                         [](const auto& maker) { return std::string(maker.param.name); });

}  // namespace
}  // namespace reconcile
