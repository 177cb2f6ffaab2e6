#include <gtest/gtest.h>

#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

std::string ServiceErrors(const std::string& spec) {
  return testing::PlainErrorsOf("apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {" +
                                spec + "}\n");
}

// Of a Service with one port.
std::string ErrorsOfService(const std::string& fields) {
  return ServiceErrors("ports: [{port: 80}], " + fields);
}

TEST(ValidateService, ANodePortServesEachProtocolOnce) {
  const auto ports = [](const std::string& second) {
    return ServiceErrors("type: NodePort, ports: [{name: a, port: 53, nodePort: 30053}, " + second +
                         "]");
  };
  EXPECT_EQ(ports("{name: b, port: 53, protocol: UDP, nodePort: 30053}"), "");
  EXPECT_EQ(ports("{name: b, port: 54, nodePort: 30053}"),
            "spec.ports[1].nodePort: duplicate node port 30053/TCP\n");
}

TEST(ValidateService, AppProtocolsAreQualifiedNames) {
  for (const char* name : {"http", "kubernetes.io/h2c", "example.com/My_own"}) {
    EXPECT_EQ(ServiceErrors("ports: [{port: 80, appProtocol: " + std::string(name) + "}]"), "")
        << name;
  }
  for (const char* name : {"''", "'a b'", "a/b/c", "http/"}) {
    EXPECT_NE(ServiceErrors("ports: [{port: 80, appProtocol: " + std::string(name) + "}]"), "")
        << name;
  }
}

TEST(ValidateService, SourceRangesAreCidrs) {
  const auto ranges = [](const std::string& range) {
    return ErrorsOfService("type: LoadBalancer, loadBalancerSourceRanges: ['" + range + "']");
  };
  for (const char* range :
       {"10.0.0.0/8", "10.1.2.3/8", " 10.0.0.0/8 ", "010.0.0.0/8", "fd00::/8"}) {
    EXPECT_EQ(ranges(range), "") << range;
  }
  EXPECT_EQ(ranges("10.0.0.1"),
            "spec.loadBalancerSourceRanges[0]: \"10.0.0.1\" is no CIDR like 10.0.0.0/8\n");
  EXPECT_NE(ranges(" "), "");
}

TEST(ValidateService, FamiliesAndAddressesAgree) {
  EXPECT_EQ(ErrorsOfService("ipFamilies: [IPv4, IPv6], ipFamilyPolicy: PreferDualStack"), "");
  EXPECT_EQ(ErrorsOfService("ipFamilies: [IPv4, IPv4]"),
            "spec.ipFamilies[1]: duplicate family \"IPv4\"\n");
  EXPECT_EQ(ErrorsOfService("clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, 'fd00::1']"), "");
  EXPECT_EQ(ErrorsOfService("clusterIP: 10.0.0.1, clusterIPs: [10.0.0.2]"),
            "spec.clusterIPs[0]: must be clusterIP, \"10.0.0.1\", not \"10.0.0.2\"\n");
}

TEST(ValidateService, ExternalAddressesAreReachable) {
  for (const char* ip : {"192.0.2.1", "2001:db8::1", "224.0.1.1", "ff05::1", "169.253.0.1"}) {
    EXPECT_EQ(ErrorsOfService("externalIPs: ['" + std::string(ip) + "']"), "") << ip;
  }
  for (const char* ip : {"127.0.0.2", "::1", "0.0.0.0", "::", "169.254.1.1", "fe80::1",
                         "224.0.0.251", "ff02::1", "::ffff:127.0.0.1", "nine"}) {
    EXPECT_NE(ErrorsOfService("externalIPs: ['" + std::string(ip) + "']"), "") << ip;
  }
  EXPECT_EQ(ErrorsOfService("externalIPs: [127.0.0.1]"),
            "spec.externalIPs[0]: \"127.0.0.1\" is a host's own address: give one that other hosts "
            "reach\n");
}

TEST(ValidateService, WhatOnlyALoadBalancerHas) {
  EXPECT_EQ(ErrorsOfService(
                "type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30001"),
            "");
  EXPECT_EQ(ErrorsOfService("healthCheckNodePort: 0"), "");
  const std::string needs =
      "spec.healthCheckNodePort: needs type \"LoadBalancer\" and externalTrafficPolicy \"Local\"\n";
  EXPECT_EQ(ErrorsOfService("type: LoadBalancer, healthCheckNodePort: 30001"), needs);
  EXPECT_EQ(
      ErrorsOfService("type: NodePort, externalTrafficPolicy: Local, healthCheckNodePort: 30001"),
      needs);
  EXPECT_EQ(ErrorsOfService("type: LoadBalancer, allocateLoadBalancerNodePorts: false"), "");
  EXPECT_EQ(ErrorsOfService("type: NodePort, allocateLoadBalancerNodePorts: true"),
            "spec.allocateLoadBalancerNodePorts: needs type \"LoadBalancer\"\n");
}

TEST(ValidateService, TrafficPrefersWhatThereIs) {
  for (const char* word : {"PreferClose", "PreferSameZone", "PreferSameNode"}) {
    EXPECT_EQ(ErrorsOfService("trafficDistribution: " + std::string(word)), "") << word;
  }
  EXPECT_EQ(
      ErrorsOfService("trafficDistribution: PreferFar"),
      "spec.trafficDistribution: \"PreferFar\" is none of \"PreferClose\", \"PreferSameZone\", "
      "\"PreferSameNode\"\n");
}

}  // namespace
}  // namespace reconcile
