#include "net/dns/cache.h"

#include <gtest/gtest.h>

#include "tests/unit/net/dns/packets.h"

namespace reconcile {
namespace {

std::shared_ptr<const DnsReply> MadeReply(const ReplyOptions& options,
                                          const std::string& name = "a.example") {
  return std::make_shared<const DnsReply>(
      ReadDnsReply(UpstreamReply(QueryPacket(name, kDnsA), options)).value());
}

uint32_t TtlOf(const ReplyOptions& options) { return CacheTtlS(*MadeReply(options)); }

const MonoTime kStart{1'000'000};

TEST(DnsCache, APositiveReplyHoldsAsLongAsItsShortestRecord) {
  EXPECT_EQ(TtlOf({.answers = {AddressRecord("a.example", "192.0.2.1", 70),
                               AddressRecord("a.example", "192.0.2.2", 50)}}),
            50U);
  EXPECT_EQ(TtlOf({.answers = {AddressRecord("a.example", "192.0.2.1", 0)}}), 0U);
  EXPECT_EQ(TtlOf({.answers = {AddressRecord("a.example", "192.0.2.1", 0x80000001)}}), 0U);
}

TEST(DnsCache, ANegativeReplyHoldsAsLongAsItsZoneSays) {
  for (const DnsRcode rcode : {DnsRcode::kNoError, DnsRcode::kNxDomain}) {
    EXPECT_EQ(TtlOf({.rcode = rcode, .authority = {EndRecord("example", 60, 20)}}), 20U);
    EXPECT_EQ(TtlOf({.rcode = rcode, .authority = {EndRecord("example", 10, 20)}}), 10U);
    EXPECT_EQ(TtlOf({.rcode = rcode}), 0U) << "no SOA";
  }
  // An alias to a name that has no address.
  EXPECT_EQ(TtlOf({.answers = {AliasRecord("a.example", "b.example", 9)}}), 0U);
  EXPECT_EQ(TtlOf({.answers = {AliasRecord("a.example", "b.example", 9)},
                   .authority = {EndRecord("example", 60, 20)}}),
            9U);
}

TEST(DnsCache, FailuresAndPartsAreNotKept) {
  const std::vector<DnsRecord> answers = {AddressRecord("a.example", "192.0.2.1")};
  EXPECT_EQ(TtlOf({.rcode = DnsRcode::kServFail, .answers = answers}), 0U);
  EXPECT_EQ(TtlOf({.rcode = DnsRcode::kRefused, .answers = answers}), 0U);
  EXPECT_EQ(TtlOf({.flags = kDnsTruncated, .answers = answers}), 0U);
}

TEST(DnsCache, KeepsForAtMostItsLimit) {
  DnsCache cache({.max_ttl_s = 30});
  cache.Put("long", MadeReply({.answers = {AddressRecord("a.example", "192.0.2.1", 3600)}}),
            kStart);
  cache.Put("short", MadeReply({.answers = {AddressRecord("a.example", "192.0.2.1", 2)}}), kStart);
  EXPECT_NE(cache.Find("short", kStart + 1'999), nullptr);
  EXPECT_EQ(cache.Find("short", kStart + 2'000), nullptr);
  EXPECT_NE(cache.Find("long", kStart + 29'999), nullptr);
  EXPECT_EQ(cache.Find("long", kStart + 30'000), nullptr);
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(DnsCache, PutsOutWhatWasUsedLongestAgo) {
  const auto reply = MadeReply({.answers = {AddressRecord("a.example", "192.0.2.1")}});
  DnsCache cache({.max_entries = 2});
  cache.Put("a", reply, kStart);
  cache.Put("b", reply, kStart);
  EXPECT_NE(cache.Find("a", kStart), nullptr);
  cache.Put("c", reply, kStart);
  EXPECT_EQ(cache.Find("b", kStart), nullptr);
  EXPECT_NE(cache.Find("a", kStart), nullptr);
  EXPECT_EQ(cache.size(), 2U);
}

TEST(DnsCache, IsBoundedInBytes) {
  ReplyOptions options;
  for (int i = 0; i < 60; ++i) options.answers.push_back(AddressRecord("a.example", "192.0.2.1"));
  DnsCache cache({.max_bytes = 20'000});
  for (int i = 0; i < 100; ++i) {
    cache.Put("key-" + std::to_string(i), MadeReply(options), kStart);
    EXPECT_LE(cache.bytes(), 20'000U);
  }
  EXPECT_GT(cache.size(), 1U);
  EXPECT_NE(cache.Find("key-99", kStart), nullptr);
}

TEST(DnsCache, ANewerReplyTakesThePlaceOfAnOlder) {
  DnsCache cache({});
  cache.Put("a", MadeReply({.answers = {AddressRecord("a.example", "192.0.2.1")}}), kStart);
  cache.Put("a", MadeReply({.rcode = DnsRcode::kServFail}), kStart);
  EXPECT_EQ(cache.Find("a", kStart), nullptr);
}

}  // namespace
}  // namespace reconcile
