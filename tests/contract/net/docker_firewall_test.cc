// Docker's FORWARD DROP, in the variants of iptables that it may use.
#include <gtest/gtest.h>

#include "tests/contract/net/kernel_world.h"

namespace reconcile {
namespace {

class DockerFirewall : public testing::TestWithParam<const char*> {
 protected:
  // What dockerd leaves in the filter table.
  void StartDockersRules() { world_.host().Run(Tool() + "-restore", Rules()); }
  static std::string Rules() {
    return "*filter\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\n"
           "-A FORWARD -j DOCKER-USER\n-A DOCKER-USER -j RETURN\nCOMMIT\n";
  }
  std::string Tool() const { return "iptables-" + std::string(GetParam()); }
  std::string DockerUser() const { return world_.host().Run(Tool() + " -S DOCKER-USER"); }

  KernelWorld world_;
};

TEST_P(DockerFirewall, LetsPodsPassWhereDockerLooks) {
  StartDockersRules();
  ASSERT_TRUE(world_.Prepare(kTestConfig).ok());
  const int64_t one = world_.StartPod("uid-1", "10.42.7.2");
  const int64_t two = world_.StartPod("uid-2", "10.42.7.3");
  EXPECT_TRUE(world_.Reaches(one, two, "10.42.7.3"));
  const UniqueFd listener = world_.outside().Listen(KernelWorld::kOutside, kTestPort);
  EXPECT_TRUE(world_.sandbox(one).Connect(KernelWorld::kOutside, kTestPort).ok());
}

TEST_P(DockerFirewall, PutsItsRulesThereOnceAndBackWhenTheyAreGone) {
  StartDockersRules();
  ASSERT_TRUE(world_.Prepare(kTestConfig).ok());
  const std::string rules = DockerUser();
  EXPECT_EQ(rules,
            "-N DOCKER-USER\n"
            "-A DOCKER-USER -s 10.42.0.0/16 -i rc+ -m comment --comment reconcile -j ACCEPT\n"
            "-A DOCKER-USER -d 10.42.0.0/16 -o rc+ -m comment --comment reconcile -j ACCEPT\n"
            "-A DOCKER-USER -j RETURN\n");
  ASSERT_TRUE(world_.Prepare(kTestConfig).ok());
  EXPECT_EQ(DockerUser(), rules);
  world_.host().Run(Tool() + " -F DOCKER-USER; " + Tool() + " -A DOCKER-USER -j RETURN");
  ASSERT_TRUE(world_.Prepare(kTestConfig).ok());
  EXPECT_EQ(DockerUser(), rules);
}

TEST_P(DockerFirewall, ReplacesTheRulesOfOtherAddresses) {
  StartDockersRules();
  ASSERT_TRUE(world_.Prepare(kTestConfig).ok());
  HostNetworkConfig config = kTestConfig;
  config.cluster_pod_cidr = "10.40.0.0/14";
  ASSERT_TRUE(world_.Prepare(config).ok());
  EXPECT_EQ(DockerUser().find("10.42.0.0/16"), std::string::npos);
  EXPECT_NE(DockerUser().find("-s 10.40.0.0/14 -i rc+"), std::string::npos);
}

TEST_P(DockerFirewall, TakesItsRulesAwayAndLeavesDockers) {
  StartDockersRules();
  const std::string before = DockerUser();
  ASSERT_TRUE(world_.Prepare(kTestConfig).ok());
  ASSERT_TRUE(world_.RemoveAll().ok());
  EXPECT_EQ(DockerUser(), before);
}

TEST_P(DockerFirewall, LetsPodsPassWhereThePolicyDropsAndDockersChainIsAbsent) {
  world_.host().Run(Tool() + " -P FORWARD DROP; " + Tool() + " -P INPUT DROP; " + Tool() +
                    " -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT");
  const std::string before = world_.host().Run(Tool() + " -S");
  ASSERT_TRUE(world_.Prepare(kTestConfig).ok());
  const int64_t one = world_.StartPod("uid-1", "10.42.7.2");
  const int64_t two = world_.StartPod("uid-2", "10.42.7.3");
  EXPECT_TRUE(world_.Reaches(one, two, "10.42.7.3"));
  world_.sandbox(one).Run("ping -c 1 -W 1 10.42.7.1");
  ASSERT_TRUE(world_.RemoveAll().ok());
  EXPECT_EQ(world_.host().Run(Tool() + " -S"), before);
}

TEST_P(DockerFirewall, LetsPodsPassWhenEverythingWasFlushed) {
  StartDockersRules();
  ASSERT_TRUE(world_.Prepare(kTestConfig).ok());
  world_.host().Run(Tool() + " -F");  // the chain stays, nothing leads there
  ASSERT_TRUE(world_.Prepare(kTestConfig).ok());
  const int64_t one = world_.StartPod("uid-1", "10.42.7.2");
  const int64_t two = world_.StartPod("uid-2", "10.42.7.3");
  EXPECT_TRUE(world_.Reaches(one, two, "10.42.7.3"));
}

INSTANTIATE_TEST_SUITE_P(Variants, DockerFirewall, testing::Values("nft", "legacy"),
                         [](const auto& variant) { return std::string(variant.param); });

}  // namespace
}  // namespace reconcile
