#include "cmd/forward_target.h"

namespace reconcile {
namespace {

TEST(ForwardTarget, PortsAreAsKubectlHasThem) {
  EXPECT_EQ(*ParseForwardedPort("8080:80"), (ForwardedPort{8080, "80"}));
  EXPECT_EQ(*ParseForwardedPort("80"), (ForwardedPort{80, "80"}));
  EXPECT_EQ(*ParseForwardedPort(":80"), (ForwardedPort{0, "80"}));
  EXPECT_EQ(*ParseForwardedPort("8080:http"), (ForwardedPort{8080, "http"}));
  for (const char* bad : {"", ":", "8080:", "x:80", "70000:80", "1:2:3"}) {
    EXPECT_FALSE(ParseForwardedPort(bad).ok()) << bad;
  }
}

TEST(ForwardTarget, TargetsAreAsKubectlHasThem) {
  EXPECT_EQ(*ParseForwardTarget("web-1"), (ForwardTarget{"pods", "", "web-1"}));
  EXPECT_EQ(*ParseForwardTarget("pod/web-1"), (ForwardTarget{"pods", "", "web-1"}));
  EXPECT_EQ(*ParseForwardTarget("svc/web"), (ForwardTarget{"services", "", "web"}));
  EXPECT_EQ(*ParseForwardTarget("deployment/web"), (ForwardTarget{"deployments", "apps", "web"}));
  for (const char* bad : {"", "gadget/web", "svc/", "/web"}) {
    EXPECT_FALSE(ParseForwardTarget(bad).ok()) << bad;
  }
}

TEST(ForwardTarget, SelectsByLabels) {
  const Value service = *ParseJson(R"({"spec":{"selector":{"app":"web","tier":"x"}}})");
  EXPECT_EQ(*PodSelectorOf({"services", "", "web"}, service), "app=web,tier=x");
  const Value deployment = *ParseJson(R"({"spec":{"selector":{"matchLabels":{"app":"web"}}}})");
  EXPECT_EQ(*PodSelectorOf({"deployments", "apps", "web"}, deployment), "app=web");
  EXPECT_FALSE(PodSelectorOf({"services", "", "web"}, *ParseJson(R"({"spec":{}})")).ok());
  const Value expressions = *ParseJson(
      R"({"spec":{"selector":{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"x"}]}}})");
  EXPECT_FALSE(PodSelectorOf({"deployments", "apps", "web"}, expressions).ok());
}

TEST(ForwardTarget, AServicesPortLeadsToItsTarget) {
  const Value pod =
      *ParseJson(R"({"spec":{"containers":[{"ports":[{"name":"http","containerPort":8080}]}]}})");
  const Value service = *ParseJson(
      R"({"spec":{"ports":[{"name":"web","port":80,"targetPort":"http"},{"port":81,"targetPort":9},{"port":82}]}})");
  EXPECT_EQ(*PortIn(pod, nullptr, "80"), 80);
  EXPECT_EQ(*PortIn(pod, nullptr, "http"), 8080);
  EXPECT_FALSE(PortIn(pod, nullptr, "other").ok());
  EXPECT_EQ(*PortIn(pod, &service, "80"), 8080);
  EXPECT_EQ(*PortIn(pod, &service, "web"), 8080);
  EXPECT_EQ(*PortIn(pod, &service, "81"), 9);
  EXPECT_EQ(*PortIn(pod, &service, "82"), 82);
  EXPECT_FALSE(PortIn(pod, &service, "8080").ok());
}

}  // namespace
}  // namespace reconcile
