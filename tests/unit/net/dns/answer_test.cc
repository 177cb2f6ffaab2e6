#include "net/dns/answer.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/net/dns/packets.h"

namespace reconcile {
namespace {

ZoneStep StepOf(const std::string& packet, uint64_t seed = 1) {
  SeededRandom random(seed);
  const DnsQuery query = ReadQuery(packet);
  return AnswerFromZone(*SmallZone(), query, UdpLimit(query), &random);
}

std::string Answer(const std::string& name, uint16_t type = kDnsA,
                   const QueryOptions& options = {}) {
  const ZoneStep step = StepOf(QueryPacket(name, type, options));
  return step.done ? FormatReply(step.packet) : "upstream";
}

// A zone whose service `many.default` has so many endpoints.
std::shared_ptr<const DnsZone> ManyEndpoints(int count) {
  DnsService service;
  service.namespace_name = "default";
  service.name = "many";
  service.kind = DnsServiceKind::kHeadless;
  for (int i = 0; i < count; ++i) {
    service.endpoints.push_back({Address("10.42.0.0") + static_cast<uint32_t>(i), "", {}});
  }
  return DnsZone::Make({}, {std::make_shared<const DnsService>(service)}).value();
}

size_t CountRecords(const std::string& packet) {
  const auto reply = ReadDnsReply(packet);
  return reply ? reply->records.size() : 0;
}

TEST(DnsAnswer, IsAuthoritativeAndRepeatsIdQuestionAndItsCase) {
  const std::string packet = QueryPacket("FrontEnd.default.SVC.cluster.local", kDnsA);
  const ZoneStep step = StepOf(packet);
  EXPECT_EQ(FormatReply(step.packet),
            "NOERROR aa | frontend.default.svc.cluster.local. 30 A 10.96.0.7");
  EXPECT_EQ(DnsWordAt(step.packet, 0), 0x1234);
  EXPECT_EQ(step.packet.substr(12, packet.size() - 12), packet.substr(12));
  EXPECT_EQ(DnsWordAt(step.packet, 2) & (kDnsRecursionDesired | kDnsRecursionAvailable),
            kDnsRecursionDesired | kDnsRecursionAvailable);
}

TEST(DnsAnswer, NegativeOnesHaveTheStartOfAuthority) {
  EXPECT_EQ(Answer("frontend.default.svc.cluster.local", kDnsAaaa),
            "NOERROR aa / cluster.local. 30 SOA 30");
  EXPECT_EQ(Answer("absent.default.svc.cluster.local"), "NXDOMAIN aa / cluster.local. 30 SOA 30");
}

TEST(DnsAnswer, AnyIsAnsweredBySomethingSmall) {
  EXPECT_EQ(Answer("frontend.default.svc.cluster.local", kDnsAny),
            "NOERROR aa | frontend.default.svc.cluster.local. 30 HINFO \"RFC8482\"");
  EXPECT_EQ(Answer("pay.shop.svc.cluster.local", kDnsAny),
            "NOERROR aa | pay.shop.svc.cluster.local. 30 HINFO \"RFC8482\"");
  EXPECT_EQ(Answer("absent.default.svc.cluster.local", kDnsAny),
            "NXDOMAIN aa / cluster.local. 30 SOA 30");
}

TEST(DnsAnswer, FollowsAliasesInsideTheCluster) {
  EXPECT_EQ(Answer("front.shop.svc.cluster.local"),
            "NOERROR aa | front.shop.svc.cluster.local. 30 CNAME "
            "frontend.default.svc.cluster.local. | frontend.default.svc.cluster.local. 30 A "
            "10.96.0.7");
  EXPECT_EQ(Answer("front.shop.svc.cluster.local", kDnsAaaa),
            "NOERROR aa | front.shop.svc.cluster.local. 30 CNAME "
            "frontend.default.svc.cluster.local. / cluster.local. 30 SOA 30");
  EXPECT_EQ(Answer("gone.shop.svc.cluster.local"),
            "NXDOMAIN aa | gone.shop.svc.cluster.local. 30 CNAME "
            "absent.default.svc.cluster.local. / cluster.local. 30 SOA 30");
}

TEST(DnsAnswer, AliasesInACircleEnd) {
  EXPECT_EQ(Answer("circle.shop.svc.cluster.local"), "SERVFAIL");
}

TEST(DnsAnswer, AsksUpstreamsForOtherNamesAndForAliasesThatLeadOutside) {
  const ZoneStep plain = StepOf(QueryPacket("Example.com", kDnsA));
  EXPECT_FALSE(plain.done);
  EXPECT_TRUE(plain.alias_chain.empty());
  EXPECT_EQ(plain.upstream, Question("example.com"));
  const ZoneStep alias = StepOf(QueryPacket("pay.shop.svc.cluster.local", kDnsAaaa));
  EXPECT_FALSE(alias.done);
  EXPECT_EQ(alias.alias_chain.size(), 1U);
  EXPECT_EQ(alias.upstream, Question("api.pay.example", kDnsAaaa));
}

TEST(DnsAnswer, AnAliasIsAnsweredWithWhatTheUpstreamSays) {
  const std::string packet = QueryPacket("pay.shop.svc.cluster.local", kDnsA);
  const ZoneStep step = StepOf(packet);
  const auto reply =
      ReadDnsReply(UpstreamReply(QueryPacket("api.pay.example", kDnsA),
                                 {.answers = {AliasRecord("api.pay.example", "lb.pay.example", 100),
                                              AddressRecord("lb.pay.example", "192.0.2.7", 20)}}));
  EXPECT_EQ(FormatReply(AnswerWithChain(ReadQuery(packet), step.alias_chain, *reply, 5, 30, 512)),
            "NOERROR | pay.shop.svc.cluster.local. 30 CNAME api.pay.example. | api.pay.example. 25 "
            "CNAME lb.pay.example. | lb.pay.example. 15 A 192.0.2.7");
}

TEST(DnsAnswer, AnAliasToNothingIsSaidToLeadThere) {
  const std::string packet = QueryPacket("pay.shop.svc.cluster.local", kDnsA);
  const auto reply = ReadDnsReply(
      UpstreamReply(QueryPacket("api.pay.example", kDnsA),
                    {.rcode = DnsRcode::kNxDomain, .authority = {EndRecord("example", 60, 9)}}));
  EXPECT_EQ(FormatReply(
                AnswerWithChain(ReadQuery(packet), StepOf(packet).alias_chain, *reply, 0, 30, 512)),
            "NXDOMAIN | pay.shop.svc.cluster.local. 30 CNAME api.pay.example. / example. 30 SOA 9");
}

TEST(DnsAnswer, OfAnAliasTakesALimitedNumberOfRecords) {
  const std::string packet = QueryPacket("pay.shop.svc.cluster.local", kDnsA);
  ReplyOptions options;
  for (size_t i = 0; i <= kMaxChasedRecords; ++i) {
    options.answers.push_back(AddressRecord("api.pay.example", "192.0.2." + std::to_string(i), 20));
  }
  const auto reply = ReadDnsReply(UpstreamReply(QueryPacket("api.pay.example", kDnsA), options));
  const std::string made = AnswerWithChain(ReadQuery(packet), StepOf(packet).alias_chain, *reply, 0,
                                           30, kMaxDnsMessageBytes);
  EXPECT_EQ(CountRecords(made), kMaxChasedRecords + 1);
  EXPECT_TRUE(ReadDnsReply(made)->truncated());
}

TEST(DnsRules15_9, AddressesComeInRandomOrder) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    seen.insert(
        FormatReply(StepOf(QueryPacket("db.default.svc.cluster.local", kDnsA), seed).packet));
  }
  EXPECT_EQ(seen.size(), 2U);
}

TEST(DnsRules15_9, WhatIsTooLongForUdpIsTruncated) {
  const auto zone = ManyEndpoints(100);
  SeededRandom random(1);
  for (const int edns_bytes : {0, 100, 512, 1000, 1232, 4096}) {
    const DnsQuery query =
        ReadQuery(QueryPacket("many.default.svc.cluster.local", kDnsA, {.edns_bytes = edns_bytes}));
    const size_t expected = edns_bytes <= 512 ? 512U : std::min<size_t>(1232, edns_bytes);
    EXPECT_EQ(UdpLimit(query), expected);
    const ZoneStep step = AnswerFromZone(*zone, query, UdpLimit(query), &random);
    EXPECT_TRUE(ReadDnsReply(step.packet)->truncated());
    EXPECT_LE(step.packet.size(), expected);
    EXPECT_GT(step.packet.size() + 16, expected);  // as many as fit
    EXPECT_EQ(ReadDnsReply(step.packet)->has_edns, edns_bytes > 0);
  }
}

TEST(DnsRules15_9, ByTcpAllIsSaid) {
  const auto zone = ManyEndpoints(4000);
  SeededRandom random(1);
  const DnsQuery query = ReadQuery(QueryPacket("many.default.svc.cluster.local", kDnsA));
  const ZoneStep step = AnswerFromZone(*zone, query, kMaxDnsMessageBytes, &random);
  EXPECT_EQ(CountRecords(step.packet), 4000U);
  EXPECT_FALSE(ReadDnsReply(step.packet)->truncated());
}

}  // namespace
}  // namespace reconcile
