#include "net/dns/message.h"

#include <gtest/gtest.h>

#include "net/dns/name.h"
#include "net/dns/reply.h"
#include "tests/unit/net/dns/packets.h"

namespace reconcile {
namespace {

// What the server answers to a packet before it looks at any name: "", "ignored" or the rcode.
std::string CheckOf(const std::string& packet) {
  DnsQuery query;
  DnsRcode error = DnsRcode::kNoError;
  switch (ReadDnsQuery(packet, &query, &error)) {
    case DnsCheck::kGood:
      return "";
    case DnsCheck::kIgnore:
      return "ignored";
    case DnsCheck::kAnswer: {
      const std::string reply = ErrorReply(query, error);
      EXPECT_EQ(DnsWordAt(reply, 0), DnsWordAt(packet, 0));
      EXPECT_NE(DnsWordAt(reply, 2) & kDnsResponse, 0);
      return std::to_string(DnsWordAt(reply, 2) & kDnsRcodeMask);
    }
  }
  return "?";
}

std::string WithWord(std::string packet, size_t offset, uint16_t value) {
  SetDnsWord(value, offset, &packet);
  return packet;
}

const char* kFormErr = "1";
const char* kNotImp = "4";
const char* kRefused = "5";

TEST(DnsQuery, IsReadWithItsEdns) {
  const DnsQuery query = ReadQuery(
      QueryPacket("A.Example", kDnsSrv, {.id = 7, .edns_bytes = 4096, .dnssec_ok = true}));
  EXPECT_EQ(query.id, 7);
  EXPECT_EQ(query.question, Question("a.example", kDnsSrv));
  EXPECT_TRUE(query.has_edns);
  EXPECT_TRUE(query.dnssec_ok);
  EXPECT_EQ(query.udp_bytes, 4096);
  EXPECT_FALSE(ReadQuery(QueryPacket("a.example", kDnsA)).has_edns);
}

TEST(DnsQuery, WhatIsNoneIsIgnored) {
  EXPECT_EQ(CheckOf(""), "ignored");
  EXPECT_EQ(CheckOf(std::string(11, '\0')), "ignored");
  EXPECT_EQ(CheckOf(QueryPacket("a.example", kDnsA, {.flags = kDnsResponse})), "ignored");
}

TEST(DnsQuery, MustHaveOneQuestionAndNoAnswers) {
  const std::string packet = QueryPacket("a.example", kDnsA);
  for (const uint16_t count : {uint16_t{0}, uint16_t{2}, uint16_t{65535}}) {
    EXPECT_EQ(CheckOf(WithWord(packet, 4, count)), kFormErr) << count;
  }
  EXPECT_EQ(CheckOf(WithWord(packet, 6, 1)), kFormErr);
  EXPECT_EQ(CheckOf(WithWord(packet, 8, 1)), kFormErr);
}

TEST(DnsQuery, MustBeWhole) {
  const std::string packet = QueryPacket("a.example", kDnsA, {.edns_bytes = 1232});
  for (size_t size = kDnsHeaderBytes; size < packet.size(); ++size) {
    EXPECT_EQ(CheckOf(packet.substr(0, size)), kFormErr) << size;
  }
}

TEST(DnsQuery, OfOtherOperationsAndClassesIsRefused) {
  EXPECT_EQ(CheckOf(QueryPacket("a.example", kDnsA, {.flags = 0x2800})), kNotImp);  // UPDATE
  EXPECT_EQ(CheckOf(QueryPacket("a.example", kDnsA, {.flags = 0x2000})), kNotImp);  // NOTIFY
  EXPECT_EQ(CheckOf(QueryPacket("version.bind", kDnsTxt, {.dns_class = 3})), kRefused);
  EXPECT_EQ(CheckOf(QueryPacket("a.example", kDnsA, {.dns_class = 255})), kRefused);
  EXPECT_EQ(CheckOf(QueryPacket("cluster.local", kDnsAxfr)), kRefused);
  EXPECT_EQ(CheckOf(QueryPacket("cluster.local", 251)), kRefused);  // IXFR
  EXPECT_EQ(CheckOf(QueryPacket("cluster.local", kDnsOpt)), kFormErr);
}

TEST(DnsQuery, MustHaveAPlainName) {
  std::string packet = QueryPacket("a.example", kDnsA);
  packet[kDnsHeaderBytes] = '\xc0';  // a pointer: there is nothing before it
  EXPECT_EQ(CheckOf(packet), kFormErr);
  packet[kDnsHeaderBytes] = '\x40';  // an extended label
  EXPECT_EQ(CheckOf(packet), kFormErr);
  std::string name = std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                     std::string(63, 'c') + "." + std::string(61, 'd');
  EXPECT_EQ(CheckOf(QueryPacket(name, kDnsA)), "");
  std::string too_long = QueryPacket(name, kDnsA);
  too_long.insert(kDnsHeaderBytes, "\1x");
  EXPECT_EQ(CheckOf(too_long), kFormErr);
}

TEST(DnsEdns, AnotherVersionIsAnsweredWithOurs) {
  DnsQuery query;
  DnsRcode error = DnsRcode::kNoError;
  const std::string packet =
      QueryPacket("a.example", kDnsA, {.edns_bytes = 1232, .edns_version = 1});
  ASSERT_EQ(ReadDnsQuery(packet, &query, &error), DnsCheck::kAnswer);
  EXPECT_EQ(error, DnsRcode::kBadVers);
  const std::string reply = ErrorReply(query, error);
  EXPECT_EQ(DnsWordAt(reply, 2) & kDnsRcodeMask, 0);
  const std::string opt = reply.substr(reply.size() - kDnsOptBytes);
  EXPECT_EQ(opt, std::string("\0\0\x29\x04\xd0\x01\0\0\0\0\0", 11));
}

TEST(DnsEdns, MayBeThereOnceAndOfTheRoot) {
  const std::string once = QueryPacket("a.example", kDnsA, {.edns_bytes = 1232});
  const std::string opt = once.substr(once.size() - kDnsOptBytes);
  EXPECT_EQ(CheckOf(WithWord(once + opt, 10, 2)), kFormErr);
  std::string named = QueryPacket("a.example", kDnsA) + "\1x" + opt;
  EXPECT_EQ(CheckOf(WithWord(named, 10, 1)), kFormErr);
}

TEST(DnsEdns, AQueryHasFewExtras) {
  std::string packet = QueryPacket("a.example", kDnsA);
  for (int i = 0; i < kMaxQueryExtras; ++i) packet += std::string("\0\0\x10\0\1\0\0\0\0\0\0", 11);
  EXPECT_EQ(CheckOf(WithWord(packet, 10, kMaxQueryExtras)), "");
  EXPECT_EQ(CheckOf(WithWord(packet, 10, kMaxQueryExtras + 1)), kFormErr);
}

TEST(DnsName, PointersLeadBackwardOnly) {
  const std::string head(kDnsHeaderBytes, '\0');
  std::string name;
  const std::string good = head + "\3foo" + std::string(1, '\0') + "\1a\xc0\x0c";
  EXPECT_EQ(ReadDnsName(good, 17, &name), good.size());
  EXPECT_EQ(FormatDnsName(name), "a.foo.");
  for (const std::string& bad :
       {head + "\xc0\x0c", head + "\1a\xc0\x0c", head + "\xc0\x0e\xc0\x0c", head + "\xc0",
        head + "\xc0\x00", head + "\x80\x01", head + "\5ab", head + "\xc0\xff"}) {
    EXPECT_FALSE(ReadDnsName(bad, kDnsHeaderBytes, &name)) << FormatDnsName(bad);
  }
}

TEST(DnsName, PointersDoNotMakeANameLongerThanNamesAre) {
  // Each 64 octets, each leading to the one before.
  std::string packet(kDnsHeaderBytes, '\0');
  packet.push_back('\0');
  size_t previous = kDnsHeaderBytes;
  std::vector<bool> readable;
  for (int i = 0; i < 5; ++i) {
    const size_t at = packet.size();
    packet += '\x3f' + std::string(63, 'a');
    PutDnsWord(static_cast<uint16_t>(0xc000 | previous), &packet);
    previous = at;
    readable.push_back(ReadDnsName(packet, at, nullptr).has_value());
  }
  EXPECT_EQ(readable, (std::vector<bool>{true, true, true, false, false}));
}

TEST(DnsName, IsReadFromText) {
  EXPECT_EQ(WireName("A.b."), std::string("\1a\1b\0", 5));
  EXPECT_EQ(WireName("."), std::string("\0", 1));
  for (const std::string& bad : {std::string(), std::string("a..b"), std::string(".a"),
                                 std::string(64, 'a'), std::string(254, 'a')}) {
    EXPECT_EQ(ParseDnsName(bad).status().code(), StatusCode::kInvalid) << bad;
  }
  EXPECT_EQ(FormatDnsName(WireName("a.b")), "a.b.");
  EXPECT_EQ(FormatDnsName(std::string("\0", 1)), ".");
}

TEST(DnsName, IsInItsZones) {
  EXPECT_TRUE(IsInDnsZone(WireName("a.b.c"), WireName("b.c")));
  EXPECT_TRUE(IsInDnsZone(WireName("b.c"), WireName("b.c")));
  EXPECT_TRUE(IsInDnsZone(WireName("b.c"), WireName(".")));
  EXPECT_FALSE(IsInDnsZone(WireName("ab.c"), WireName("b.c")));
  EXPECT_FALSE(IsInDnsZone(WireName("c"), WireName("b.c")));
}

TEST(DnsReply, NamesAreCompressed) {
  const std::string query = QueryPacket("a.example", kDnsA);
  const std::string packet =
      UpstreamReply(query, {.answers = {AliasRecord("a.example", "b.example"),
                                        AddressRecord("b.example", "192.0.2.1")}});
  // Beside the fixed parts: a pointer, "b" and a pointer, a pointer.
  EXPECT_EQ(packet.size(), query.size() + (2 + 10 + 4) + (2 + 10 + 4));
  EXPECT_EQ(FormatReply(packet),
            "NOERROR | a.example. 300 CNAME b.example. | b.example. 300 A 192.0.2.1");
}

TEST(DnsReply, MustBeWhole) {
  const std::string packet = UpstreamReply(QueryPacket("a.example", kDnsA),
                                           {.answers = {AddressRecord("a.example", "192.0.2.1")}});
  EXPECT_TRUE(ReadDnsReply(packet));
  for (size_t size = 0; size < packet.size(); ++size) {
    EXPECT_FALSE(ReadDnsReply(packet.substr(0, size))) << size;
  }
  EXPECT_FALSE(ReadDnsReply(QueryPacket("a.example", kDnsA)));
  EXPECT_FALSE(ReadDnsReply(WithWord(packet, 4, 2)));
}

TEST(DnsReply, ATruncatedOneMayEndAnywhereBehindItsQuestion) {
  const std::string query = QueryPacket("a.example", kDnsA);
  const std::string packet =
      UpstreamReply(query, {.flags = kDnsTruncated,
                            .answers = {AddressRecord("a.example", "192.0.2.1"),
                                        AddressRecord("a.example", "192.0.2.2")}});
  for (size_t size = query.size(); size < packet.size(); ++size) {
    const auto reply = ReadDnsReply(packet.substr(0, size));
    ASSERT_TRUE(reply) << size;
    EXPECT_EQ(reply->records.size(), size < query.size() + 16 ? 0U : 1U);
  }
}

TEST(DnsReply, IsRenderedForAnotherClient) {
  const auto reply =
      ReadDnsReply(UpstreamReply(QueryPacket("a.example", kDnsA, {.edns_bytes = 1232}),
                                 {.flags = kDnsAuthoritative,
                                  .answers = {AddressRecord("a.example", "192.0.2.1", 300),
                                              AddressRecord("a.example", "192.0.2.2", 10)}}));
  ASSERT_TRUE(reply && reply->has_edns);
  const std::string query = QueryPacket("A.Example", kDnsA, {.id = 9});
  const std::string packet = RenderReply(*reply, ReadQuery(query), 12, 30, 512);
  EXPECT_EQ(FormatReply(packet), "NOERROR | a.example. 18 A 192.0.2.1 | a.example. 0 A 192.0.2.2");
  EXPECT_EQ(DnsWordAt(packet, 0), 9);
  EXPECT_EQ(packet.substr(kDnsHeaderBytes, 11), query.substr(kDnsHeaderBytes, 11));
  const DnsQuery with_edns = ReadQuery(QueryPacket("a.example", kDnsA, {.edns_bytes = 512}));
  EXPECT_EQ(FormatReply(RenderReply(*reply, with_edns, 0, 30, 512)),
            "NOERROR edns | a.example. 30 A 192.0.2.1 | a.example. 10 A 192.0.2.2");
}

TEST(DnsReply, IsCutToWhatTheClientTakes) {
  ReplyOptions options;
  for (int i = 0; i < 100; ++i) {
    options.answers.push_back(AddressRecord("a.example", "192.0.2." + std::to_string(i)));
  }
  const std::string query = QueryPacket("a.example", kDnsA);
  const auto reply = ReadDnsReply(UpstreamReply(query, options));
  const std::string packet = RenderReply(*reply, ReadQuery(query), 0, 30, 512);
  EXPECT_LE(packet.size(), 512U);
  const auto cut = ReadDnsReply(packet);
  ASSERT_TRUE(cut);
  EXPECT_TRUE(cut->truncated());
  EXPECT_EQ(cut->records.size(), (512 - query.size()) / 16);
}

TEST(DnsReply, ARecordThatGoesOnBehindItsNameIsNotTaken) {
  std::string packet = UpstreamReply(QueryPacket("a.example", kDnsCname));
  packet += std::string("\xc0\x0c\0\5\0\1\0\0\0\5\0\3\0\0f", 15);
  SetDnsWord(1, 6, &packet);
  const auto reply = ReadDnsReply(packet);
  ASSERT_TRUE(reply && reply->records.size() == 1);
  EXPECT_FALSE(TakeRecord(*reply, reply->records[0]));
}

TEST(DnsReply, RecordsAreTakenWithTheirNames) {
  // An MX record whose name is compressed.
  std::string packet = UpstreamReply(QueryPacket("a.example", 15));
  packet += std::string("\xc0\x0c\0\x0f\0\1\0\0\0\5\0\4\0\x0a\xc0\x0e", 16);
  SetDnsWord(1, 6, &packet);
  const auto reply = ReadDnsReply(packet);
  ASSERT_TRUE(reply && reply->records.size() == 1);
  const auto record = TakeRecord(*reply, reply->records[0]);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->data, std::string("\0\x0a", 2) + WireName("example"));
}

}  // namespace
}  // namespace reconcile
