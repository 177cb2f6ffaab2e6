// The rules of SEMANTICS 15, each asked of the real server with dig.
#include <gtest/gtest.h>

#include <set>

#include "tests/contract/dns/dns_world.h"

namespace reconcile {
namespace {

class DnsRules : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { world_ = std::make_unique<DnsWorld>(); }
  static void TearDownTestSuite() { world_.reset(); }
  static std::string Answer(const std::string& words) { return world_->Answer(words); }
  static std::string Head(const std::string& words) { return world_->Head(words); }
  // The reply's code, and whether there is nothing in it but the zone's SOA record.
  static std::string Nothing(const std::string& words) {
    const std::string out = world_->Dig("+noall +answer +authority " + words);
    const bool soa =
        out.find("SOA\tns.dns.cluster.local. hostmaster.cluster.local.") != std::string::npos;
    const std::string head = Head(words);
    return head.substr(0, head.find(' ')) + (soa ? " with SOA" : " without SOA: " + out);
  }

  static std::unique_ptr<DnsWorld> world_;
};
std::unique_ptr<DnsWorld> DnsRules::world_;

TEST_F(DnsRules, Rule1_VersionRecord) {
  EXPECT_EQ(Answer("dns-version.cluster.local TXT"),
            "dns-version.cluster.local. 30 IN TXT \"1.1.0\"");
}

TEST_F(DnsRules, Rule2_ClusterIpAddress) {
  EXPECT_EQ(Answer("frontend.default.svc.cluster.local"),
            "frontend.default.svc.cluster.local. 30 IN A 10.96.0.7");
  EXPECT_EQ(Head("frontend.default.svc.cluster.local"), "NOERROR qr aa rd ra");
}

TEST_F(DnsRules, Rule2_ServiceRecordsOfNamedPorts) {
  EXPECT_EQ(Answer("_http._tcp.frontend.default.svc.cluster.local SRV"),
            "_http._tcp.frontend.default.svc.cluster.local. 30 IN SRV 0 100 80 "
            "frontend.default.svc.cluster.local.");
  EXPECT_EQ(Answer("_dns._udp.frontend.default.svc.cluster.local SRV"),
            "_dns._udp.frontend.default.svc.cluster.local. 30 IN SRV 0 100 53 "
            "frontend.default.svc.cluster.local.");
}

TEST_F(DnsRules, Rule2_NameOfTheAddress) {
  EXPECT_EQ(Answer("-x 10.96.0.7"),
            "7.0.96.10.in-addr.arpa. 30 IN PTR frontend.default.svc.cluster.local.");
}

TEST_F(DnsRules, Rule3_HeadlessAddresses) {
  EXPECT_EQ(Answer("db.default.svc.cluster.local"),
            "db.default.svc.cluster.local. 30 IN A 10.42.1.5; "
            "db.default.svc.cluster.local. 30 IN A 10.42.2.6");
}

TEST_F(DnsRules, Rule3_EndpointNames) {
  EXPECT_EQ(Answer("db-0.db.default.svc.cluster.local"),
            "db-0.db.default.svc.cluster.local. 30 IN A 10.42.1.5");
  EXPECT_EQ(Answer("10-42-2-6.db.default.svc.cluster.local"),
            "10-42-2-6.db.default.svc.cluster.local. 30 IN A 10.42.2.6");
  EXPECT_EQ(Answer("-x 10.42.1.5"),
            "5.1.42.10.in-addr.arpa. 30 IN PTR db-0.db.default.svc.cluster.local.");
}

TEST_F(DnsRules, Rule3_HeadlessServiceRecords) {
  EXPECT_EQ(Answer("_sql._tcp.db.default.svc.cluster.local SRV"),
            "_sql._tcp.db.default.svc.cluster.local. 30 IN SRV 0 50 5432 "
            "10-42-2-6.db.default.svc.cluster.local.; "
            "_sql._tcp.db.default.svc.cluster.local. 30 IN SRV 0 50 5432 "
            "db-0.db.default.svc.cluster.local.");
}

TEST_F(DnsRules, Rule3_HeadlessWithoutEndpoints) {
  EXPECT_EQ(Nothing("nobody.default.svc.cluster.local"), "NXDOMAIN with SOA");
}

TEST_F(DnsRules, Rule4_ExternalNameIsChased) {
  EXPECT_EQ(Answer("pay.shop.svc.cluster.local"),
            "api.pay.example. 30 IN A 192.0.2.7; "
            "pay.shop.svc.cluster.local. 30 IN CNAME www.pay.example.; "
            "www.pay.example. 30 IN CNAME api.pay.example.");
  EXPECT_EQ(Answer("front.shop.svc.cluster.local"),
            "front.shop.svc.cluster.local. 30 IN CNAME frontend.default.svc.cluster.local.; "
            "frontend.default.svc.cluster.local. 30 IN A 10.96.0.7");
  EXPECT_EQ(Nothing("_http._tcp.pay.shop.svc.cluster.local SRV"), "NXDOMAIN with SOA");
}

TEST_F(DnsRules, Rule5_NoData) {
  for (const char* name :
       {"frontend.default.svc.cluster.local AAAA", "db.default.svc.cluster.local AAAA",
        "frontend.default.svc.cluster.local MX", "svc.cluster.local", "default.svc.cluster.local",
        "_tcp.frontend.default.svc.cluster.local SRV", "cluster.local"}) {
    EXPECT_EQ(Nothing(name), "NOERROR with SOA") << name;
  }
}

TEST_F(DnsRules, Rule5_NxDomain) {
  for (const char* name :
       {"absent.default.svc.cluster.local", "absent.default.svc.cluster.local AAAA",
        "frontend.nowhere.svc.cluster.local", "absent.cluster.local", "-x 10.96.9.9"}) {
    EXPECT_EQ(Nothing(name), "NXDOMAIN with SOA") << name;
  }
}

TEST_F(DnsRules, Rule6_PodRecords) {
  EXPECT_EQ(Answer("10-42-7-9.default.pod.cluster.local"),
            "10-42-7-9.default.pod.cluster.local. 30 IN A 10.42.7.9");
  EXPECT_EQ(Nothing("10-42-7-999.default.pod.cluster.local"), "NXDOMAIN with SOA");
}

TEST_F(DnsRules, NamesAreMatchedInAnyCaseAndKeepTheirs) {
  EXPECT_EQ(Answer("FrontEnd.Default.SVC.cluster.LOCAL"),
            "FrontEnd.Default.SVC.cluster.LOCAL. 30 IN A 10.96.0.7");
}

TEST_F(DnsRules, Rule9_AddressesAreShuffled) {
  std::set<std::string> orders;
  for (int i = 0; i < 40 && orders.size() < 2; ++i) {
    orders.insert(world_->Dig("+short db.default.svc.cluster.local"));
  }
  EXPECT_EQ(orders.size(), 2U);
}

TEST_F(DnsRules, Rule9_TruncatedByUdpWholeByTcp) {
  const std::string name = "many.default.svc.cluster.local";
  EXPECT_EQ(Head("+ignore +noedns " + name), "NOERROR qr aa tc rd ra");
  EXPECT_EQ(Head("+ignore +bufsize=4096 " + name), "NOERROR qr aa tc rd ra");
  EXPECT_EQ(Head("+tcp " + name), "NOERROR qr aa rd ra");
  // dig itself goes to TCP.
  const std::string all = world_->Dig("+short " + name);
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 200);
  const std::string size = world_->Dig("+ignore +noedns " + name);
  EXPECT_LE(std::stoi(size.substr(size.find("rcvd: ") + 6)), 512);
}

TEST_F(DnsRules, Rule9_OtherNamesAreForwarded) {
  EXPECT_EQ(Answer("api.pay.example"), "api.pay.example. 30 IN A 192.0.2.7");
  EXPECT_EQ(Head("absent.pay.example").substr(0, 8), "NXDOMAIN");
  EXPECT_EQ(Answer("host.corp.example"), "host.corp.example. 30 IN A 192.0.2.99") << "stub domain";
}

TEST_F(DnsRules, EdnsIsAnswered) {
  const std::string out = world_->Dig("+bufsize=4096 frontend.default.svc.cluster.local");
  EXPECT_NE(out.find("EDNS: version: 0, flags:; udp: 1232"), std::string::npos) << out;
  const std::string none = world_->Dig("+noedns frontend.default.svc.cluster.local");
  EXPECT_EQ(none.find("EDNS"), std::string::npos) << none;
  EXPECT_EQ(Head("+edns=1 +noednsneg cluster.local").substr(0, 7), "BADVERS");
}

TEST_F(DnsRules, WhatIsNotServedIsRefused) {
  EXPECT_EQ(Head("version.bind TXT CH").substr(0, 7), "REFUSED");
  EXPECT_EQ(Head("+opcode=update cluster.local SOA").substr(0, 6), "NOTIMP");
  EXPECT_NE(world_->Dig("cluster.local AXFR").find("Transfer failed"), std::string::npos);
  EXPECT_EQ(Head("+header-only").substr(0, 7), "FORMERR");
}

TEST_F(DnsRules, AnyIsAnsweredBySomethingSmall) {
  EXPECT_EQ(Answer("frontend.default.svc.cluster.local ANY"),
            "frontend.default.svc.cluster.local. 30 IN HINFO \"RFC8482\" \"\"");
}

}  // namespace
}  // namespace reconcile
