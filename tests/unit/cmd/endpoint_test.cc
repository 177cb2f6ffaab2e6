#include "cmd/endpoint.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

TEST(SocketAddress, ReadsNamesAndAddressesWithAndWithoutPorts) {
  EXPECT_EQ(*ParseEndpoint("control.example.com"), (SocketAddress{"control.example.com", 7443}));
  EXPECT_EQ(*ParseEndpoint("control:80"), (SocketAddress{"control", 80}));
  EXPECT_EQ(*ParseEndpoint("192.0.2.7:65535"), (SocketAddress{"192.0.2.7", 65535}));
  EXPECT_EQ(*ParseEndpoint("[2001:db8::1]:7000"), (SocketAddress{"2001:db8::1", 7000}));
  EXPECT_EQ(*ParseEndpoint("[::]"), (SocketAddress{"::", 7443}));
}

TEST(SocketAddress, WritesWhatItReads) {
  for (const char* text : {"control:80", "192.0.2.7:7443", "[2001:db8::1]:7000"}) {
    EXPECT_EQ(ToString(*ParseEndpoint(text)), text);
  }
}

TEST(SocketAddress, RefusesWhatIsNone) {
  for (const char* text : {"",
                           ":",
                           ":80",
                           "host:",
                           "host:0",
                           "host:65536",
                           "host:80x",
                           "host:-1",
                           "300.1.1.1:80",
                           "1.2.3:80",
                           "a b:80",
                           "-a:80",
                           "http://host:80",
                           "host:80/path",
                           "user@host:80",
                           "::1",
                           "[::1",
                           "[::1]80",
                           "[host]:80",
                           "[]:80",
                           "host:99999999999999999999"}) {
    EXPECT_EQ(ParseEndpoint(text).status().code(), StatusCode::kInvalid) << text;
  }
}

TEST(SocketAddress, ListensOnlyOnAddresses) {
  EXPECT_EQ(CheckListenEndpoint("0.0.0.0:7443"), "");
  EXPECT_EQ(CheckListenEndpoint("[::]:7443"), "");
  EXPECT_NE(CheckListenEndpoint("control:7443"), "");
  EXPECT_NE(CheckListenEndpoint("nonsense:"), "");
}

TEST(SocketAddress, DialsNothingThatMeansAnyAddress) {
  EXPECT_EQ(CheckDialEndpoint("control:7443"), "");
  EXPECT_EQ(CheckDialEndpoint("0.0.0.0:7443"), "0.0.0.0 is no address that a host can dial");
  EXPECT_NE(CheckDialEndpoint("[::]:7443"), "");
}

}  // namespace
}  // namespace reconcile
