#include "net/dns/zone.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "net/dns/name.h"
#include "tests/unit/net/dns/packets.h"

namespace reconcile {
namespace {

// "NODATA", "NXDOMAIN", "upstream", or the records.
std::string Find(const std::string& name, uint16_t type = kDnsA) {
  const ZoneAnswer answer = SmallZone()->Find(Question(name, type));
  std::string text;
  for (const DnsRecord& record : answer.records) {
    text += (text.empty() ? "" : "; ") + FormatRecord(record);
  }
  switch (answer.outcome) {
    case ZoneOutcome::kOutside:
      return "upstream";
    case ZoneOutcome::kNoName:
      return "NXDOMAIN";
    case ZoneOutcome::kNoData:
      return "NODATA";
    case ZoneOutcome::kRecords:
      return text;
    case ZoneOutcome::kAlias:
      return "alias " + text;
  }
  return "";
}

const char* kFrontend = "frontend.default.svc.cluster.local";
const char* kDb = "db.default.svc.cluster.local";

TEST(DnsRules15_1, TheVersionIsATextRecord) {
  EXPECT_EQ(Find("dns-version.cluster.local", kDnsTxt),
            "dns-version.cluster.local. 30 TXT \"1.1.0\"");
  EXPECT_EQ(Find("dns-version.cluster.local", kDnsA), "NODATA");
}

TEST(DnsRules15_2, AServiceHasItsAddress) {
  EXPECT_EQ(Find(kFrontend), std::string(kFrontend) + ". 30 A 10.96.0.7");
  EXPECT_EQ(Find("frontend.shop.svc.cluster.local"),
            "frontend.shop.svc.cluster.local. 30 A 10.96.0.8");
}

TEST(DnsRules15_2, NamedPortsHaveServiceRecords) {
  EXPECT_EQ(Find(std::string("_http._tcp.") + kFrontend, kDnsSrv),
            std::string("_http._tcp.") + kFrontend + ". 30 SRV 0 100 80 " + kFrontend + ".");
  EXPECT_EQ(Find(std::string("_dns._udp.") + kFrontend, kDnsSrv),
            std::string("_dns._udp.") + kFrontend + ". 30 SRV 0 100 53 " + kFrontend + ".");
  EXPECT_EQ(Find(std::string("_http._udp.") + kFrontend, kDnsSrv), "NXDOMAIN");
  EXPECT_EQ(Find(std::string("http.tcp.") + kFrontend, kDnsSrv), "NXDOMAIN");
  EXPECT_EQ(Find(std::string("_._tcp.") + kFrontend, kDnsSrv), "NXDOMAIN");
}

TEST(DnsRules15_2, ServiceRecordsBringTheAddressAlong) {
  const ZoneAnswer answer =
      SmallZone()->Find(Question(std::string("_http._tcp.") + kFrontend, kDnsSrv));
  ASSERT_EQ(answer.additional.size(), 1U);
  EXPECT_EQ(FormatRecord(answer.additional[0]), std::string(kFrontend) + ". 30 A 10.96.0.7");
}

TEST(DnsRules15_2, AServicesAddressHasItsName) {
  EXPECT_EQ(Find("7.0.96.10.in-addr.arpa", kDnsPtr),
            std::string("7.0.96.10.in-addr.arpa. 30 PTR ") + kFrontend + ".");
}

TEST(DnsRules15_3, AHeadlessServiceHasItsEndpoints) {
  EXPECT_EQ(Find(kDb), std::string(kDb) + ". 30 A 10.42.1.5; " + kDb + ". 30 A 10.42.2.6");
}

TEST(DnsRules15_3, AnEndpointIsNamedByItsHostnameOrItsAddress) {
  EXPECT_EQ(Find(std::string("db-0.") + kDb), std::string("db-0.") + kDb + ". 30 A 10.42.1.5");
  EXPECT_EQ(Find(std::string("10-42-2-6.") + kDb),
            std::string("10-42-2-6.") + kDb + ". 30 A 10.42.2.6");
  EXPECT_EQ(Find(std::string("10-42-1-5.") + kDb), "NXDOMAIN");
  EXPECT_EQ(Find(std::string("db-1.") + kDb), "NXDOMAIN");
}

TEST(DnsRules15_3, ServiceRecordsLeadToEachEndpoint) {
  const std::string name = std::string("_sql._tcp.") + kDb;
  EXPECT_EQ(Find(name, kDnsSrv), name + ". 30 SRV 0 50 5432 db-0." + kDb + ".; " + name +
                                     ". 30 SRV 0 50 5432 10-42-2-6." + kDb + ".");
}

TEST(DnsRules15_3, AnEndpointsAddressHasItsName) {
  EXPECT_EQ(Find("5.1.42.10.in-addr.arpa", kDnsPtr),
            std::string("5.1.42.10.in-addr.arpa. 30 PTR db-0.") + kDb + ".");
  EXPECT_EQ(Find("6.2.42.10.in-addr.arpa", kDnsPtr),
            std::string("6.2.42.10.in-addr.arpa. 30 PTR 10-42-2-6.") + kDb + ".");
}

TEST(DnsRules15_3, AHeadlessServiceWithoutEndpointsIsNotThere) {
  EXPECT_EQ(Find("nobody.default.svc.cluster.local"), "NXDOMAIN");
  EXPECT_EQ(Find("_sql._tcp.nobody.default.svc.cluster.local", kDnsSrv), "NXDOMAIN");
}

TEST(DnsRules15_4, AnExternalNameIsAnAlias) {
  const std::string record = "pay.shop.svc.cluster.local. 30 CNAME api.pay.example.";
  EXPECT_EQ(Find("pay.shop.svc.cluster.local"), "alias " + record);
  EXPECT_EQ(Find("pay.shop.svc.cluster.local", kDnsCname), record);
  EXPECT_EQ(Find("_http._tcp.pay.shop.svc.cluster.local", kDnsSrv), "NXDOMAIN");
}

TEST(DnsRules15_5, NamesThatExistHaveNoOtherTypes) {
  for (const uint16_t type : {kDnsAaaa, kDnsTxt, kDnsSrv, kDnsPtr, uint16_t{65}}) {
    EXPECT_EQ(Find(kFrontend, type), "NODATA") << type;
    EXPECT_EQ(Find(kDb, type), "NODATA") << type;
    EXPECT_EQ(Find("10-42-1-5.default.pod.cluster.local", type), "NODATA") << type;
  }
  EXPECT_EQ(Find("7.0.96.10.in-addr.arpa", kDnsA), "NODATA");
}

TEST(DnsRules15_5, ParentsOfNamesExist) {
  for (const std::string name :
       {"cluster.local", "svc.cluster.local", "default.svc.cluster.local",
        "empty.svc.cluster.local", "pod.cluster.local", "default.pod.cluster.local",
        "dns.cluster.local", "_tcp.frontend.default.svc.cluster.local",
        "_tcp.db.default.svc.cluster.local", "96.10.in-addr.arpa", "0.96.10.in-addr.arpa"}) {
    EXPECT_EQ(Find(name), "NODATA") << name;
  }
}

TEST(DnsRules15_5, WhatIsAbsentIsSaidToBe) {
  for (const std::string name :
       {"absent.default.svc.cluster.local", "frontend.nowhere.svc.cluster.local",
        "nowhere.svc.cluster.local", "absent.cluster.local", "a.b.c.d.e.f.svc.cluster.local",
        "x.frontend.default.svc.cluster.local", "_sctp.frontend.default.svc.cluster.local",
        "9.9.96.10.in-addr.arpa"}) {
    EXPECT_EQ(Find(name), "NXDOMAIN") << name;
  }
}

TEST(DnsRules15_5, NegativeAnswersHaveTheirZonesStart) {
  const auto zone = SmallZone();
  EXPECT_EQ(FormatRecord(zone->SoaFor(WireName("x.default.svc.cluster.local"))),
            "cluster.local. 30 SOA 30");
  EXPECT_EQ(FormatRecord(zone->SoaFor(WireName("9.9.96.10.in-addr.arpa"))),
            "96.10.in-addr.arpa. 30 SOA 30");
  EXPECT_EQ(FormatRecord(zone->SoaFor(WireName("96.10.in-addr.arpa"))),
            "96.10.in-addr.arpa. 30 SOA 30");
}

TEST(DnsRules15_6, PodsAreNamedByTheirAddresses) {
  EXPECT_EQ(Find("10-42-1-5.default.pod.cluster.local"),
            "10-42-1-5.default.pod.cluster.local. 30 A 10.42.1.5");
  for (const std::string label :
       {"10-42-1", "10-42-1-256", "10-42-1-5-6", "10-42-1-05", "a-b-c-d", "10-42--5", "-1-2-3"}) {
    EXPECT_EQ(Find(label + ".default.pod.cluster.local"), "NXDOMAIN") << label;
  }
}

TEST(DnsZone, OtherNamesAreNotIts) {
  for (const std::string name :
       {"example.com", "local", "mycluster.local", "svc.cluster.local.example.com", ".",
        "1.2.0.192.in-addr.arpa", "10.in-addr.arpa", "in-addr.arpa", "0.0.7.0.96.10.in-addr.arpa",
        "x.96.10.in-addr.arpa"}) {
    EXPECT_EQ(Find(name, kDnsPtr), "upstream") << name;
  }
}

TEST(DnsZone, SaysWhoServesIt) {
  EXPECT_EQ(Find("cluster.local", kDnsNs), "cluster.local. 30 NS ns.dns.cluster.local.");
  EXPECT_EQ(Find("ns.dns.cluster.local"), "ns.dns.cluster.local. 30 A 10.96.0.10");
  EXPECT_EQ(Find("cluster.local", kDnsSoa), "cluster.local. 30 SOA 30");
}

TEST(DnsZone, LeavesOutWhatCannotBeAskedFor) {
  const auto service = std::make_shared<const DnsService>(
      DnsService{"default", std::string(64, 'a'), DnsServiceKind::kClusterIp, 1, {}});
  EXPECT_EQ(DnsZone::Make({}, {service}).value()->service_count(), 0U);
}

TEST(DnsZone, RefusesADomainThatIsNone) {
  DnsZoneConfig config;
  for (const char* domain : {"", ".", "cluster..local"}) {
    config.cluster_domain = domain;
    EXPECT_EQ(DnsZone::Make(config, {}).status().code(), StatusCode::kInvalid) << domain;
  }
}

TEST(DnsZone, AReverseRangeMayEndInsideAnOctet) {
  DnsZoneConfig config;
  config.reverse_ranges = {*Cidr::Parse("172.16.0.0/12")};
  const auto zone = DnsZone::Make(config, {}).value();
  const auto outcome = [&](const char* name) { return zone->Find(Question(name)).outcome; };
  EXPECT_EQ(outcome("1.0.31.172.in-addr.arpa"), ZoneOutcome::kNoName);
  EXPECT_EQ(outcome("1.0.32.172.in-addr.arpa"), ZoneOutcome::kOutside);
  EXPECT_EQ(outcome("172.in-addr.arpa"), ZoneOutcome::kOutside);
  EXPECT_EQ(FormatDnsName(zone->SoaFor(WireName("1.0.31.172.in-addr.arpa")).name),
            "31.172.in-addr.arpa.");
}

}  // namespace
}  // namespace reconcile
