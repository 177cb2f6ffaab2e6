#include "api/openapi_routes.h"

#include "api/media_type.h"
#include "api/openapi_protobuf.h"
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

Value OperationOf(Kind kind, std::string_view action) {
  const GroupVersion version = GroupVersionOf(kind);
  Value identity = Value::MakeMap();
  identity.Set("group", Value::String(std::string(version.group)));
  identity.Set("version", Value::String(std::string(version.version)));
  identity.Set("kind", Value::String(std::string(InfoOf(kind).name)));
  Value operation = Value::MakeMap();
  operation.Set("x-kubernetes-action", Value::String(std::string(action)));
  operation.Set("x-kubernetes-group-version-kind", std::move(identity));
  return operation;
}

// What a GET answers; `schema` may be null.
Value ResponsesOf(OpenApiVersion version, Value schema) {
  Value response = Value::MakeMap();
  response.Set("description", Value::String("OK"));
  if (version == OpenApiVersion::kTwo && !schema.IsNull()) {
    response.Set("schema", std::move(schema));
  } else if (!schema.IsNull()) {
    Value media = Value::MakeMap();
    media.Set("schema", std::move(schema));
    Value content = Value::MakeMap();
    content.Set("application/json", std::move(media));
    response.Set("content", std::move(content));
  }
  Value responses = Value::MakeMap();
  responses.Set("200", std::move(response));
  return responses;
}

// Clients look here for whether the server checks what it is sent, and tries it without doing it.
Value WriteParameters(OpenApiVersion version) {
  Value parameters = Value::MakeList();
  for (const std::string_view name : {"dryRun", "fieldValidation"}) {
    Value type = Value::MakeMap();
    type.Set("type", Value::String("string"));
    Value parameter = version == OpenApiVersion::kTwo ? type : Value::MakeMap();
    if (version == OpenApiVersion::kThree) parameter.Set("schema", std::move(type));
    parameter.Set("in", Value::String("query"));
    parameter.Set("name", Value::String(std::string(name)));
    parameters.Append(std::move(parameter));
  }
  return parameters;
}

void AddPaths(Kind kind, OpenApiVersion version, const Value& schema, Value* paths) {
  const KindInfo& info = InfoOf(kind);
  const std::string folder = "/" + FolderOf(GroupVersionOf(kind)) + "/";
  const std::string plural(info.plural);
  const std::string place = folder + (info.namespaced ? "namespaces/{namespace}/" : "") + plural;
  Value list = OperationOf(kind, "list");
  list.Set("responses", ResponsesOf(version, Value()));
  Value lists = Value::MakeMap();
  lists.Set("get", std::move(list));
  paths->Set(folder + plural, lists);
  if (info.namespaced) paths->Set(place, std::move(lists));
  Value get = OperationOf(kind, "get");
  get.Set("responses", ResponsesOf(version, schema));
  Value patch = OperationOf(kind, "patch");
  patch.Set("parameters", WriteParameters(version));
  patch.Set("responses", ResponsesOf(version, schema));
  Value item = Value::MakeMap();
  item.Set("get", std::move(get));
  item.Set("patch", std::move(patch));
  paths->Set(place + "/{name}", std::move(item));
}

Value Information() {
  Value info = Value::MakeMap();
  info.Set("title", Value::String("reconcile"));
  info.Set("version", Value::String(std::string(kVersion)));
  return info;
}

std::string WriteDocument(const GroupVersion& version) {
  constexpr OpenApiVersion kThree = OpenApiVersion::kThree;
  OpenApiSchemas schemas(kThree);
  Value paths = Value::MakeMap();
  for (const Kind kind : kAllKinds) {
    if (GroupVersionOf(kind) != version) continue;
    AddPaths(kind, kThree, schemas.ReferenceTo(schemas.AddKind(kind)), &paths);
  }
  Value components = Value::MakeMap();
  components.Set("schemas", schemas.Take());
  Value document = Value::MakeMap();
  document.Set("openapi", Value::String("3.0.0"));
  document.Set("info", Information());
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

// ---- Version 2, one document of every kind: all that kubectl up to 1.23 knows ----

struct VersionTwoTexts {
  std::string json;
  std::string protobuf;
};

const VersionTwoTexts& DocumentOfVersionTwo() {
  static const VersionTwoTexts kTexts = [] {
    constexpr OpenApiVersion kTwo = OpenApiVersion::kTwo;
    OpenApiSchemas schemas(kTwo);
    Value paths = Value::MakeMap();
    for (const Kind kind : kAllKinds) {
      AddPaths(kind, kTwo, schemas.ReferenceTo(schemas.AddKind(kind)), &paths);
    }
    Value document = Value::MakeMap();
    document.Set("swagger", Value::String("2.0"));
    document.Set("info", Information());
    document.Set("paths", std::move(paths));
    document.Set("definitions", schemas.Take());
    return VersionTwoTexts{WriteJson(document), WriteOpenApiProtobuf(document)};
  }();
  return kTexts;
}

ApiResponse VersionTwo(const std::string& accept) {
  constexpr std::string_view kSpec = "application/com.github.proto-openapi.spec.v2";
  ApiResponse response;
  for (const MediaRange& range : ParseAccept(accept)) {
    if (TakesJson(range)) break;
    if (range.type == std::string(kSpec) + "@v1.0+protobuf" ||
        range.type == std::string(kSpec) + ".v1.0+protobuf") {
      response.content_type = std::string(kSpec) + ".v1.0+protobuf";
      response.body = DocumentOfVersionTwo().protobuf;
      return response;
    }
  }
  if (!AcceptsJson(accept)) return RefusalResponse(NotAcceptable());
  response.body = DocumentOfVersionTwo().json;
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
