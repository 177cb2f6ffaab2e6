#include "net/dns/from_objects.h"

#include <gtest/gtest.h>

#include "tests/unit/net/dns/packets.h"

namespace reconcile {
namespace {

Service NamedService(const std::string& name, const std::string& cluster_ip) {
  Service service;
  service.metadata.namespace_name = "default";
  service.metadata.name = name;
  service.spec.cluster_ip = cluster_ip;
  service.spec.ports = {{.name = "http", .port = 80},
                        {.name = "dns", .protocol = Protocol::kUdp, .port = 53}};
  return service;
}

EndpointSlice SliceOf(const std::string& service, std::vector<Endpoint> endpoints) {
  EndpointSlice slice;
  slice.metadata.namespace_name = "default";
  slice.metadata.labels[kServiceNameLabel] = service;
  slice.endpoints = std::move(endpoints);
  slice.ports = {{.name = "sql", .port = 5432}};
  return slice;
}

Endpoint EndpointAt(const std::string& address, std::optional<bool> ready,
                    const std::string& hostname = "") {
  Endpoint endpoint;
  endpoint.addresses = {address};
  endpoint.conditions.ready = ready;
  endpoint.hostname = hostname;
  return endpoint;
}

std::vector<DnsService> ServicesOf(const std::vector<Service>& services,
                                   const std::vector<EndpointSlice>& slices = {}) {
  std::vector<std::shared_ptr<const Service>> shared;
  for (const Service& service : services) shared.push_back(std::make_shared<Service>(service));
  std::vector<std::shared_ptr<const EndpointSlice>> shared_slices;
  for (const EndpointSlice& slice : slices) {
    shared_slices.push_back(std::make_shared<EndpointSlice>(slice));
  }
  std::vector<DnsService> made;
  for (const auto& service : DnsServicesOf(shared, shared_slices)) made.push_back(*service);
  return made;
}

const std::vector<DnsPort> kSql = {{"sql", "tcp", 5432}};

TEST(DnsServicesOf, AServiceHasItsAddressAndPorts) {
  EXPECT_EQ(ServicesOf({NamedService("frontend", "10.96.0.7")}),
            (std::vector<DnsService>{{"default",
                                      "frontend",
                                      DnsServiceKind::kClusterIp,
                                      Address("10.96.0.7"),
                                      {{"http", "tcp", 80}, {"dns", "udp", 53}}}}));
}

TEST(DnsServicesOf, AServiceWithoutAnAddressHasNoNames) {
  EXPECT_TRUE(ServicesOf({NamedService("frontend", "")}).empty());
}

TEST(DnsServicesOf, AnExternalNameIsOne) {
  Service service = NamedService("pay", "");
  service.spec.type = ServiceType::kExternalName;
  service.spec.external_name = "api.pay.example";
  const std::vector<DnsService> made = ServicesOf({service});
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0].kind, DnsServiceKind::kExternalName);
  EXPECT_EQ(made[0].external_name, "api.pay.example");
}

TEST(DnsServicesOf, AHeadlessServiceHasTheReadyEndpointsOfItsSlices) {
  EndpointSlice elsewhere = SliceOf("db", {EndpointAt("10.42.9.9", true)});
  elsewhere.metadata.namespace_name = "other";
  EndpointSlice ipv6 = SliceOf("db", {EndpointAt("fd00::1", true)});
  ipv6.address_type = AddressType::kIpv6;
  const std::vector<DnsService> made =
      ServicesOf({NamedService("db", "None")},
                 {SliceOf("db", {EndpointAt("10.42.1.5", true, "db-0"),
                                 EndpointAt("10.42.1.6", false), EndpointAt("10.42.1.7", {})}),
                  SliceOf("db", {EndpointAt("10.42.2.1", true)}),
                  SliceOf("web", {EndpointAt("10.42.3.1", true)}), elsewhere, ipv6});
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0].endpoints, (std::vector<DnsEndpoint>{{Address("10.42.1.5"), "db-0", kSql},
                                                         {Address("10.42.1.7"), "", kSql},
                                                         {Address("10.42.2.1"), "", kSql}}));
}

TEST(DnsServicesOf, PublishesUnreadyEndpointsWhereTheServiceSaysSo) {
  Service service = NamedService("db", "None");
  service.spec.publish_not_ready_addresses = true;
  const std::vector<DnsService> made =
      ServicesOf({service}, {SliceOf("db", {EndpointAt("10.42.1.6", false)})});
  EXPECT_EQ(made[0].endpoints.size(), 1U);
}

TEST(DnsServicesOf, AnEndpointOfSeveralSlicesIsOne) {
  EndpointSlice second = SliceOf("db", {EndpointAt("10.42.1.5", true)});
  second.ports = {{.name = "metrics", .port = 9100}, {.name = "any", .port = 0}};
  const std::vector<DnsService> made = ServicesOf(
      {NamedService("db", "None")}, {SliceOf("db", {EndpointAt("10.42.1.5", true)}), second});
  EXPECT_EQ(made[0].endpoints,
            (std::vector<DnsEndpoint>{
                {Address("10.42.1.5"), "", {{"sql", "tcp", 5432}, {"metrics", "tcp", 9100}}}}));
}

TEST(PodDnsOf, TakesThePodsOwnWords) {
  Pod pod;
  pod.metadata.namespace_name = "shop";
  pod.spec.dns_policy = DnsPolicy::kNone;
  pod.spec.host_network = true;
  pod.spec.dns_config = PodDnsConfig{
      {"192.0.2.9"}, {"my.example"}, {{.name = "ndots", .value = "2"}, {.name = "edns0"}}};
  const PodDns dns = PodDnsOf(pod);
  EXPECT_EQ(dns.policy, DnsPolicy::kNone);
  EXPECT_TRUE(dns.host_network);
  EXPECT_EQ(dns.namespace_name, "shop");
  EXPECT_EQ(dns.config,
            (ResolvConf{{"192.0.2.9"}, {"my.example"}, {{"ndots", "2"}, {"edns0", ""}}}));
}

TEST(DnsServices, SharesWhatIsTheSameAsBefore) {
  const auto shared = [](const std::string& name, const std::string& address) {
    return std::make_shared<const Service>(NamedService(name, address));
  };
  std::vector<std::shared_ptr<const Service>> services = {
      shared("a", "10.96.0.1"), shared("b", "10.96.0.2"), shared("db", "None"),
      shared("z", "10.96.0.4")};
  std::vector<std::shared_ptr<const EndpointSlice>> slices = {
      std::make_shared<EndpointSlice>(SliceOf("db", {EndpointAt("10.42.1.5", true)}))};
  DnsServices made;
  const auto follow = [&] {
    const DnsZone::Services next = made.Next(services, slices);
    const DnsZone::Services anew = DnsServicesOf(services, slices);
    EXPECT_TRUE(std::equal(next.begin(), next.end(), anew.begin(), anew.end(),
                           [](const auto& x, const auto& y) { return *x == *y; }));
    return next;
  };
  const DnsZone::Services first = follow();
  slices[0] = std::make_shared<EndpointSlice>(SliceOf("db", {EndpointAt("10.42.1.6", true)}));
  services[1] = shared("b", "10.96.0.9");
  const DnsZone::Services second = follow();
  EXPECT_EQ(second[0], first[0]);
  EXPECT_EQ(second[1]->address, Address("10.96.0.9"));
  EXPECT_EQ(second[2]->endpoints[0].address, Address("10.42.1.6"));
  EXPECT_EQ(second[3], first[3]);
  services.erase(services.begin());
  services.insert(services.begin() + 1, shared("c", "10.96.0.3"));
  const DnsZone::Services third = follow();
  EXPECT_EQ(third.back(), first[3]);
  services = {services.back()};
  EXPECT_EQ(follow()[0], first[3]);
}

}  // namespace
}  // namespace reconcile
