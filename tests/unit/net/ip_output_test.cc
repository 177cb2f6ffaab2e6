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
      R"([{"dst":"default","gateway":"192.0.2.2","dev":"up0"},{"dst":"10.42.7.2","dev":"rc1"},
          {"type":"blackhole","dst":"10.0.0.0/8"}])");
  ASSERT_TRUE(routes.ok());
  EXPECT_EQ(*routes,
            (std::vector<RouteSeen>{{"default", "up0"}, {"10.42.7.2", "rc1"}, {"10.0.0.0/8", ""}}));
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
