// What only a real network can show. Packages: iproute2, nftables, iptables, util-linux.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "net/compile.h"
#include "net/netlink.h"
#include "tests/contract/net/kernel_world.h"

namespace reconcile {
namespace {

class KernelNetwork : public testing::Test {
 protected:
  void PrepareHost() {
    const Status status = world_.Prepare(kTestConfig);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  // Whose address the server at `to` sees when `from` connects; empty when no connection came.
  static std::string SeenFrom(const IdleProcess& from, const IdleProcess& to,
                              const std::string& address) {
    const UniqueFd listener = to.Listen(address, kTestPort);
    const UniqueFd connection = from.Connect(address, kTestPort);
    return connection.ok() ? AcceptPeer(listener) : "";
  }
  std::string Setting(const std::string& name) const {
    return world_.host().Run("cat /proc/sys/net/" + name);
  }

  KernelWorld world_;
};

TEST_F(KernelNetwork, ShowsTheOutsideTheHostsAddress) {
  PrepareHost();
  const int64_t pod = world_.StartPod("uid-1", "10.42.7.2");
  EXPECT_EQ(SeenFrom(world_.sandbox(pod), world_.outside(), KernelWorld::kOutside),
            KernelWorld::kHostUplink);
}

TEST_F(KernelNetwork, ShowsPodsEachOthersOwnAddress) {
  PrepareHost();
  const int64_t one = world_.StartPod("uid-1", "10.42.7.2");
  const int64_t two = world_.StartPod("uid-2", "10.42.7.3");
  EXPECT_EQ(SeenFrom(world_.sandbox(one), world_.sandbox(two), "10.42.7.3"), "10.42.7.2");
  EXPECT_EQ(SeenFrom(world_.host(), world_.sandbox(two), "10.42.7.3"), "10.42.7.1");
  EXPECT_EQ(SeenFrom(world_.sandbox(one), world_.host(), "10.42.7.1"), "10.42.7.2");
  EXPECT_EQ(SeenFrom(world_.sandbox(one), world_.sandbox(one), "10.42.7.2"), "10.42.7.2");
}

TEST_F(KernelNetwork, LetsAPodSendFromItsOwnAddressOnly) {
  PrepareHost();
  world_.StartPod("uid-1", "10.42.7.2");
  const std::string device = HostDeviceName("uid-1");
  EXPECT_EQ(Setting("ipv4/conf/" + device + "/rp_filter"), "1\n");
  EXPECT_EQ(Setting("ipv6/conf/" + device + "/disable_ipv6"), "1\n");
  EXPECT_EQ(Setting("ipv4/conf/" + device + "/forwarding"), "1\n");
  EXPECT_EQ(Setting("ipv4/ip_forward"), "1\n");
}

TEST_F(KernelNetwork, UsesTheConfiguredMtu) {
  PrepareHost();
  const int64_t pod = world_.StartPod("uid-1", "10.42.7.2");
  EXPECT_NE(world_.sandbox(pod).Run("ip link show eth0").find("mtu 1400"), std::string::npos);
  EXPECT_NE(world_.host().Run("ip link show " + HostDeviceName("uid-1")).find("mtu 1400"),
            std::string::npos);
}

TEST_F(KernelNetwork, GivesAPodThatRunsAnotherMtu) {
  PrepareHost();
  const int64_t pod = world_.StartPod("uid-1", "10.42.7.2");
  HostNetworkConfig config = kTestConfig;
  config.mtu = 1300;
  ASSERT_TRUE(world_.Prepare(config).ok());
  ASSERT_TRUE(world_.Attach({"uid-1", pod, "10.42.7.2"}).ok());
  EXPECT_NE(world_.sandbox(pod).Run("ip link show eth0").find("mtu 1300"), std::string::npos);
  EXPECT_NE(world_.host().Run("ip link show " + HostDeviceName("uid-1")).find("mtu 1300"),
            std::string::npos);
  EXPECT_TRUE(world_.Reaches(0, pod, "10.42.7.2"));
}

TEST_F(KernelNetwork, RefusesAProcessOfTheHostItself) {
  PrepareHost();
  const std::string before = world_.host().Run("ip -o link; ip route");
  const Status status = world_.Attach({"uid-1", world_.host().id(), "10.42.7.2"});
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_NE(status.message().find("lives in the host's network namespace"), std::string::npos);
  EXPECT_EQ(world_.host().Run("ip -o link; ip route"), before);
}

TEST_F(KernelNetwork, MakesASandboxesSettingsThoseOfDockersOwn) {
  PrepareHost();
  const int64_t pod = world_.StartPod("uid-1", "10.42.7.2");
  const auto setting = [&](const std::string& name) {
    return world_.sandbox(pod).Run("cat /proc/sys/net/" + name);
  };
  EXPECT_EQ(setting("ipv4/ip_unprivileged_port_start"), "0\n");
  EXPECT_EQ(setting("ipv4/ping_group_range"), "0\t2147483647\n");
  EXPECT_EQ(setting("ipv6/conf/eth0/disable_ipv6"), "1\n");
}

TEST_F(KernelNetwork, LeavesTheSettingsThatAPodAskedFor) {
  PrepareHost();
  const int64_t pod = world_.StartSandbox();
  world_.sandbox(pod).Run("echo 1000 > /proc/sys/net/ipv4/ip_unprivileged_port_start");
  PodAttachment attachment = {"uid-1", pod, "10.42.7.2"};
  attachment.own_settings = {"net.ipv4.ip_unprivileged_port_start"};
  ASSERT_TRUE(world_.Attach(attachment).ok());
  const auto setting = [&](const std::string& name) {
    return world_.sandbox(pod).Run("cat /proc/sys/net/" + name);
  };
  EXPECT_EQ(setting("ipv4/ip_unprivileged_port_start"), "1000\n");
  EXPECT_EQ(setting("ipv4/ping_group_range"), "0\t2147483647\n");
}

TEST_F(KernelNetwork, RoutesAnAddressOnlyToASandboxThatHasAllOfIt) {
  PrepareHost();
  const int64_t pod = world_.StartSandbox();
  // A crash anywhere before the last line: the next agent must not take the pod for attached.
  AttachChanges batch =
      *CompileAttach({"uid-1", pod, "10.42.7.2"}, kTestConfig, world_.host().NamespacePath());
  world_.sandbox(pod).Run("ip -batch -", ToText(batch.sandbox));
  batch.host.pop_back();
  world_.host().Run("ip -batch -", ToText(batch.host));
  EXPECT_EQ(world_.List(), std::vector<std::string>());
  ASSERT_TRUE(world_.Attach({"uid-1", pod, "10.42.7.2"}).ok());
  EXPECT_EQ(world_.List(), std::vector<std::string>({"10.42.7.2"}));
  EXPECT_TRUE(world_.Reaches(0, pod, "10.42.7.2"));
}

TEST_F(KernelNetwork, MakesThePodsDeviceRunningLastOfAll) {
  PrepareHost();
  const int64_t pod = world_.StartSandbox();
  const AttachChanges batch =
      *CompileAttach({"uid-1", pod, "10.42.7.2"}, kTestConfig, world_.host().NamespacePath());
  world_.sandbox(pod).Run("ip -batch -", ToText(batch.sandbox));
  world_.host().Run("ip -batch -", ToText(batch.host));
  EXPECT_EQ(world_.List(), std::vector<std::string>({"10.42.7.2"}));
  // The kernel tells of a carrier in its own time.
  EXPECT_TRUE(world_.RunUntil([&] {
    return world_.sandbox(pod).Run("ip link show eth0").find("state DORMANT") != std::string::npos;
  }));
  ASSERT_TRUE(world_.Attach({"uid-1", pod, "10.42.7.2"}).ok()) << "the next agent does it again";
  EXPECT_NE(world_.sandbox(pod).Run("ip link show eth0").find("state UP"), std::string::npos);
}

// The changes are shown as `ip` reads them, so that is what they have to do.
TEST_F(KernelNetwork, DoesWhatIpDoesWithTheTextOfItsChanges) {
  PrepareHost();
  const auto configured = [](const IdleProcess& space) {
    return space.Run(
               "ip -4 -o address show; ip -4 route show; ip -4 neighbour show nud permanent") +
           space.Run(
               "ip -o link show up | sed 's/@.*state/ state/; s/^[0-9]*//; s/ link-netnsid .*//'");
  };
  const int64_t by_us = world_.StartPod("uid-1", "10.42.7.2");
  const std::string sandbox_of_us = configured(world_.sandbox(by_us));
  const std::string host_of_us = configured(world_.host());
  ASSERT_TRUE(world_.Detach("uid-1", "10.42.7.2").ok());
  const int64_t by_ip = world_.StartSandbox();
  const AttachChanges changes =
      *CompileAttach({"uid-1", by_ip, "10.42.7.2"}, kTestConfig, world_.host().NamespacePath());
  world_.sandbox(by_ip).Run("ip -batch -", ToText(changes.sandbox));
  world_.host().Run("ip -batch -", ToText(changes.host));
  world_.sandbox(by_ip).Run("ip -batch -", ToText(changes.wake));
  EXPECT_EQ(configured(world_.sandbox(by_ip)), sandbox_of_us);
  EXPECT_EQ(configured(world_.host()), host_of_us);
}

TEST_F(KernelNetwork, LeavesAForeignRouteAndSaysSo) {
  PrepareHost();
  world_.host().Run("ip route add 10.42.7.2/32 dev up0");
  const Status status = world_.Attach({"uid-1", world_.StartSandbox(), "10.42.7.2"});
  EXPECT_EQ(status.code(), StatusCode::kConflict);
  EXPECT_NE(status.message().find("device \"up0\", which is not ours"), std::string::npos)
      << status.message();
  EXPECT_NE(world_.host().Run("ip route show 10.42.7.2/32").find("dev up0"), std::string::npos);
}

TEST_F(KernelNetwork, LeavesAForeignDeviceInTheSandboxAndSaysSo) {
  PrepareHost();
  const int64_t pod = world_.StartSandbox();
  world_.sandbox(pod).Run("ip link add eth0 type bridge");
  const Status status = world_.Attach({"uid-1", pod, "10.42.7.2"});
  EXPECT_EQ(status.code(), StatusCode::kConflict);
  EXPECT_NE(status.message().find("its network has a device eth0 that is not ours"),
            std::string::npos);
}

TEST_F(KernelNetwork, FinishesWhatACrashLeftHalfDone) {
  PrepareHost();
  const int64_t pod = world_.StartSandbox();
  const AttachChanges batch =
      *CompileAttach({"uid-1", pod, "10.42.7.2"}, kTestConfig, world_.host().NamespacePath());
  // The crash comes after the pair was made.
  world_.sandbox(pod).Run("ip -batch -", ToText(batch.sandbox.front()) + "\n");
  ASSERT_TRUE(world_.Attach({"uid-1", pod, "10.42.7.2"}).ok());
  EXPECT_TRUE(world_.Reaches(0, pod, "10.42.7.2"));
}

TEST_F(KernelNetwork, KeepsThePairWhenAttachedAgain) {
  PrepareHost();
  const int64_t pod = world_.StartPod("uid-1", "10.42.7.2");
  const UniqueFd listener = world_.sandbox(pod).Listen("10.42.7.2", kTestPort);
  const std::string before = world_.host().Run("ip -o link show " + HostDeviceName("uid-1"));
  ASSERT_TRUE(world_.Attach({"uid-1", pod, "10.42.7.2"}).ok());
  EXPECT_EQ(world_.host().Run("ip -o link show " + HostDeviceName("uid-1")), before);
}

TEST_F(KernelNetwork, TakesTheBridgeToAnotherSubnet) {
  PrepareHost();
  HostNetworkConfig config = kTestConfig;
  config.node_pod_cidr = "10.42.9.0/24";
  ASSERT_TRUE(world_.Prepare(config).ok());
  EXPECT_EQ(world_.host().Run("ip -4 -o address show dev reconcile0 | awk '{print $4}'"),
            "10.42.9.1/24\n");
  const int64_t pod = world_.StartPod("uid-1", "10.42.9.2");
  EXPECT_EQ(SeenFrom(world_.sandbox(pod), world_.outside(), KernelWorld::kOutside),
            KernelWorld::kHostUplink);
}

TEST_F(KernelNetwork, RefusesABridgesNameThatIsTaken) {
  world_.host().Run("ip link add reconcile0 type veth peer name other0");
  EXPECT_EQ(world_.Prepare(kTestConfig).code(), StatusCode::kConflict);
}

TEST_F(KernelNetwork, RemovesNothingThatIsNotOurs) {
  const std::string foreign =
      "ip link add rcfriend0 type veth peer name rcfriend1;"
      "ip link add rc0123456789abc type bridge;"
      "nft add table ip other; nft add chain ip other postrouting"
      " '{ type nat hook postrouting priority 100; }';"
      "iptables-nft -N DOCKER-USER; iptables-nft -A DOCKER-USER -s 198.51.100.0/24 -j DROP;"
      "iptables-legacy -A FORWARD -s 198.51.100.0/24 -m comment --comment other -j ACCEPT";
  world_.host().Run(foreign);
  const std::string look =
      "ip -o link | sed 's/^[0-9]*: //'; ip route; nft list tables;"
      "iptables-nft -S DOCKER-USER; iptables-legacy -S";
  const std::string before = world_.host().Run(look);
  PrepareHost();
  world_.StartPod("uid-1", "10.42.7.2");
  EXPECT_NE(world_.host().Run(look), before);
  ASSERT_TRUE(world_.RemoveAll().ok());
  EXPECT_EQ(world_.host().Run(look), before);
}

TEST_F(KernelNetwork, SpeaksOfAMissingNamespace) {
  KernelNetworkOptions options;
  options.network_namespace_path = "/run/netns/there-is-no-such-namespace";
  RealLoop loop;
  WorkerPool workers(&loop, 1, 1);
  const auto network = MakeKernelNetwork(&loop, &workers, options);
  std::optional<Status> outcome;
  network->Prepare(kTestConfig, [&](const Status& status) { outcome = status; });
  ASSERT_TRUE(loop.RunUntil([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome->code(), StatusCode::kNotFound);
}

TEST_F(KernelNetwork, RefusesWorkBeyondTheExecutorsQueue) {
  PrepareHost();
  int refused = 0;
  int answered = 0;
  constexpr int kCalls = 300;
  for (int i = 0; i < kCalls; ++i) {
    world_.network()->List([&](const Result<std::vector<std::string>>& outcome) {
      ++answered;
      if (outcome.status().code() == StatusCode::kUnavailable) ++refused;
    });
  }
  EXPECT_TRUE(world_.RunUntil([&] { return answered == kCalls; }));
  EXPECT_GT(refused, 0);
  EXPECT_LT(refused, kCalls);
}

// Not a claim that can fail: how long an attachment takes here, for the record.
TEST_F(KernelNetwork, StatesItsMedianAttachTime) {
  PrepareHost();
  std::vector<int64_t> micros;
  for (int i = 0; i < 20; ++i) {
    const int64_t sandbox = world_.StartSandbox();
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(
        world_.Attach({"uid-" + std::to_string(i), sandbox, "10.42.7." + std::to_string(10 + i)})
            .ok());
    const auto took = std::chrono::steady_clock::now() - start;
    micros.push_back(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  }
  std::sort(micros.begin(), micros.end());
  std::printf("attach: median %.1f ms of %zu\n", static_cast<double>(micros[10]) / 1000,
              micros.size());
  EXPECT_EQ(world_.List().size(), micros.size());
}

// As firewalld's, while it runs.
TEST_F(KernelNetwork, FindsATableByItsFamilyAndName) {
  const auto space = NetworkNamespace::Open(world_.host().NamespacePath());
  ASSERT_TRUE(space.ok());
  const auto has = [&](const std::string& name) {
    const Result<bool> found = Netlink::HasInetTable(*space, name, 10'000);
    EXPECT_TRUE(found.ok()) << found.status().ToString();
    return found.ok() && *found;
  };
  EXPECT_FALSE(has("firewalld"));
  world_.host().Run("nft add table ip firewalld; nft add table inet firewalld-too");
  EXPECT_FALSE(has("firewalld"));
  world_.host().Run("nft add table inet firewalld");
  EXPECT_TRUE(has("firewalld"));
}

}  // namespace
}  // namespace reconcile
