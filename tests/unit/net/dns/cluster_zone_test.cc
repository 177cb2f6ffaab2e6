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

}  // namespace
}  // namespace reconcile
