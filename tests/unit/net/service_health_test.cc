#include "net/service_health.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

std::shared_ptr<Service> AskedService(const std::string& name, int32_t port) {
  auto service = std::make_shared<Service>();
  service->metadata.name = name;
  service->metadata.namespace_name = "shop";
  service->spec.type = ServiceType::kLoadBalancer;
  service->spec.external_traffic_policy = TrafficPolicy::kLocal;
  service->spec.health_check_node_port = port;
  service->spec.ports.push_back({.name = "http", .port = 80, .target_port = {}, .others = {}});
  return service;
}

Endpoint EndpointOn(const std::string& node, const std::string& address) {
  Endpoint endpoint;
  endpoint.addresses = {address};
  endpoint.node_name = node;
  return endpoint;
}

std::shared_ptr<EndpointSlice> SliceOf(const std::string& service, const std::string& port,
                                       std::vector<Endpoint> endpoints) {
  auto slice = std::make_shared<EndpointSlice>();
  slice->metadata.namespace_name = "shop";
  slice->metadata.labels = {{kServiceNameLabel, service}};
  slice->ports.push_back({.name = port, .port = 8080, .others = {}});
  slice->endpoints = std::move(endpoints);
  return slice;
}

NetworkState StateOf(std::vector<std::shared_ptr<const Service>> services,
                     std::vector<std::shared_ptr<const EndpointSlice>> slices) {
  auto cluster = std::make_shared<ClusterNetwork>();
  cluster->services = std::move(services);
  cluster->endpoint_slices = std::move(slices);
  return {"host-1", cluster, {}};
}

TEST(ServiceHealths, CountsReadyEndpointsOfThisHostByAddress) {
  Endpoint going = EndpointOn("host-1", "10.42.0.5");
  going.conditions.terminating = true;
  going.conditions.serving = true;
  Endpoint unready = EndpointOn("host-1", "10.42.0.6");
  unready.conditions.ready = false;
  const auto first = SliceOf("web", "http",
                             {EndpointOn("host-1", "10.42.0.2"), EndpointOn("host-2", "10.42.1.2"),
                              EndpointOn("host-1", "10.42.0.3"), going, unready});
  const auto again = SliceOf("web", "http", {EndpointOn("host-1", "10.42.0.2")});
  const auto of_other_port = SliceOf("web", "metrics", {EndpointOn("host-1", "10.42.0.7")});
  const auto of_other = SliceOf("api", "http", {EndpointOn("host-1", "10.42.0.8")});
  const auto state = StateOf({AskedService("web", 30100)}, {first, again, of_other_port, of_other});
  const std::map<uint16_t, ServiceHealth> expected = {{30100, {"shop", "web", 2}}};
  EXPECT_EQ(ServiceHealthsOf(state), expected);
}

TEST(ServiceHealths, CountsUnreadyOnesThatArePublished) {
  const auto service = AskedService("web", 30100);
  service->spec.publish_not_ready_addresses = true;
  Endpoint unready = EndpointOn("host-1", "10.42.0.6");
  unready.conditions.ready = false;
  const auto healths = ServiceHealthsOf(StateOf({service}, {SliceOf("web", "http", {unready})}));
  EXPECT_EQ(healths.at(30100).local_endpoints, 1);
}

TEST(ServiceHealths, AreOfBalancedServicesOfPolicyLocalAlone) {
  const auto of_cluster = AskedService("a", 30101);
  of_cluster->spec.external_traffic_policy = TrafficPolicy::kCluster;
  const auto of_node_port = AskedService("b", 30102);
  of_node_port->spec.type = ServiceType::kNodePort;
  const auto without = AskedService("c", 0);
  EXPECT_TRUE(ServiceHealthsOf(StateOf({of_cluster, of_node_port, without}, {})).empty());
  // Nothing is behind it, and whoever asks is to hear that.
  const std::map<uint16_t, ServiceHealth> none = {{30103, {"shop", "d", 0}}};
  EXPECT_EQ(ServiceHealthsOf(StateOf({AskedService("d", 30103)}, {})), none);
}

TEST(AnswerHealth, SaysWhatKubeProxySays) {
  EXPECT_EQ(AnswerHealth("GET /healthz HTTP/1.1\r\n\r\n", {"shop", "web", 2}, true),
            "HTTP/1.1 200 OK\r\n"
            "Content-Type: application/json\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "X-Load-Balancing-Endpoint-Weight: 2\r\n"
            "Content-Length: 111\r\n"
            "Connection: close\r\n\r\n"
            "{\n\t\"service\": {\n\t\t\"namespace\": \"shop\",\n\t\t\"name\": \"web\"\n\t},\n"
            "\t\"localEndpoints\": 2,\n\t\"serviceProxyHealthy\": true\n}");
}

TEST(AnswerHealth, IsUnavailableWithoutEndpointsAndWithRulesThatDoNotFollow) {
  const std::string none = AnswerHealth("GET / HTTP/1.0\r\n\r\n", {"shop", "web", 0}, true);
  EXPECT_TRUE(none.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << none;
  EXPECT_NE(none.find("Weight: 0\r\n"), std::string::npos) << none;
  const std::string behind = AnswerHealth("GET / HTTP/1.1\r\n\r\n", {"shop", "web", 3}, false);
  EXPECT_TRUE(behind.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << behind;
  EXPECT_NE(behind.find("\"serviceProxyHealthy\": false"), std::string::npos) << behind;
}

TEST(AnswerHealth, HasNoBodyForHeadAndNothingForWhatIsNoRequest) {
  const std::string head = AnswerHealth("HEAD / HTTP/1.1\r\n\r\n", {"shop", "web", 1}, true);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
  EXPECT_TRUE(AnswerHealth("hello\r\n\r\n", {"shop", "web", 1}, true)
                  .starts_with("HTTP/1.1 400 Bad Request\r\n"));
}

}  // namespace
}  // namespace reconcile
