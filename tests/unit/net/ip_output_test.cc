#include "net/ip_output.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

TEST(IpOutput, ReadsLinks) {
  const auto links = ParseLinks(
      R"([{"ifindex":1,"ifname":"lo","flags":["LOOPBACK"],"address":"00:00:00:00:00:00"},
          {"ifindex":7,"link_index":2,"ifname":"rc0123456789abc","address":"02:00:00:00:00:01",
           "link_netnsid":0,"linkinfo":{"info_kind":"veth"}}])");
  ASSERT_TRUE(links.ok());
  EXPECT_EQ(*links,
            (std::vector<LinkSeen>{{"lo", 1, 0, "00:00:00:00:00:00", ""},
                                   {"rc0123456789abc", 7, 2, "02:00:00:00:00:01", "veth"}}));
}

TEST(IpOutput, ReadsIpv4Addresses) {
  const auto addresses = ParseAddresses(
      R"([{"ifname":"lo","addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8},
           {"family":"inet6","local":"::1","prefixlen":128}]},{},{"ifname":"eth0"}])");
  ASSERT_TRUE(addresses.ok());
  EXPECT_EQ(*addresses, (std::vector<AddressSeen>{{"lo", "127.0.0.1", 8}}));
}

TEST(IpOutput, ReadsRoutes) {
  const auto routes = ParseRoutes(
      R"([{"dst":"default","gateway":"192.0.2.2","dev":"up0","protocol":"dhcp"},
          {"dst":"10.42.7.2","dev":"rc1","prefsrc":"10.42.7.1","protocol":"142"},
          {"type":"blackhole","dst":"10.0.0.0/8"}])");
  ASSERT_TRUE(routes.ok());
  EXPECT_EQ(*routes, (std::vector<RouteSeen>{{"default", "up0", "192.0.2.2", "", 0},
                                             {"10.42.7.2", "rc1", "", "10.42.7.1", 142},
                                             {"10.0.0.0/8", "", "", "", 0}}));
}

TEST(IpOutput, ReadsWhatAVxlanDeviceIs) {
  const auto links = ParseLinks(
      R"([{"ifindex":3,"ifname":"rcoverlay","flags":["BROADCAST","UP"],"mtu":1450,
           "address":"72:1a:9f:26:35:b5","linkinfo":{"info_kind":"vxlan","info_data":{"id":42,
           "local":"10.9.0.1","port":8472,"learning":true}}},
          {"ifname":"odd","linkinfo":{"info_kind":"vxlan","info_data":7}}])");
  ASSERT_TRUE(links.ok());
  ASSERT_EQ(links->size(), 2U);
  EXPECT_EQ(links->at(0).vxlan, (VxlanSeen{42, 8472, "10.9.0.1", true}));
  EXPECT_EQ(links->at(0).mtu, 1450);
  EXPECT_TRUE(links->at(0).is_up);
  EXPECT_FALSE(links->at(1).vxlan);
}

TEST(IpOutput, ReadsNeighboursAndForwardingEntries) {
  EXPECT_EQ(*ParseNeighbours(R"([{"dst":"10.42.2.0","lladdr":"02:00:00:00:00:01",
                                  "state":["PERMANENT"]},{"dst":"10.42.3.0","state":["FAILED"]}])"),
            (std::vector<NeighbourSeen>{{"10.42.2.0", "02:00:00:00:00:01", true},
                                        {"10.42.3.0", "", false}}));
  EXPECT_EQ(
      *ParseForwarding(R"([{"mac":"02:00:00:00:00:01","dst":"10.9.0.2","flags":["self"]},
                                 {"mac":"33:33:00:00:00:01"},{}])"),
      (std::vector<ForwardingSeen>{{"02:00:00:00:00:01", "10.9.0.2"}, {"33:33:00:00:00:01", ""}}));
}

TEST(IpOutput, TakesNothingForNone) {
  EXPECT_EQ(ParseLinks("")->size(), 0U);
  EXPECT_EQ(ParseRoutes(" \n")->size(), 0U);
  EXPECT_EQ(ParseAddresses("[]")->size(), 0U);
}

TEST(IpOutput, RefusesWhatIsNoList) {
  EXPECT_EQ(ParseLinks("{}").status().code(), StatusCode::kInvalid);
  EXPECT_EQ(ParseRoutes("Object \"route\" is unknown").status().code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace reconcile
