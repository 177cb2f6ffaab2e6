#include "agent/service_links.h"

#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

class ServiceLinksTest : public StepTest {
 protected:
  void AddService(const std::string& name, const std::string& address,
                  const std::string& where = "default") {
    auto service = std::make_shared<Service>();
    service->metadata.name = name;
    service->metadata.namespace_name = where;
    service->spec.cluster_ip = address;
    service->spec.ports = {{.name = "http", .port = 80},
                           {.name = "dns-udp", .protocol = Protocol::kUdp, .port = 53}};
    services_.push_back(service);
    assignment.services = services_;
  }
  EnvList Links() { return ServiceLinksFor(assignment, *pod).variables; }
  Result<ResolvedEnv> Resolve(const Container& container) {
    return ResolveEnv({assignment, *pod, "host-1", "192.0.2.1", "10.42.3.2"}, container);
  }
  static std::string ValueOf(const EnvList& variables, const std::string& name) {
    std::string value = "(none)";
    for (const auto& [key, text] : variables) {
      if (key == name) value = text;
    }
    return value;
  }

  std::shared_ptr<Pod> pod = MakePod();

 private:
  std::vector<std::shared_ptr<const Service>> services_;
};

TEST_F(ServiceLinksTest, Semantics_11_7_AServiceOfTheNamespaceIsNamedAsInKubernetes) {
  AddService("web-api", "10.96.0.7");
  AddService("elsewhere", "10.96.0.8", "shop");
  AddService("headless", std::string(kHeadlessIp));
  AddService("pending", "");
  EXPECT_EQ(Links(), (EnvList{{"WEB_API_SERVICE_HOST", "10.96.0.7"},
                              {"WEB_API_SERVICE_PORT", "80"},
                              {"WEB_API_SERVICE_PORT_HTTP", "80"},
                              {"WEB_API_SERVICE_PORT_DNS_UDP", "53"},
                              {"WEB_API_PORT", "tcp://10.96.0.7:80"},
                              {"WEB_API_PORT_80_TCP", "tcp://10.96.0.7:80"},
                              {"WEB_API_PORT_80_TCP_PROTO", "tcp"},
                              {"WEB_API_PORT_80_TCP_PORT", "80"},
                              {"WEB_API_PORT_80_TCP_ADDR", "10.96.0.7"},
                              {"WEB_API_PORT_53_UDP", "udp://10.96.0.7:53"},
                              {"WEB_API_PORT_53_UDP_PROTO", "udp"},
                              {"WEB_API_PORT_53_UDP_PORT", "53"},
                              {"WEB_API_PORT_53_UDP_ADDR", "10.96.0.7"}}));
}

TEST_F(ServiceLinksTest, WhoWantsNoneHasThatOfTheApiAlone) {
  AddService("web", "10.96.0.7");
  pod->spec.others.Set("enableServiceLinks", Value::Bool(false));
  EXPECT_TRUE(Links().empty());
  AddService("kubernetes", "10.96.0.1");
  EXPECT_EQ(ValueOf(Links(), "KUBERNETES_SERVICE_HOST"), "10.96.0.1");
  EXPECT_EQ(ValueOf(Links(), "WEB_SERVICE_HOST"), "(none)");
  pod->metadata.namespace_name = "shop";
  EXPECT_EQ(ValueOf(Links(), "KUBERNETES_SERVICE_HOST"), "10.96.0.1");
}

TEST_F(ServiceLinksTest, WhatIsWrittenWinsAndMayReferToThem) {
  AddService("web", "10.96.0.7");
  Container container = MakeContainer("app");
  container.env = {{.name = "WEB_SERVICE_PORT", .value = "8080"},
                   {.name = "URL", .value = "http://$(WEB_SERVICE_HOST):$(WEB_SERVICE_PORT)/"}};
  const Result<ResolvedEnv> env = Resolve(container);
  ASSERT_TRUE(env.ok());
  EXPECT_EQ(ValueOf(env->variables, "URL"), "http://10.96.0.7:8080/");
  EXPECT_EQ(ValueOf(env->variables, "WEB_SERVICE_PORT"), "8080");
  EXPECT_EQ(ValueOf(env->variables, "WEB_PORT"), "tcp://10.96.0.7:80");
}

TEST_F(ServiceLinksTest, NoMoreThanAProgramCanBeGiven) {
  for (int i = 0; i < 1'000; ++i) {
    AddService("service-" + std::to_string(i), "10.96.100.100");
  }
  const ServiceLinks links = ServiceLinksFor(assignment, *pod);
  size_t bytes = 0;
  for (const auto& [name, value] : links.variables) bytes += name.size() + value.size() + 2;
  EXPECT_LE(bytes, kMaxServiceLinkBytes);
  EXPECT_GT(links.left_out, 0U);
  const Result<ResolvedEnv> env = Resolve(MakeContainer("app"));
  ASSERT_TRUE(env.ok());
  EXPECT_EQ(env->links_left_out, links.left_out);
}

}  // namespace
}  // namespace reconcile
