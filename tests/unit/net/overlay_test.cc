#include "net/overlay.h"

#include <gtest/gtest.h>

#include "net/compile.h"
#include "tests/unit/net/golden.h"

namespace reconcile {
namespace {

const HostNetworkConfig kVxlanConfig = {"10.42.0.0/16", "10.42.1.0/24", 1450,
                                        "10.96.0.0/16", "10.9.0.1",     NetworkBackend::kVxlan};
HostNetworkConfig Gateway() {
  HostNetworkConfig config = kVxlanConfig;
  config.backend = NetworkBackend::kHostGw;
  return config;
}
const std::vector<NetworkPeer> kPeers = {{"h1", "10.9.0.1", "10.42.1.0/24"},
                                         {"h2", "10.9.0.2", "10.42.2.0/24"},
                                         {"h3", "10.9.0.3", "10.42.3.0/24"}};
const std::vector<AddressSeen> kAddresses = {{"eth0", "10.9.0.1", 24}};

// What is there once all of `config` was made.
OverlaySeen Made(const HostNetworkConfig& config) {
  OverlaySeen seen;
  seen.addresses = kAddresses;
  seen.routes.push_back({"10.96.0.0/16", "reconcile0", "", "10.42.1.1", kRouteProtocol});
  for (const char* half : {"10.42.1.0/25", "10.42.1.128/25"}) {
    seen.routes.push_back({half, "", "", "", kRouteProtocol});
  }
  seen.routes.push_back({"10.9.0.0/24", "eth0", "", "10.9.0.1", 0});
  if (config.backend == NetworkBackend::kHostGw) {
    seen.routes.push_back({"10.42.2.0/24", "eth0", "10.9.0.2", "10.42.1.1", kRouteProtocol});
    seen.routes.push_back({"10.42.3.0/24", "eth0", "10.9.0.3", "10.42.1.1", kRouteProtocol});
    return seen;
  }
  LinkSeen device;
  device.name = "rcoverlay";
  device.kind = "vxlan";
  device.mac = OverlayMac("h1");
  device.mtu = 1450;
  device.is_up = true;
  device.vxlan = VxlanSeen{kOverlayId, kOverlayPort, "10.9.0.1", false};
  seen.links = {device};
  for (const auto& peer : kPeers) {
    if (peer.name == "h1") continue;
    const std::string gateway = peer.pod_cidr.substr(0, peer.pod_cidr.find('/'));
    seen.routes.push_back({peer.pod_cidr, "rcoverlay", gateway, "10.42.1.1", kRouteProtocol});
    seen.neighbours.push_back({gateway, OverlayMac(peer.name), true});
    seen.entries.push_back({OverlayMac(peer.name), peer.address});
  }
  return seen;
}

std::string Changes(const HostNetworkConfig& config, const std::vector<NetworkPeer>& peers,
                    const OverlaySeen& seen) {
  const Result<OverlayChanges> compiled = CompileOverlay(config, "h1", peers, seen);
  if (!compiled.ok()) return compiled.status().message();
  std::string text = ToText(compiled->changes);
  for (const std::string& problem : compiled->problems) text += problem + "\n";
  return text;
}

TEST(Overlay, GoldenOfAHostThatHasNothing) {
  OverlaySeen nothing;
  nothing.addresses = kAddresses;
  ExpectGolden("overlay_vxlan.txt", Changes(kVxlanConfig, kPeers, nothing));
  ExpectGolden("overlay_host_gw.txt", Changes(Gateway(), kPeers, nothing));
  ExpectGolden("overlay_rules.nft", CompileOverlayRules(kVxlanConfig, kPeers));
  ExpectGolden("subnet.env", SubnetFile(kVxlanConfig));
}

TEST(Overlay, ChangesNothingThatIsRight) {
  EXPECT_EQ(Changes(kVxlanConfig, kPeers, Made(kVxlanConfig)), "");
  EXPECT_EQ(Changes(Gateway(), kPeers, Made(Gateway())), "");
}

TEST(Overlay, PutsBackWhatWasDeletedAndNothingElse) {
  OverlaySeen seen = Made(kVxlanConfig);
  seen.routes.pop_back();
  seen.entries.erase(seen.entries.begin());
  seen.neighbours[0].is_permanent = false;
  EXPECT_EQ(Changes(kVxlanConfig, kPeers, seen),
            "fdb replace " + OverlayMac("h2") + " dev rcoverlay dst 10.9.0.2 self permanent\n" +
                "neighbour replace 10.42.2.0 lladdr " + OverlayMac("h2") +
                " dev rcoverlay nud permanent\n"
                "route replace 10.42.3.0/24 via 10.42.3.0 dev rcoverlay src 10.42.1.1 onlink "
                "protocol 142\n");
}

TEST(Overlay, AnotherPodSubnetOfTheHostIsRefusedInPlaceOfTheOld) {
  HostNetworkConfig config = kVxlanConfig;
  OverlaySeen seen;
  seen.addresses = kAddresses;
  config.node_pod_cidr = "10.42.9.0/24";
  config.service_cidr = "";
  seen.routes.push_back({"10.42.1.0/25", "", "", "", kRouteProtocol});
  seen.routes.push_back({"10.42.9.128/25", "", "", "", kRouteProtocol});
  EXPECT_EQ(Changes(config, {}, seen),
            "route replace unreachable 10.42.9.0/25 protocol 142\n"
            "route delete unreachable 10.42.1.0/25\n");
}

TEST(Overlay, AHostThatLeftIsForgotten) {
  std::vector<NetworkPeer> peers = kPeers;
  peers.pop_back();
  EXPECT_EQ(Changes(kVxlanConfig, peers, Made(kVxlanConfig)),
            "neighbour delete 10.42.3.0 dev rcoverlay\n"
            "fdb delete " +
                OverlayMac("h3") +
                " dev rcoverlay dst 10.9.0.3 self permanent\n"
                "route delete 10.42.3.0/24 dev rcoverlay\n");
  peers.pop_back();
  EXPECT_EQ(Changes(kVxlanConfig, peers, Made(kVxlanConfig)), "link delete dev rcoverlay\n")
      << "alone";
}

TEST(Overlay, HostsThatSwapAddressesAreFollowed) {
  std::vector<NetworkPeer> peers = kPeers;
  std::swap(peers[1].address, peers[2].address);
  EXPECT_EQ(Changes(kVxlanConfig, peers, Made(kVxlanConfig)),
            "fdb replace " + OverlayMac("h2") + " dev rcoverlay dst 10.9.0.3 self permanent\n" +
                "fdb replace " + OverlayMac("h3") + " dev rcoverlay dst 10.9.0.2 self permanent\n");
}

TEST(Overlay, ADeviceOfOtherPropertiesIsMadeAnewWithAllThatWentWithIt) {
  for (const auto& spoil : std::vector<std::function<void(LinkSeen*)>>{
           [](LinkSeen* link) { link->mtu = 1400; },
           [](LinkSeen* link) { link->vxlan->learns = true; },
           [](LinkSeen* link) { link->vxlan->local = "10.9.0.7"; },
           [](LinkSeen* link) { link->mac = "02:00:00:00:00:01"; }}) {
    OverlaySeen seen = Made(kVxlanConfig);
    spoil(&seen.links[0]);
    OverlaySeen nothing;
    nothing.addresses = kAddresses;
    nothing.routes = {seen.routes[0], seen.routes[1], seen.routes[2]};
    EXPECT_EQ(Changes(kVxlanConfig, kPeers, seen),
              "link delete dev rcoverlay\n" + Changes(kVxlanConfig, kPeers, nothing));
  }
}

TEST(Overlay, ADeviceThatWasTakenDownGetsItsRoutesAgain) {
  OverlaySeen seen = Made(kVxlanConfig);
  seen.links[0].is_up = false;
  const std::string changes = Changes(kVxlanConfig, kPeers, seen);
  EXPECT_NE(changes.find("link set dev rcoverlay up\n"), std::string::npos);
  EXPECT_NE(changes.find("route replace 10.42.2.0/24"), std::string::npos);
}

TEST(Overlay, ADeviceOfOursNameThatIsNoneOfOursIsLeftAlone) {
  OverlaySeen seen = Made(kVxlanConfig);
  seen.links[0].kind = "bridge";
  EXPECT_NE(Changes(kVxlanConfig, kPeers, seen).find("rename it"), std::string::npos);
  EXPECT_TRUE(CompileRemoveOverlay(seen.links, {}).empty());
}

TEST(Overlay, SaysWhichHostsItCannotReachAndWhy) {
  std::vector<NetworkPeer> peers = kPeers;
  peers[1].address = "10.9.1.2";
  peers[2].address = "10.9.0.1";
  EXPECT_EQ(Changes(Gateway(), peers, Made(Gateway())),
            "route delete 10.42.2.0/24 dev eth0\n"
            "route delete 10.42.3.0/24 dev eth0\n"
            "host h2 at 10.9.1.2 is not on the segment of 10.9.0.1: backend host-gw cannot reach "
            "it, vxlan can\n"
            "host h3 says that it has this host's address 10.9.0.1: give each host its own "
            "(--host-ip)\n");
}

TEST(Overlay, AnotherBackendReplacesTheRoutes) {
  const std::string changes = Changes(Gateway(), kPeers, Made(kVxlanConfig));
  EXPECT_EQ(changes.find("link delete dev rcoverlay\n"), 0U) << changes;
  EXPECT_NE(changes.find("route replace 10.42.2.0/24 via 10.9.0.2 dev eth0"), std::string::npos);
}

TEST(Overlay, RemovesAllOfIt) {
  const OverlaySeen vxlan = Made(kVxlanConfig);
  const std::string refusals =
      "route delete unreachable 10.42.1.0/25\nroute delete unreachable 10.42.1.128/25\n";
  EXPECT_EQ(ToText(CompileRemoveOverlay(vxlan.links, vxlan.routes)),
            "link delete dev rcoverlay\n" + refusals);
  const OverlaySeen routed = Made(Gateway());
  EXPECT_EQ(ToText(CompileRemoveOverlay(routed.links, routed.routes)),
            refusals + "route delete 10.42.2.0/24 dev eth0\nroute delete 10.42.3.0/24 dev eth0\n");
}

TEST(RangeClash, SaysWhichRouteOfTheHostsLeadsIntoTheRange) {
  EXPECT_EQ(RangeClash(kVxlanConfig, Made(kVxlanConfig).routes), "");
  EXPECT_EQ(RangeClash(Gateway(), Made(Gateway()).routes), "");
  EXPECT_EQ(RangeClash(kVxlanConfig, {{"default", "eth0", "10.9.0.9", "", 0},
                                      {"10.0.0.0/8", "eth0", "10.9.0.9", "", 0}}),
            "");
  EXPECT_EQ(RangeClash(kVxlanConfig, {{"10.42.7.0/24", "docker0", "", "", 0}})
                .find("this host routes 10.42.7.0/24 to docker0, inside the cluster's addresses "
                      "for pods, 10.42.0.0/16: "),
            0U);
  EXPECT_NE(RangeClash(kVxlanConfig, {{"10.96.0.1", "tun0", "", "", 0}}).find("for Services"),
            std::string::npos);
}

TEST(DnsAddress, IsTheTenth) {
  EXPECT_EQ(*DnsAddress("10.96.0.0/16"), "10.96.0.10");
  EXPECT_FALSE(DnsAddress("10.96.0.0/29").ok());
  EXPECT_FALSE(DnsAddress("").ok());
}

}  // namespace
}  // namespace reconcile
