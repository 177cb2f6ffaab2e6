#include "net/service_rules.h"

#include <gtest/gtest.h>

#include "net/ipam.h"
#include "tests/unit/net/golden.h"

namespace reconcile {
namespace {

uint32_t Ip(const char* text) { return *ParseIpv4(text); }

ServiceTable Example() {
  ServiceTable table;
  table.service_cidr = "10.96.0.0/16";
  table.pod_cidr = "10.42.0.0/16";
  table.host_in_pods = "10.42.1.1";
  const std::vector<ServiceEndpoint> two = {{Ip("10.42.1.2"), 8080}, {Ip("10.42.2.2"), 8080}};
  table.targets[{Ip("10.96.0.1"), Protocol::kTcp, 80}] = {two};
  table.targets[{Ip("10.9.0.1"), Protocol::kTcp, 30080}] = {two, false, true, 0};
  table.targets[{Ip("10.96.0.2"), Protocol::kUdp, 53}] = {two, false, false, 10'800};
  table.targets[{Ip("10.96.0.3"), Protocol::kTcp, 80}] = {};
  table.targets[{Ip("10.96.0.4"), Protocol::kTcp, 80}] = {{}, true, false, 0};
  table.targets[{0, Protocol::kTcp, 8081}] = {{two[0]}};
  table.local_endpoints = {two[0].address};
  return table;
}

TEST(ServiceRules, Golden) {
  ExpectGolden("services.nft", CompileServiceRules(Example()));
  ExpectGolden("services_removed.nft", CompileRemoveServiceRules());
}

TEST(ServiceRules, NothingNewIsNothingToDo) {
  EXPECT_EQ(CompileServiceChange(Example(), Example()), "");
  EXPECT_TRUE(StaleFlows(Example(), Example()).empty());
}

TEST(ServiceRules, AnEndpointMoreTouchesItsServiceAlone) {
  ServiceTable after = Example();
  after.targets[{Ip("10.96.0.1"), Protocol::kTcp, 80}].endpoints.push_back({Ip("10.42.3.2"), 8080});
  ExpectGolden("services_endpoint_more.nft", CompileServiceChange(Example(), after));
  ExpectGolden("services_endpoint_less.nft", CompileServiceChange(after, Example()));
}

// For each rule that looks into a map, the kernel walks through all of the map.
TEST(ServiceRules, AChangeMakesNoChainThatIsThere) {
  ServiceTable before = Example();
  const ServiceTarget& known = before.targets.at({Ip("10.96.0.1"), Protocol::kTcp, 80});
  ServiceTarget one_more = known;
  one_more.endpoints.push_back({Ip("10.42.3.2"), 8080});
  before.targets[{Ip("10.96.0.9"), Protocol::kTcp, 80}] = one_more;
  ServiceTable after = before;
  after.targets[{Ip("10.96.0.1"), Protocol::kTcp, 80}] = one_more;
  const std::string change = CompileServiceChange(before, after);
  EXPECT_EQ(change.find("chain"), std::string::npos) << change;
  EXPECT_NE(change.find("10.42.3.2"), std::string::npos) << change;
}

TEST(ServiceRules, AServiceThatGoesTakesItsElementsAlong) {
  ServiceTable after = Example();
  after.targets.erase({Ip("10.96.0.2"), Protocol::kUdp, 53});
  after.targets.erase({0, Protocol::kTcp, 8081});
  after.local_endpoints.clear();
  ExpectGolden("services_gone.nft", CompileServiceChange(Example(), after));
  EXPECT_EQ(StaleFlows(Example(), after),
            (std::vector<StaleFlow>{{{Ip("10.96.0.2"), Protocol::kUdp, 53}, Ip("10.42.1.2")},
                                    {{Ip("10.96.0.2"), Protocol::kUdp, 53}, Ip("10.42.2.2")}}));
}

TEST(ServiceRules, AClientsEndpointKeepsItsNumberWhenOthersLeave) {
  ServiceTable after = Example();
  auto& endpoints = after.targets[{Ip("10.96.0.2"), Protocol::kUdp, 53}].endpoints;
  endpoints.erase(endpoints.begin());
  const std::string change = CompileServiceChange(Example(), after);
  EXPECT_EQ(change.find("sticky { 10.96.0.2 . udp . 53 . "), change.rfind("sticky { "))
      << "only what left is taken away: " << change;
  EXPECT_EQ(StaleFlows(Example(), after).size(), 1U);
}

TEST(ServiceRules, OtherRangesMakeAllAnew) {
  ServiceTable after = Example();
  after.service_cidr = "10.97.0.0/16";
  EXPECT_EQ(CompileServiceChange(Example(), after), CompileServiceRules(after));
}

}  // namespace
}  // namespace reconcile
