#include "net/dns/cluster_zone.h"

#include <gtest/gtest.h>

#include "net/dns/name.h"

namespace reconcile {
namespace {

ZoneOutcome OutcomeOf(const DnsZone& zone, const std::string& name) {
  return zone.Find({*ParseDnsName(name), kDnsA, kDnsIn}).outcome;
}

TEST(ClusterZone, NamespacesWithoutServicesHaveANodeInTheTree) {
  HostNetworkConfig config;
  config.cluster_pod_cidr = "10.42.0.0/16";
  config.service_cidr = "10.96.0.0/16";
  ClusterNetwork network;
  network.cluster_domain = "cluster.local";
  auto space = std::make_shared<Namespace>();
  space->metadata.name = "vacant";
  network.namespaces = {space};
  const auto zone = MakeClusterZone(config, network);
  ASSERT_TRUE(zone.ok()) << zone.status().ToString();
  EXPECT_EQ(OutcomeOf(**zone, "vacant.svc.cluster.local"), ZoneOutcome::kNoData);
  EXPECT_EQ(OutcomeOf(**zone, "nowhere.svc.cluster.local"), ZoneOutcome::kNoName);
}

TEST(ClusterZone, HasTheSameNamesWhenOnlyEndpointsBehindAnAddressChange) {
  const auto make = [](const std::string& name, const std::string& address) {
    auto service = std::make_shared<Service>();
    service->metadata.namespace_name = "default";
    service->metadata.name = name;
    service->spec.cluster_ip = address;
    return service;
  };
  const auto slice_of = [](const std::string& service) {
    auto slice = std::make_shared<EndpointSlice>();
    slice->metadata.namespace_name = "default";
    slice->metadata.labels[kServiceNameLabel] = service;
    return slice;
  };
  ClusterNetwork before;
  before.services = {make("db", std::string(kHeadlessIp)), make("web", "10.96.0.1")};
  before.endpoint_slices = {slice_of("db"), slice_of("web")};
  ClusterNetwork after = before;
  EXPECT_TRUE(HasSameNames(before, after));
  after.endpoint_slices[1] = slice_of("web");
  EXPECT_TRUE(HasSameNames(before, after));
  after.endpoint_slices.push_back(slice_of("nobodys"));
  EXPECT_TRUE(HasSameNames(before, after));
  after.endpoint_slices[0] = slice_of("db");
  EXPECT_FALSE(HasSameNames(before, after));
  after = before;
  after.endpoint_slices.erase(after.endpoint_slices.begin());
  EXPECT_FALSE(HasSameNames(before, after)) << "the headless one lost its slice";
  after = before;
  after.services[1] = make("web", "10.96.0.2");
  EXPECT_FALSE(HasSameNames(before, after));
  after = before;
  after.namespaces = {std::make_shared<Namespace>()};
  EXPECT_FALSE(HasSameNames(before, after));
}

}  // namespace
}  // namespace reconcile
