#include "api/openapi_routes.h"

#include <gtest/gtest.h>

#include "api/protobuf_reader.h"
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
  for (const char* field : {"apiVersion", "kind"}) {
    const Value* shown = deployment->Find("properties")->Find(field);
    ASSERT_NE(shown, nullptr);
    EXPECT_EQ(shown->GetString("type"), "string") << "as `kubectl explain` has it";
  }
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

constexpr std::string_view kProtobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

ApiResponse VersionTwo(std::string_view accept) {
  ApiRequest request;
  request.method = "GET";
  request.path = "/openapi/v2";
  request.accept = accept;
  return *HandleOpenApi(request);
}

TEST(OpenApiRoutes, VersionTwoDescribesEveryKindInOneDocument) {
  const Value document = *ParseJson(VersionTwo("").body);
  EXPECT_EQ(document.GetString("swagger"), "2.0");
  const Value* definitions = document.Find("definitions");
  ASSERT_NE(definitions, nullptr);
  std::vector<std::string> references;
  CollectReferences(document, &references);
  const std::string_view folder = "#/definitions/";
  for (const std::string& reference : references) {
    ASSERT_TRUE(reference.starts_with(folder)) << reference;
    EXPECT_NE(definitions->Find(reference.substr(folder.size())), nullptr) << reference;
  }
  size_t kinds = 0;
  for (const Value::Member& member : definitions->AsMap()) {
    kinds += member.value.Find("x-kubernetes-group-version-kind") == nullptr ? 0 : 1;
  }
  EXPECT_EQ(kinds, kAllKinds.size());
  const Value* update = definitions->Find("dev.reconcile.RollingUpdateDeployment");
  ASSERT_NE(update, nullptr);
  EXPECT_EQ(update->Find("properties")->Find("maxSurge")->GetString("$ref"),
            "#/definitions/dev.reconcile.IntOrString");
}

// The value of the last element called `name` in a list of named things, field `number` of a
// message.
std::string_view NamedField(std::string_view message, uint64_t number, std::string_view name) {
  ProtobufReader reader(message);
  std::string_view found;
  while (reader.Next()) {
    if (reader.field() == number && ProtobufField(reader.bytes(), 1) == name) {
      found = *ProtobufField(reader.bytes(), 2);
    }
  }
  EXPECT_TRUE(reader.ok());
  return found;
}

TEST(OpenApiRoutes, TheProtobufOfVersionTwoSaysWhatTheJsonDoes) {
  const ApiResponse response = VersionTwo(kProtobuf);
  EXPECT_TRUE(response.content_type.ends_with("+protobuf"));
  EXPECT_EQ(ProtobufField(response.body, 1), "2.0");
  const std::string_view definitions = *ProtobufField(response.body, 9);
  const std::string_view pod = NamedField(definitions, 1, "dev.reconcile.Pod");
  EXPECT_EQ(ProtobufField(*ProtobufField(pod, 22), 1), "object");
  const std::string_view kinds = NamedField(pod, 31, "x-kubernetes-group-version-kind");
  EXPECT_EQ(ProtobufField(kinds, 2), R"([{"group":"","version":"v1","kind":"Pod"}])");
  const std::string_view pod_spec = NamedField(definitions, 1, "dev.reconcile.PodSpec");
  const std::string_view containers = NamedField(*ProtobufField(pod_spec, 25), 1, "containers");
  EXPECT_EQ(ProtobufField(*ProtobufField(containers, 22), 1), "array");
  EXPECT_EQ(ProtobufField(*ProtobufField(*ProtobufField(containers, 23), 1), 1),
            "#/definitions/dev.reconcile.Container");
  EXPECT_EQ(ProtobufField(containers, 4), "The containers of the pod; they share its network.");

  const std::string_view paths = *ProtobufField(response.body, 8);
  const std::string_view item =
      NamedField(paths, 2, "/apis/apps/v1/namespaces/{namespace}/deployments/{name}");
  const std::string_view patch = *ProtobufField(item, 8);
  EXPECT_NE(patch.find("dryRun"), std::string_view::npos);
  const std::string_view identity = NamedField(patch, 13, "x-kubernetes-group-version-kind");
  EXPECT_EQ(ProtobufField(identity, 2), R"({"group":"apps","version":"v1","kind":"Deployment"})");
}

TEST(OpenApiRoutes, TheClientChoosesTheFormOfVersionTwo) {
  EXPECT_EQ(VersionTwo("application/json, " + std::string(kProtobuf)).content_type,
            "application/json");
  EXPECT_EQ(VersionTwo("application/yaml").code, 406);
}

TEST(OpenApiRoutes, AFieldThatIsRefusedIsDescribedAndMayHoldAnything) {
  const Value document = *ParseJson(VersionTwo("").body);
  const Value* container = document.Find("definitions")->Find("dev.reconcile.Container");
  ASSERT_NE(container, nullptr);
  const Value* property = container->Find("properties")->Find("restartPolicyRules");
  ASSERT_NE(property, nullptr);
  EXPECT_EQ(property->Find("type"), nullptr);
  EXPECT_TRUE(property->GetString("description").starts_with("Not supported in manifests"));
}

}  // namespace
}  // namespace reconcile
