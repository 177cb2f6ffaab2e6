#include "net/compile.h"

#include <gtest/gtest.h>

#include "tests/unit/net/golden.h"

namespace reconcile {
namespace {

const HostNetworkConfig kConfig = {"10.42.0.0/16", "10.42.7.0/24", 1450};
const PodAttachment kPod = {"5a1d0c3e-0000-8000-8000-000000000001", 4711, "10.42.7.9"};

TEST(HostDeviceName, FitsAnInterfaceAndTellsPodsApart) {
  const std::string name = HostDeviceName("uid-1");
  EXPECT_EQ(name.size(), 15U);
  EXPECT_TRUE(IsHostDeviceName(name));
  EXPECT_EQ(HostDeviceName("uid-1"), name);
  EXPECT_NE(HostDeviceName("uid-2"), name);
}

TEST(HostDeviceName, IsNotMistakenForOthers) {
  for (const char* name : {"", "rc", "rc0", "rc0123456789abg", "rd0123456789abc",
                           "rc0123456789abcd", "rc0123456789ABC", "reconcile0"}) {
    EXPECT_FALSE(IsHostDeviceName(name)) << name;
  }
  EXPECT_TRUE(IsHostDeviceName("rc0123456789abc"));
}

TEST(DeviceMac, IsLocallyAdministeredAndItsOwnOnBothEnds) {
  const std::string host = HostDeviceMac("uid-1");
  const std::string pod = PodDeviceMac("uid-1");
  EXPECT_EQ(host.size(), 17U);
  EXPECT_EQ(host.substr(0, 3), "02:");
  EXPECT_NE(host, pod);
  EXPECT_EQ(PodDeviceMac("uid-1"), pod);
  EXPECT_NE(PodDeviceMac("uid-2"), pod);
}

TEST(HostAddress, IsTheFirstOfTheHostsSubnet) { EXPECT_EQ(*HostAddress(kConfig), "10.42.7.1"); }

TEST(HostAddress, RefusesAConfigurationThatCannotBeUsed) {
  const HostNetworkConfig bad[] = {{"", "10.42.7.0/24", 1450},
                                   {"10.42.0.0/16", "", 1450},
                                   {"10.42.0.0/16", "10.43.0.0/24", 1450},
                                   {"10.42.7.0/24", "10.42.0.0/16", 1450},
                                   {"10.42.0.0/16", "10.42.7.0/30", 1450},
                                   {"10.42.0.0/16", "10.42.7.9/24", 1450},
                                   {"10.42.0.0/16", "10.42.7.0/24", 0},
                                   {"10.42.0.0/16", "10.42.7.0/24", 70'000}};
  for (const HostNetworkConfig& config : bad) {
    EXPECT_EQ(HostAddress(config).status().code(), StatusCode::kInvalid)
        << config.cluster_pod_cidr << " " << config.node_pod_cidr << " " << config.mtu;
  }
}

TEST(CompileAttach, Golden) {
  const Result<AttachChanges> batch = CompileAttach(kPod, kConfig, "4711");
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(ToText(batch->remove), "");
  ExpectGolden("attach_sandbox.txt", ToText(batch->sandbox));
  ExpectGolden("attach_host.txt", ToText(batch->host));
  ExpectGolden("attach_wake.txt", ToText(batch->wake));
}

TEST(CompileAttach, PutsNothingUncheckedIntoACommand) {
  for (const char* address : {"10.42.7.9\nlink delete dev eth0", "10.42.7.1", "10.42.8.9", ""}) {
    PodAttachment pod = kPod;
    pod.address = address;
    EXPECT_EQ(CompileAttach(pod, kConfig, "1").status().code(), StatusCode::kInvalid) << address;
  }
  PodAttachment odd = kPod;
  odd.pod_uid = "x\nlink delete dev eth0";
  const AttachChanges batch = *CompileAttach(odd, kConfig, "1");
  EXPECT_EQ((ToText(batch.sandbox) + ToText(batch.host)).find("delete"), std::string::npos);
  odd.pod_uid = "";
  EXPECT_EQ(CompileAttach(odd, kConfig, "1").status().code(), StatusCode::kInvalid);
}

class Repair : public testing::Test {
 protected:
  std::string Compile() {
    const Result<AttachChanges> batch = CompileRepair(kPod, kConfig, "4711", seen_);
    EXPECT_TRUE(batch.ok()) << batch.status().ToString();
    return batch.ok()
               ? ToText(batch->remove) + "\n" + ToText(batch->sandbox) + "\n" + ToText(batch->host)
               : "";
  }
  LinkSeen HostEnd(int64_t peer) const {
    return {HostDeviceName(kPod.pod_uid), 12,     peer,
            HostDeviceMac(kPod.pod_uid),  "veth", kConfig.mtu};
  }
  LinkSeen PodEnd(int64_t index) const {
    return {"eth0", index, 12, PodDeviceMac(kPod.pod_uid), "veth", kConfig.mtu};
  }

  AttachSeen seen_;
};

TEST_F(Repair, GivesAPairThatIsRightAnotherMtu) {
  seen_.host_links = {HostEnd(2)};
  seen_.sandbox_links = {PodEnd(2)};
  seen_.host_links[0].mtu = seen_.sandbox_links[0].mtu = kConfig.mtu + 50;
  const std::string mtu = std::to_string(kConfig.mtu);
  const std::string changes = Compile();
  EXPECT_NE(changes.find("link set dev eth0 mtu " + mtu + "\n"), std::string::npos) << changes;
  EXPECT_NE(changes.find("link set dev " + HostDeviceName(kPod.pod_uid) + " mtu " + mtu + "\n"),
            std::string::npos)
      << changes;
  EXPECT_EQ(changes.find("delete"), std::string::npos) << changes;
}

TEST_F(Repair, KeepsAPairThatIsRight) {
  seen_.host_links = {HostEnd(2)};
  seen_.sandbox_links = {PodEnd(2)};
  ExpectGolden("repair_right_pair.txt", Compile());
}

TEST_F(Repair, ReplacesADeviceWhoseOtherEndIsElsewhere) {
  seen_.host_links = {HostEnd(2)};
  ExpectGolden("repair_stale_device.txt", Compile());
}

TEST_F(Repair, RemovesTheDeviceOfAnotherPodThatHoldsTheAddress) {
  const std::string other = HostDeviceName("other");
  seen_.host_links = {{other, 9, 2, "", "veth"}};
  seen_.host_routes = {{"10.42.7.9", other}, {"10.42.7.8", HostDeviceName("third")}};
  const std::string batch = Compile();
  EXPECT_EQ(batch.find("link delete dev " + other + "\n"), 0U);
  EXPECT_EQ(batch.find(HostDeviceName("third")), std::string::npos);
}

TEST_F(Repair, LeavesWhatIsNotOurs) {
  seen_.host_routes = {{"10.42.7.9", "eth1"}};
  EXPECT_EQ(CompileRepair(kPod, kConfig, "4711", seen_).status().code(), StatusCode::kConflict);
  seen_.host_routes.clear();
  seen_.sandbox_links = {{"eth0", 2, 5, "0a:00:00:00:00:01", "veth"}};
  EXPECT_EQ(CompileRepair(kPod, kConfig, "4711", seen_).status().code(), StatusCode::kConflict);
}

TEST(CompileHostBridge, Golden) {
  ExpectGolden("bridge_new.txt", ToText(*CompileHostBridge(kConfig, {}, {})));
  const std::vector<LinkSeen> links = {{"reconcile0", 3, 0, "", "bridge"}};
  ExpectGolden("bridge_moved.txt",
               ToText(*CompileHostBridge(
                   kConfig, links, {{"reconcile0", "10.42.6.1", 24}, {"eth0", "192.0.2.1", 24}})));
  ExpectGolden("bridge_there.txt",
               ToText(*CompileHostBridge(kConfig, links, {{"reconcile0", "10.42.7.1", 24}})));
}

TEST(CompileHostBridge, RefusesADeviceThatIsNoBridge) {
  const auto batch = CompileHostBridge(kConfig, {{"reconcile0", 3, 0, "", "veth"}}, {});
  EXPECT_EQ(batch.status().code(), StatusCode::kConflict);
}

TEST(CompileRemoveDevices, NamesOursOnly) {
  const std::string pod = HostDeviceName("uid-1");
  EXPECT_EQ(ToText(CompileRemoveDevices({{"lo", 1, 0, "", ""},
                                         {pod, 2, 0, "", "veth"},
                                         {HostDeviceName("uid-2"), 3, 0, "", "bridge"},
                                         {"rcfriend0", 4, 0, "", "veth"},
                                         {"reconcile0", 5, 0, "", "bridge"}})),
            "link delete dev " + pod + "\nlink delete dev reconcile0\n");
  EXPECT_EQ(ToText(CompileRemoveDevices({{"reconcile0", 5, 0, "", "veth"}})), "");
}

TEST(AttachedAddresses, AreRoutesToOurDevices) {
  const std::string pod = HostDeviceName("uid-1");
  EXPECT_EQ(AttachedAddresses({{"default", "eth0"},
                               {"10.42.7.3", pod},
                               {"10.42.7.2", HostDeviceName("uid-2")},
                               {"10.42.9.0/24", pod},
                               {"10.42.7.4", "eth0"}}),
            (std::vector<std::string>{"10.42.7.2", "10.42.7.3"}));
}

}  // namespace
}  // namespace reconcile
