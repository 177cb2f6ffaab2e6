#include "net/dns/resolv_conf.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

const ClusterDns kCluster = {"10.96.0.10", "cluster.local"};
const char* kHost =
    "# the host's\n"
    "domain old.example\n"
    "search corp.example lab.corp.example\n"
    "nameserver 127.0.0.53\n"
    "nameserver 192.0.2.53\n"
    "options edns0 timeout:2\n";

std::string TextOf(const PodDns& pod, const ClusterDns& cluster = kCluster) {
  return MakePodResolvConf(pod, cluster, kHost).text;
}

const char* kClusterFirst =
    "search shop.svc.cluster.local svc.cluster.local cluster.local corp.example lab.corp.example\n"
    "nameserver 10.96.0.10\n"
    "options ndots:5\n";
const char* kDefault =
    "search corp.example lab.corp.example\n"
    "nameserver 192.0.2.53\n"
    "options edns0 timeout:2\n";

TEST(DnsRules15_8, ClusterFirstAsksTheClusterAndSearchesTheHostsDomainsToo) {
  EXPECT_EQ(TextOf({.namespace_name = "shop"}), kClusterFirst);
}

TEST(DnsRules15_8, ClusterFirstInTheHostsNetworkIsDefault) {
  EXPECT_EQ(TextOf({.host_network = true, .namespace_name = "shop"}),
            "search corp.example lab.corp.example\n"
            "nameserver 127.0.0.53\n"
            "nameserver 192.0.2.53\n"
            "options edns0 timeout:2\n");
  EXPECT_EQ(TextOf({.policy = DnsPolicy::kClusterFirstWithHostNet,
                    .host_network = true,
                    .namespace_name = "shop"}),
            kClusterFirst);
  EXPECT_EQ(TextOf({.policy = DnsPolicy::kClusterFirstWithHostNet, .namespace_name = "shop"}),
            kClusterFirst);
}

TEST(DnsRules15_8, DefaultIsTheHosts) {
  EXPECT_EQ(TextOf({.policy = DnsPolicy::kDefault, .namespace_name = "shop"}), kDefault);
  EXPECT_EQ(TextOf({.namespace_name = "shop"}, {}), kDefault) << "a cluster without DNS";
}

TEST(DnsRules15_8, NoneIsOnlyWhatThePodSays) {
  PodDns pod = {.policy = DnsPolicy::kNone, .namespace_name = "shop"};
  pod.config = {{"192.0.2.9"}, {"my.example"}, {{"ndots", "2"}, {"edns0", ""}}};
  EXPECT_EQ(TextOf(pod), "search my.example\nnameserver 192.0.2.9\noptions ndots:2 edns0\n");
}

TEST(DnsRules15_8, WhatThePodSaysIsAppendedAndItsOptionsWin) {
  PodDns pod = {.namespace_name = "shop"};
  pod.config = {{"192.0.2.9", "10.96.0.10"},
                {"my.example", "corp.example"},
                {{"ndots", "2"}, {"single-request", ""}}};
  EXPECT_EQ(TextOf(pod),
            "search shop.svc.cluster.local svc.cluster.local cluster.local corp.example "
            "lab.corp.example my.example\n"
            "nameserver 10.96.0.10\nnameserver 192.0.2.9\noptions ndots:2 single-request\n");
}

TEST(DnsRules15_8, AtMostThreeNameservers) {
  PodDns pod = {.policy = DnsPolicy::kNone};
  pod.config.nameservers = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"};
  const PodResolvConf made = MakePodResolvConf(pod, kCluster, kHost);
  EXPECT_EQ(made.text, "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n");
  ASSERT_EQ(made.warnings.size(), 1U);
}

TEST(DnsRules15_8, AtMost32SearchesOf2048Characters) {
  PodDns pod = {.policy = DnsPolicy::kNone};
  pod.config.nameservers = {"192.0.2.1"};
  for (int i = 0; i < 32; ++i) pod.config.searches.push_back("d" + std::to_string(i));
  EXPECT_TRUE(MakePodResolvConf(pod, kCluster, "").warnings.empty());
  pod.config.searches.push_back("one.too.many");
  PodResolvConf made = MakePodResolvConf(pod, kCluster, "");
  EXPECT_EQ(made.text.find("one.too.many"), std::string::npos);
  EXPECT_EQ(made.warnings.size(), 1U);
  pod.config.searches.clear();
  // Ten of 204 characters are 2049 with what is between them.
  for (char c = 'a'; c < 'k'; ++c) pod.config.searches.push_back(std::string(204, c));
  made = MakePodResolvConf(pod, kCluster, "");
  EXPECT_EQ(ParseResolvConf(made.text).searches.size(), 9U);
  EXPECT_EQ(made.warnings.size(), 1U);
  pod.config.searches.back().pop_back();
  EXPECT_TRUE(MakePodResolvConf(pod, kCluster, "").warnings.empty());
}

TEST(PodResolvConf, SaysWhenNoServerIsLeft) {
  const PodResolvConf made =
      MakePodResolvConf({.policy = DnsPolicy::kDefault}, kCluster, "nameserver 127.0.0.1\n");
  EXPECT_EQ(made.text, "");
  ASSERT_EQ(made.warnings.size(), 1U);
  EXPECT_NE(made.warnings[0].find("dnsConfig.nameservers"), std::string::npos);
}

TEST(ResolvConf, ReadsWhatResolversRead) {
  const ResolvConf conf = ParseResolvConf(
      "; comment\n#nameserver 192.0.2.1\n  nameserver\t192.0.2.2 \r\nnameserver 192.0.2.2\n"
      "nameserver\nsearch a b\nsearch .\noptions ndots:1 rotate : :x\noptions ndots:3\nsortlist x "
      "y\n");
  EXPECT_EQ(conf, (ResolvConf{{"192.0.2.2"}, {}, {{"ndots", "3"}, {"rotate", ""}}}));
}

std::string Picked(std::string_view etc, std::string_view systemd = "") {
  std::string text;
  for (const DnsUpstream& upstream : PickUpstreams(etc, systemd, "10.96.0.10")) {
    text += upstream.address + " ";
  }
  return text;
}

TEST(PickUpstreams, TakesTheHostsServers) {
  EXPECT_EQ(Picked("nameserver 192.0.2.1\nnameserver 2001:db8::1\n", "nameserver 192.0.2.9\n"),
            "192.0.2.1 2001:db8::1 ");
}

TEST(PickUpstreams, PassesOverAStubToWhomItAsks) {
  EXPECT_EQ(Picked("nameserver 127.0.0.53\n", "nameserver 192.0.2.9\n"), "192.0.2.9 ");
  EXPECT_EQ(Picked("nameserver 127.0.0.1\n", "nameserver 192.0.2.9\n"), "192.0.2.9 ");
}

TEST(PickUpstreams, NeverTakesItself) {
  EXPECT_EQ(Picked("nameserver 10.96.0.10\nnameserver 192.0.2.1\n"), "192.0.2.1 ");
  EXPECT_EQ(Picked("nameserver 10.96.0.10\n", "nameserver 10.96.0.10\n"), "");
}

TEST(PickUpstreams, TakesAResolverOfTheHostsOwnWhenThereIsNothingElse) {
  EXPECT_EQ(Picked("nameserver 127.0.0.1\nnameserver ::1\n"), "127.0.0.1 ::1 ");
  EXPECT_EQ(Picked("nameserver 127.0.0.53\n"), "");
}

TEST(PickUpstreams, LeavesOutWhatIsNoAddressAndMoreThanItsLimit) {
  EXPECT_EQ(Picked("nameserver fe80::1%eth0\nnameserver dns.example\n"), "");
  std::string many;
  for (size_t i = 0; i <= kMaxUpstreams; ++i) {
    many += "nameserver 192.0.2." + std::to_string(i) + "\n";
  }
  EXPECT_EQ(PickUpstreams(many, "", "").size(), kMaxUpstreams);
}

}  // namespace
}  // namespace reconcile
