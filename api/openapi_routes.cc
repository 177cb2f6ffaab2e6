#include "api/openapi_routes.h"

#include "api/media_type.h"
#include "api/openapi_schemas.h"
#include "api/refusal.h"
#include "api/served_kinds.h"
#include "base/digest.h"
#include "base/version.h"

namespace reconcile {
namespace {

constexpr std::string_view kRoot = "/openapi/v3";

// "api/v1", "apis/apps/v1"
std::string FolderOf(const GroupVersion& version) {
  return (version.group.empty() ? "api/" : "apis/") + ToString(version);
}

Value OperationOf(Kind kind, std::string_view action, const std::string& schema) {
  const GroupVersion version = GroupVersionOf(kind);
  Value identity = Value::MakeMap();
  identity.Set("group", Value::String(std::string(version.group)));
  identity.Set("version", Value::String(std::string(version.version)));
  identity.Set("kind", Value::String(std::string(InfoOf(kind).name)));
  Value operation = Value::MakeMap();
  operation.Set("x-kubernetes-action", Value::String(std::string(action)));
  operation.Set("x-kubernetes-group-version-kind", std::move(identity));
  Value response = Value::MakeMap();
  response.Set("description", Value::String("OK"));
  if (!schema.empty()) {
    Value reference = Value::MakeMap();
    reference.Set("$ref", Value::String("#/components/schemas/" + schema));
    Value media = Value::MakeMap();
    media.Set("schema", std::move(reference));
    Value content = Value::MakeMap();
    content.Set("application/json", std::move(media));
    response.Set("content", std::move(content));
  }
  Value responses = Value::MakeMap();
  responses.Set("200", std::move(response));
  operation.Set("responses", std::move(responses));
  Value item = Value::MakeMap();
  item.Set("get", std::move(operation));
  return item;
}

void AddPaths(Kind kind, const std::string& schema, Value* paths) {
  const KindInfo& info = InfoOf(kind);
  const std::string folder = "/" + FolderOf(GroupVersionOf(kind)) + "/";
  const std::string plural(info.plural);
  const std::string place = folder + (info.namespaced ? "namespaces/{namespace}/" : "") + plural;
  paths->Set(folder + plural, OperationOf(kind, "list", ""));
  if (info.namespaced) paths->Set(place, OperationOf(kind, "list", ""));
  paths->Set(place + "/{name}", OperationOf(kind, "get", schema));
}

std::string WriteDocument(const GroupVersion& version) {
  OpenApiSchemas schemas;
  Value paths = Value::MakeMap();
  for (const Kind kind : kAllKinds) {
    if (GroupVersionOf(kind) == version) AddPaths(kind, schemas.AddKind(kind), &paths);
  }
  Value info = Value::MakeMap();
  info.Set("title", Value::String("reconcile"));
  info.Set("version", Value::String(std::string(kVersion)));
  Value components = Value::MakeMap();
  components.Set("schemas", schemas.Take());
  Value document = Value::MakeMap();
  document.Set("openapi", Value::String("3.0.0"));
  document.Set("info", std::move(info));
  document.Set("paths", std::move(paths));
  document.Set("components", std::move(components));
  return WriteJson(document);
}

// By folder; the tables never change.
const std::map<std::string, std::string>& Documents() {
  static const std::map<std::string, std::string> kDocuments = [] {
    std::map<std::string, std::string> documents;
    for (const GroupVersion& version : ServedGroupVersions()) {
      documents[FolderOf(version)] = WriteDocument(version);
    }
    return documents;
  }();
  return kDocuments;
}

// Clients keep documents by their hash.
std::string WriteIndex() {
  Value paths = Value::MakeMap();
  for (const auto& [folder, document] : Documents()) {
    Value entry = Value::MakeMap();
    entry.Set("serverRelativeURL", Value::String(std::string(kRoot) + "/" + folder +
                                                 "?hash=" + ToHex(Sha256(document))));
    paths.Set(folder, std::move(entry));
  }
  Value index = Value::MakeMap();
  index.Set("paths", std::move(paths));
  return WriteJson(index);
}

// ---- Version 2, which kubectl up to 1.28 reads before it asks for version 3: without kinds ----

// A protobuf field of bytes; number and length are small.
std::string WrittenField(int number, const std::string& bytes) {
  std::string field;
  field += static_cast<char>(number << 3 | 2);
  field += static_cast<char>(bytes.size());
  return field + bytes;
}

// openapi.v2.Document: swagger, info{title, version}, paths.
std::string EmptyProtobufDocument() {
  return WrittenField(1, "2.0") +
         WrittenField(2, WrittenField(1, "reconcile") + WrittenField(2, std::string(kVersion))) +
         WrittenField(8, "");
}

ApiResponse VersionTwo(const std::string& accept) {
  constexpr std::string_view kSpec = "application/com.github.proto-openapi.spec.v2";
  ApiResponse response;
  for (const MediaRange& range : ParseAccept(accept)) {
    if (range.type == std::string(kSpec) + "@v1.0+protobuf" ||
        range.type == std::string(kSpec) + ".v1.0+protobuf") {
      response.content_type = std::string(kSpec) + ".v1.0+protobuf";
      response.body = EmptyProtobufDocument();
      return response;
    }
  }
  if (!AcceptsJson(accept)) return RefusalResponse(NotAcceptable());
  response.body = R"({"swagger":"2.0","info":{"title":"reconcile","version":")" +
                  std::string(kVersion) + R"("},"paths":{}})";
  return response;
}

}  // namespace

std::optional<ApiResponse> HandleOpenApi(const ApiRequest& request) {
  if (request.path == "/openapi/v2" && request.method == "GET") return VersionTwo(request.accept);
  const bool is_root = request.path == kRoot;
  if (!is_root && !request.path.starts_with(std::string(kRoot) + "/")) return std::nullopt;
  if (request.method != "GET") return RefusalResponse(MethodNotAllowed());
  if (!AcceptsJson(request.accept)) return RefusalResponse(NotAcceptable());
  ApiResponse response;
  if (is_root) {
    response.body = WriteIndex();
    return response;
  }
  const auto document = Documents().find(request.path.substr(kRoot.size() + 1));
  if (document == Documents().end()) return RefusalResponse(UnknownPath());
  response.body = document->second;
  return response;
}

}  // namespace reconcile
