#include "api/openapi_routes.h"

#include <gtest/gtest.h>

#include "api/served_kinds.h"
#include "base/value.h"

namespace reconcile {
namespace {

Value Document(const std::string& path) {
  ApiRequest request;
  request.method = "GET";
  request.path = path;
  const auto response = HandleOpenApi(request);
  CHECK(response.has_value() && response->code == 200);
  const Result<Value> value = ParseJson(response->body);
  CHECK(value.ok());
  return *value;
}

// Collects where every "$ref" in it leads.
void CollectReferences(const Value& value, std::vector<std::string>* references) {
  if (value.IsList()) {
    for (const Value& item : value.AsList()) CollectReferences(item, references);
  }
  if (!value.IsMap()) return;
  for (const Value::Member& member : value.AsMap()) {
    if (member.key == "$ref") references->push_back(member.value.AsString());
    CollectReferences(member.value, references);
  }
}

TEST(OpenApiRoutes, EveryServedVersionHasADocumentWhoseReferencesLeadSomewhere) {
  const Value index = Document("/openapi/v3");
  const Value* paths = index.Find("paths");
  ASSERT_EQ(paths->AsMap().size(), ServedGroupVersions().size());
  for (const Value::Member& member : paths->AsMap()) {
    const std::string url = member.value.GetString("serverRelativeURL");
    EXPECT_TRUE(url.starts_with("/openapi/v3/" + member.key + "?hash=")) << url;
    const Value document = Document("/openapi/v3/" + member.key);
    const Value* schemas = document.Find("components")->Find("schemas");
    std::vector<std::string> references;
    CollectReferences(document, &references);
    EXPECT_FALSE(references.empty());
    for (const std::string& reference : references) {
      const std::string_view folder = "#/components/schemas/";
      ASSERT_TRUE(reference.starts_with(folder));
      EXPECT_NE(schemas->Find(reference.substr(folder.size())), nullptr) << reference;
    }
  }
}

TEST(OpenApiRoutes, AKindIsFoundByItsPathAndDescribedByItsTable) {
  const Value document = Document("/openapi/v3/apis/apps/v1");
  const Value* path =
      document.Find("paths")->Find("/apis/apps/v1/namespaces/{namespace}/deployments/{name}");
  ASSERT_NE(path, nullptr);
  const Value* get = path->Find("get");
  EXPECT_EQ(get->Find("x-kubernetes-group-version-kind")->GetString("kind"), "Deployment");
  const Value* schemas = document.Find("components")->Find("schemas");
  const Value* deployment = schemas->Find("dev.reconcile.Deployment");
  ASSERT_NE(deployment, nullptr);
  EXPECT_EQ(WriteJson(*deployment->Find("x-kubernetes-group-version-kind")),
            R"([{"group":"apps","version":"v1","kind":"Deployment"}])");
  EXPECT_NE(deployment->Find("properties")->Find("apiVersion"), nullptr);
  const Value* spec = schemas->Find("dev.reconcile.DeploymentSpec");
  ASSERT_NE(spec, nullptr);
  EXPECT_EQ(spec->Find("properties")->Find("replicas")->GetString("type"), "integer");
  const Value* pod = schemas->Find("dev.reconcile.PodSpec");
  ASSERT_NE(pod, nullptr);
  EXPECT_EQ(pod->Find("properties")->Find("containers")->GetString("type"), "array");
  const Value* metadata = schemas->Find("dev.reconcile.ObjectMeta");
  ASSERT_NE(metadata, nullptr);
  EXPECT_EQ(metadata->Find("properties")->Find("origin"), nullptr) << "internal";
}

TEST(OpenApiRoutes, OtherPathsAreNotTheirs) {
  ApiRequest request;
  request.method = "GET";
  request.path = "/openapi/v4";
  EXPECT_FALSE(HandleOpenApi(request).has_value());
  request.path = "/openapi/v3/apis/none/v1";
  EXPECT_EQ(HandleOpenApi(request)->code, 404);
}

TEST(OpenApiRoutes, VersionTwoIsThereForClientsThatReadItFirst) {
  ApiRequest request;
  request.method = "GET";
  request.path = "/openapi/v2";
  EXPECT_EQ(ParseJson(HandleOpenApi(request)->body)->GetString("swagger"), "2.0");
  request.accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
  const ApiResponse response = *HandleOpenApi(request);
  EXPECT_TRUE(response.content_type.ends_with("+protobuf"));
  EXPECT_TRUE(
      response.body.starts_with("\x0a\x03"
                                "2.0\x12"));
  request.accept = "application/yaml";
  EXPECT_EQ(HandleOpenApi(request)->code, 406);
}

}  // namespace
}  // namespace reconcile
