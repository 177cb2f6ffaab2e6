#include "net/ipam.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"

namespace reconcile {
namespace {

Cidr Block(const std::string& text) { return *Cidr::Parse(text); }

TEST(Ipv4, ReadsAndWritesAddresses) {
  EXPECT_EQ(*ParseIpv4("10.42.0.7"), 0x0a2a0007U);
  EXPECT_EQ(*ParseIpv4("255.255.255.255"), 0xffffffffU);
  EXPECT_EQ(FormatIpv4(0x0a2a0007U), "10.42.0.7");
  EXPECT_EQ(FormatIpv4(0), "0.0.0.0");
}

TEST(Ipv4, RefusesWhatIsNoAddress) {
  for (const char* text :
       {"", "10.42.0", "10.42.0.256", "10.42.0.07", "10.42.0.7 ", " 10.42.0.7", "10.42.0.7.1",
        "10..0.7", "-1.0.0.0", "+1.0.0.0", "::1", "a.b.c.d", "99999999999.0.0.1"}) {
    const Result<uint32_t> address = ParseIpv4(text);
    EXPECT_EQ(address.status().code(), StatusCode::kInvalid) << text;
    EXPECT_NE(address.status().message().find(text), std::string::npos) << text;
  }
}

TEST(Cidr, ReadsMasksAndWritesBlocks) {
  EXPECT_EQ(Block("10.42.7.9/24").ToString(), "10.42.7.0/24");
  EXPECT_EQ(Block("0.0.0.0/0").size(), uint64_t{1} << 32);
  EXPECT_EQ(Block("10.42.0.1/32").size(), 1U);
  EXPECT_TRUE(Block("10.42.0.0/16").Contains(*ParseIpv4("10.42.255.255")));
  EXPECT_FALSE(Block("10.42.0.0/16").Contains(*ParseIpv4("10.43.0.0")));
  EXPECT_TRUE(Block("0.0.0.0/0").Contains(*ParseIpv4("255.0.0.1")));
}

TEST(Cidr, RefusesWhatIsNoBlock) {
  for (const char* text : {"", "10.42.0.0", "10.42.0.0/", "10.42.0.0/33", "10.42.0.0/-1",
                           "10.42.0.0/16 ", "10.42.0/16", "/16", "10.42.0.0/016"}) {
    EXPECT_EQ(Cidr::Parse(text).status().code(), StatusCode::kInvalid) << text;
  }
}

TEST(AllocateAddress, GivesTheLowestAfterTheLastGiven) {
  const Cidr subnet = Block("10.42.7.0/24");
  EXPECT_EQ(*AllocateAddress(subnet, {}, ""), "10.42.7.2");
  EXPECT_EQ(*AllocateAddress(subnet, {}, "10.42.7.2"), "10.42.7.3");
  EXPECT_EQ(*AllocateAddress(subnet, {"10.42.7.3", "10.42.7.4"}, "10.42.7.2"), "10.42.7.5");
}

TEST(AllocateAddress, WrapsBeforeTheBroadcastAddress) {
  const Cidr subnet = Block("10.42.7.0/24");
  EXPECT_EQ(*AllocateAddress(subnet, {}, "10.42.7.253"), "10.42.7.254");
  EXPECT_EQ(*AllocateAddress(subnet, {}, "10.42.7.254"), "10.42.7.2");
  EXPECT_EQ(*AllocateAddress(subnet, {"10.42.7.254", "10.42.7.2"}, "10.42.7.253"), "10.42.7.3");
}

TEST(AllocateAddress, BeginsAnewAfterAnAddressOfAnotherSubnet) {
  const Cidr subnet = Block("10.42.7.0/24");
  EXPECT_EQ(*AllocateAddress(subnet, {}, "10.42.9.77"), "10.42.7.2");
  EXPECT_EQ(*AllocateAddress(subnet, {}, "nonsense"), "10.42.7.2");
  EXPECT_EQ(*AllocateAddress(subnet, {}, "10.42.7.0"), "10.42.7.2");
}

TEST(AllocateAddress, SaysWhenAllAreInUse) {
  const Cidr subnet = Block("10.42.7.0/29");
  std::set<std::string> used;
  std::string last;
  for (int i = 0; i < 5; ++i) {
    last = *AllocateAddress(subnet, used, last);
    used.insert(last);
  }
  EXPECT_EQ(used, (std::set<std::string>{"10.42.7.2", "10.42.7.3", "10.42.7.4", "10.42.7.5",
                                         "10.42.7.6"}));
  const Result<std::string> none = AllocateAddress(subnet, used, last);
  EXPECT_EQ(none.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(none.status().message().find("all 5 addresses of pod subnet 10.42.7.0/29"),
            std::string::npos);
}

TEST(AllocateAddress, RefusesASubnetThatIsTooSmall) {
  EXPECT_EQ(AllocateAddress(Block("10.42.7.0/30"), {}, "").status().code(), StatusCode::kInvalid);
}

// Whatever is in use and whatever was given last: a free pod address of the subnet, and the
// first one after the last in the order that wraps.
TEST(AllocateAddress, Property_NeverGivesWhatIsUsedOrReserved) {
  SeededRandom random(7);
  for (int round = 0; round < 3000; ++round) {
    const int prefix = 24 + static_cast<int>(random.Below(6));
    const Cidr subnet = {
        .base = static_cast<uint32_t>(random.Next()) & (~uint32_t{0} << (32 - prefix)),
        .prefix = prefix};
    const uint64_t pods = subnet.size() - 3;
    const uint64_t percent_used = random.Below(120);
    std::set<std::string> used;
    for (uint64_t i = 0; i < subnet.size(); ++i) {
      if (random.Below(100) < percent_used) {
        used.insert(FormatIpv4(subnet.base + static_cast<uint32_t>(i)));
      }
    }
    const auto last = subnet.base + static_cast<uint32_t>(random.Below(subnet.size()));
    const Result<std::string> given = AllocateAddress(subnet, used, FormatIpv4(last));
    std::string expected;
    const uint32_t first = subnet.base + 2;
    for (uint64_t i = 1; i <= pods && expected.empty(); ++i) {
      const bool inside = last >= first && last < first + pods;
      const uint64_t offset = inside ? (last - first + i) % pods : i - 1;
      const std::string candidate = FormatIpv4(first + static_cast<uint32_t>(offset));
      if (!used.contains(candidate)) expected = candidate;
    }
    EXPECT_EQ(given.ok() ? *given : "", expected) << subnet.ToString();
  }
}

TEST(AllocateAddress, Property_RestsAnAddressAsLongAsOthersAreFree) {
  SeededRandom random(11);
  const Cidr subnet = Block("10.42.7.0/26");
  std::vector<std::string> given;
  std::set<std::string> used;
  std::string last;
  for (int i = 0; i < 1000; ++i) {
    if (used.size() > 20) used.erase(std::next(used.begin(), static_cast<int>(random.Below(20))));
    last = *AllocateAddress(subnet, used, last);
    used.insert(last);
    // Among the 40 given last of 61 there is none twice.
    const size_t recent = given.size() < 40 ? 0 : given.size() - 40;
    EXPECT_EQ(std::count(given.begin() + static_cast<long>(recent), given.end(), last), 0) << last;
    given.push_back(last);
  }
}

TEST(AllocateNodeCidr, GivesTheFirstFreeBlock) {
  const Cidr cluster = Block("10.42.0.0/16");
  EXPECT_EQ(*AllocateNodeCidr(cluster, 24, {}), "10.42.0.0/24");
  EXPECT_EQ(*AllocateNodeCidr(cluster, 24, {"10.42.0.0/24", "10.42.1.0/24", "10.42.3.0/24"}),
            "10.42.2.0/24");
  EXPECT_EQ(*AllocateNodeCidr(Block("10.42.0.0/24"), 24, {}), "10.42.0.0/24");
}

TEST(AllocateNodeCidr, PassesOverBlocksOfAnotherSize) {
  const Cidr cluster = Block("10.42.0.0/16");
  EXPECT_EQ(*AllocateNodeCidr(cluster, 24, {"10.42.0.0/23"}), "10.42.2.0/24");
  EXPECT_EQ(*AllocateNodeCidr(cluster, 24, {"10.42.0.128/25"}), "10.42.1.0/24");
}

TEST(AllocateNodeCidr, SaysWhenAllAreInUse) {
  const Cidr cluster = Block("10.42.0.0/22");
  const Result<std::string> none = AllocateNodeCidr(
      cluster, 24, {"10.42.0.0/24", "10.42.1.0/24", "10.42.2.0/24", "10.42.3.0/24"});
  EXPECT_EQ(none.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(none.status().message().find("all 4 pod subnets of /24"), std::string::npos);
}

TEST(AllocateNodeCidr, RefusesBlocksThatCannotBeCut) {
  EXPECT_EQ(AllocateNodeCidr(Block("10.42.0.0/24"), 16, {}).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(AllocateNodeCidr(Block("10.42.0.0/24"), 30, {}).status().code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace reconcile
