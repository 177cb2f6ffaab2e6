#include "api/network_view.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

Controller::HostNetwork Host(const std::string& name) {
  Controller::HostNetwork host;
  host.node = name;
  host.address = "10.9.0.1";
  host.pod_cidr = "10.42.1.0/24";
  host.connected = true;
  host.wanted_revision = 7;
  host.network.revision = 7;
  host.network.backend = "vxlan";
  host.network.mtu = 1450;
  host.network.peers = 2;
  return host;
}

std::vector<std::string> CellsOf(const Controller::HostNetwork& host) {
  return NetworkTable({host}).rows.at(0).cells;
}
bool IsInSync(const Controller::HostNetwork& host) {
  return EncodeNetworks({host}).GetList("items").at(0).GetBool("inSync");
}

TEST(NetworkView, OfAHostThatIsWell) {
  EXPECT_EQ(CellsOf(Host("h1")),
            (std::vector<std::string>{"h1", "10.9.0.1", "10.42.1.0/24", "vxlan", "1450",
                                      "2/2 reached", "revision 7"}));
  EXPECT_TRUE(IsInSync(Host("h1")));
}

TEST(NetworkView, NamesHostsThatAreNotReached) {
  Controller::HostNetwork host = Host("h1");
  host.network.unreached = {"h3"};
  EXPECT_EQ(CellsOf(host)[5], "1/2 reached, not h3");
}

TEST(NetworkView, SaysWhatAHostLacks) {
  Controller::HostNetwork host = Host("h1");
  host.network.revision = 5;
  EXPECT_EQ(CellsOf(host)[6], "behind: revision 5 of 7");
  EXPECT_FALSE(IsInSync(host));
  host.network.problems = {"host h2 at 10.9.1.2 is not on the segment"};
  EXPECT_EQ(CellsOf(host)[6], "host h2 at 10.9.1.2 is not on the segment");
  host.connected = false;
  EXPECT_EQ(CellsOf(host)[6], "unknown: the host is not connected");
  EXPECT_FALSE(IsInSync(host));
}

}  // namespace
}  // namespace reconcile
