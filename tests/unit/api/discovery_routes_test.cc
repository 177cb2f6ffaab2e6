#include "api/discovery_routes.h"

#include <gtest/gtest.h>

#include "api/health_routes.h"
#include "api/media_type.h"
#include "base/value.h"

namespace reconcile {
namespace {

constexpr char kAggregated[] =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

std::optional<ApiResponse> Discover(const std::string& path, const std::string& accept = "") {
  ApiRequest request;
  request.method = "GET";
  request.path = path;
  request.accept = accept;
  return HandleDiscovery(request);
}

Value Parsed(const ApiResponse& response) {
  const Result<Value> value = ParseJson(response.body);
  CHECK(value.ok());
  return *value;
}

const Value* FindNamed(const Value::List& list, std::string_view key, std::string_view name) {
  for (const Value& item : list) {
    if (item.GetString(key) == name) return &item;
  }
  return nullptr;
}

TEST(DiscoveryRoutes, NamesGroupsAndTheirKinds) {
  EXPECT_EQ(Parsed(*Discover("/api")).GetList("versions").at(0).AsString(), "v1");
  const Value groups = Parsed(*Discover("/apis"));
  EXPECT_EQ(groups.GetString("kind"), "APIGroupList");
  const Value* apps = FindNamed(groups.GetList("groups"), "name", "apps");
  ASSERT_NE(apps, nullptr);
  EXPECT_EQ(apps->Find("preferredVersion")->GetString("groupVersion"), "apps/v1");
  EXPECT_EQ(Parsed(*Discover("/apis/apps")).GetString("kind"), "APIGroup");

  const Value list = Parsed(*Discover("/apis/apps/v1"));
  EXPECT_EQ(list.GetString("groupVersion"), "apps/v1");
  const Value* deployments = FindNamed(list.GetList("resources"), "name", "deployments");
  ASSERT_NE(deployments, nullptr);
  EXPECT_EQ(
      WriteJson(*deployments),
      R"({"name":"deployments","singularName":"deployment","namespaced":true,)"
      R"("kind":"Deployment","verbs":["get","list","watch","create","delete","patch","update"],"shortNames":["deploy"],)"
      R"("categories":["all"]})");
  const Value core = Parsed(*Discover("/api/v1"));
  EXPECT_FALSE(FindNamed(core.GetList("resources"), "name", "nodes")->GetBool("namespaced"));
  const Value* log = FindNamed(core.GetList("resources"), "name", "pods/log");
  ASSERT_NE(log, nullptr);
  EXPECT_EQ(WriteJson(*log->Find("verbs")), R"(["get"])");
  // `kubectl drain` and `kubectl scale` look for these words.
  EXPECT_EQ(WriteJson(*FindNamed(core.GetList("resources"), "name", "pods/eviction")),
            R"({"name":"pods/eviction","singularName":"","namespaced":true,"kind":"Eviction",)"
            R"("verbs":["create"],"group":"policy","version":"v1"})");
  EXPECT_EQ(FindNamed(list.GetList("resources"), "name", "deployments/scale")->GetString("kind"),
            "Scale");
  EXPECT_EQ(WriteJson(*FindNamed(core.GetList("resources"), "name", "events")->Find("verbs")),
            R"(["get","list","watch"])");
}

TEST(DiscoveryRoutes, HasMetricsThoughTheyAreNoKinds) {
  const Value list = Parsed(*Discover("/apis/metrics.k8s.io/v1beta1"));
  const Value* pods = FindNamed(list.GetList("resources"), "name", "pods");
  ASSERT_NE(pods, nullptr);
  EXPECT_EQ(WriteJson(*pods),
            R"({"name":"pods","singularName":"","namespaced":true,"kind":"PodMetrics",)"
            R"("verbs":["get","list"]})");
  EXPECT_EQ(Parsed(*Discover("/apis/metrics.k8s.io")).GetString("kind"), "APIGroup");
  const Value document = Parsed(*Discover("/apis", kAggregated));
  const Value& last = document.GetList("items").back();
  EXPECT_EQ(last.Find("metadata")->GetString("name"), "metrics.k8s.io");
  EXPECT_EQ(last.GetList("versions").at(0).GetList("resources").size(), 2U);
}

TEST(DiscoveryRoutes, AggregatesForClientsThatAskForIt) {
  const ApiResponse response = *Discover("/apis", kAggregated);
  EXPECT_EQ(response.content_type,
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  const Value document = Parsed(response);
  EXPECT_EQ(document.GetString("apiVersion"), "apidiscovery.k8s.io/v2");
  for (const Value& group : document.GetList("items")) {
    EXPECT_NE(group.Find("metadata")->GetString("name"), "");
  }
  const Value core = Parsed(*Discover("/api", kAggregated));
  ASSERT_EQ(core.GetList("items").size(), 1U);
  const Value& version = core.GetList("items")[0].GetList("versions").at(0);
  const Value* pods = FindNamed(version.GetList("resources"), "resource", "pods");
  ASSERT_NE(pods, nullptr);
  EXPECT_EQ(pods->GetString("scope"), "Namespaced");
  EXPECT_EQ(pods->Find("responseKind")->GetString("kind"), "Pod");
  const Value& eviction = pods->GetList("subresources").at(0);
  EXPECT_EQ(WriteJson(*eviction.Find("responseKind")),
            R"({"group":"policy","version":"v1","kind":"Eviction"})");
  EXPECT_EQ(pods->GetList("subresources").at(1).GetString("subresource"), "log");
  const ApiResponse older = *Discover(
      "/api", "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList");
  EXPECT_EQ(Parsed(older).GetString("apiVersion"), "apidiscovery.k8s.io/v2beta1");
}

TEST(DiscoveryRoutes, SayWhatIsNotServed) {
  EXPECT_EQ(Discover("/apis/none")->code, 404);
  EXPECT_EQ(Discover("/apis/apps/v2")->code, 404);
  EXPECT_EQ(Discover("/api/v2")->code, 404);
  EXPECT_EQ(Discover("/apis/apps/v1", "application/yaml")->code, 406);
  EXPECT_EQ(Discover("/apis", "application/yaml")->code, 406);
  EXPECT_FALSE(Discover("/apis/apps/v1/deployments").has_value());
  EXPECT_FALSE(Discover("/openapi/v3").has_value());
  ApiRequest post;
  post.method = "POST";
  post.path = "/apis";
  EXPECT_EQ(HandleDiscovery(post)->code, 405);
}

TEST(MediaTypes, AreChosenAsTheClientLikesThem) {
  const std::string kubectl =
      "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;"
      "g=meta.k8s.io,application/json";
  EXPECT_EQ(ChooseObjectShape(kubectl), ObjectShape::kTableV1);
  EXPECT_EQ(ChooseObjectShape("application/json;as=Table;v=v1beta1;g=meta.k8s.io"),
            ObjectShape::kTableV1Beta1);
  EXPECT_EQ(ChooseObjectShape("application/vnd.kubernetes.protobuf,application/json"),
            ObjectShape::kJson);
  EXPECT_EQ(ChooseObjectShape("application/json;stream=watch"), ObjectShape::kJson);
  EXPECT_EQ(ChooseObjectShape(""), ObjectShape::kJson);
  EXPECT_EQ(ChooseObjectShape("text/html, */*;q=0.8"), ObjectShape::kJson);
  EXPECT_EQ(ChooseObjectShape("application/json;q=0.1,application/json;as=Table;v=v1;"
                              "g=meta.k8s.io;q=0.5"),
            ObjectShape::kTableV1);
  for (const char* refused : {"application/vnd.kubernetes.protobuf", "application/json;q=0", ";,;",
                              "application/json;as=Table;v=v2;g=meta.k8s.io"}) {
    EXPECT_EQ(ChooseObjectShape(refused), std::nullopt) << refused;
  }
}

TEST(HealthRoutes, NameTheChecks) {
  std::vector<HealthCheck> checks = {{.name = "ping", .for_life = true}, {.name = "store"}};
  const auto ask = [&](const std::string& path, const std::map<std::string, std::string>& query) {
    ApiRequest request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    return HandleHealth(request, [&] { return checks; });
  };
  EXPECT_EQ(ask("/readyz", {})->body, "ok");
  EXPECT_EQ(ask("/readyz", {{"verbose", ""}})->body,
            "[+]ping ok\n[+]store ok\nreadyz check passed\n");
  checks[1].why_not = "it refuses to write";
  EXPECT_EQ(ask("/readyz", {})->code, 500);
  EXPECT_EQ(ask("/readyz", {})->body,
            "[+]ping ok\n[-]store failed: it refuses to write\nreadyz check failed\n");
  EXPECT_EQ(ask("/readyz", {{"exclude", "store"}})->code, 200);
  EXPECT_EQ(ask("/readyz/store", {})->code, 500);
  EXPECT_EQ(ask("/readyz/ping", {})->code, 200);
  EXPECT_EQ(ask("/readyz/none", {})->code, 404);
  EXPECT_EQ(ask("/livez", {{"verbose", ""}})->body, "[+]ping ok\nlivez check passed\n");
  EXPECT_EQ(ask("/healthz", {})->body, "ok");
  EXPECT_FALSE(ask("/readyzz", {}).has_value());
}

}  // namespace
}  // namespace reconcile
