#include "api/discovery_routes.h"

#include <algorithm>

#include "api/media_type.h"
#include "api/metrics_routes.h"
#include "api/refusal.h"
#include "api/served_kinds.h"
#include "base/value.h"

namespace reconcile {
namespace {

Value Text(std::string_view text) { return Value::String(std::string(text)); }

Value Texts(const std::vector<std::string_view>& texts) {
  Value list = Value::MakeList();
  for (const std::string_view text : texts) list.Append(Text(text));
  return list;
}

Value MapOf(std::vector<std::pair<std::string, Value>> members) {
  Value map = Value::MakeMap();
  for (auto& [key, value] : members) map.Set(key, std::move(value));
  return map;
}

std::vector<Kind> KindsOf(const GroupVersion& version) {
  std::vector<Kind> kinds;
  std::copy_if(kAllKinds.begin(), kAllKinds.end(), std::back_inserter(kinds),
               [&](Kind kind) { return GroupVersionOf(kind) == version; });
  return kinds;
}

// What is served on Kubernetes' paths: groups of kinds, and metrics, which are none.
std::vector<GroupVersion> AllGroupVersions() {
  std::vector<GroupVersion> versions = ServedGroupVersions();
  versions.push_back(kMetricsVersion);
  return versions;
}

// ---- The documents that every client reads ----

Value EncodeVersion(const GroupVersion& version) {
  return MapOf({{"groupVersion", Text(ToString(version))}, {"version", Text(version.version)}});
}

Value EncodeGroup(const GroupVersion& version) {
  Value versions = Value::MakeList();
  versions.Append(EncodeVersion(version));
  return MapOf({{"name", Text(version.group)},
                {"versions", std::move(versions)},
                {"preferredVersion", EncodeVersion(version)}});
}

Value EncodeGroups() {
  Value groups = Value::MakeList();
  for (const GroupVersion& version : AllGroupVersions()) {
    if (!version.group.empty()) groups.Append(EncodeGroup(version));
  }
  return MapOf(
      {{"kind", Text("APIGroupList")}, {"apiVersion", Text("v1")}, {"groups", std::move(groups)}});
}

Value EncodeCoreVersions() {
  return MapOf({{"kind", Text("APIVersions")},
                {"versions", Texts({"v1"})},
                {"serverAddressByClientCIDRs", Value::MakeList()}});
}

Value EncodeResource(Kind kind) {
  const KindInfo& info = InfoOf(kind);
  Value resource = MapOf({{"name", Text(info.plural)},
                          {"singularName", Text(info.singular)},
                          {"namespaced", Value::Bool(info.namespaced)},
                          {"kind", Text(info.name)},
                          {"verbs", Texts(VerbsOf(kind))}});
  if (!info.short_name.empty()) resource.Set("shortNames", Texts({info.short_name}));
  if (!CategoriesOf(kind).empty()) resource.Set("categories", Texts(CategoriesOf(kind)));
  return resource;
}

Value EncodeSubresource(Kind kind, const ServedSubresource& subresource) {
  const KindInfo& info = InfoOf(kind);
  const bool is_own = subresource.kind.empty();
  Value resource =
      MapOf({{"name", Text(std::string(info.plural) + "/" + std::string(subresource.name))},
             {"singularName", Text("")},
             {"namespaced", Value::Bool(info.namespaced)},
             {"kind", Text(is_own ? info.name : subresource.kind)},
             {"verbs", Texts(subresource.verbs)}});
  if (!is_own) resource.Set("group", Text(subresource.version.group));
  if (!is_own) resource.Set("version", Text(subresource.version.version));
  return resource;
}

Value EncodeMetricsResource(const MetricsResource& resource) {
  return MapOf({{"name", Text(resource.plural)},
                {"singularName", Text("")},
                {"namespaced", Value::Bool(resource.namespaced)},
                {"kind", Text(resource.kind)},
                {"verbs", Texts({"get", "list"})}});
}

Value EncodeResources(const GroupVersion& version) {
  Value resources = Value::MakeList();
  if (version == kMetricsVersion) {
    for (const MetricsResource& each : MetricsResources()) {
      resources.Append(EncodeMetricsResource(each));
    }
  }
  for (const Kind kind : KindsOf(version)) {
    resources.Append(EncodeResource(kind));
    for (const ServedSubresource& subresource : SubresourcesOf(kind)) {
      resources.Append(EncodeSubresource(kind, subresource));
    }
  }
  return MapOf({{"kind", Text("APIResourceList")},
                {"apiVersion", Text("v1")},
                {"groupVersion", Text(ToString(version))},
                {"resources", std::move(resources)}});
}

// ---- The aggregated document: all of a root's in one ----

Value EncodeResponseKind(const GroupVersion& version, std::string_view kind) {
  return MapOf(
      {{"group", Text(version.group)}, {"version", Text(version.version)}, {"kind", Text(kind)}});
}

Value EncodeResponseKind(Kind kind) {
  return EncodeResponseKind(GroupVersionOf(kind), InfoOf(kind).name);
}

Value EncodeResponseKind(Kind kind, const ServedSubresource& part) {
  return part.kind.empty() ? EncodeResponseKind(kind) : EncodeResponseKind(part.version, part.kind);
}

Value EncodeAggregatedResource(Kind kind) {
  const KindInfo& info = InfoOf(kind);
  Value resource = MapOf({{"resource", Text(info.plural)},
                          {"responseKind", EncodeResponseKind(kind)},
                          {"scope", Text(info.namespaced ? "Namespaced" : "Cluster")},
                          {"singularResource", Text(info.singular)},
                          {"verbs", Texts(VerbsOf(kind))}});
  if (!info.short_name.empty()) resource.Set("shortNames", Texts({info.short_name}));
  if (!CategoriesOf(kind).empty()) resource.Set("categories", Texts(CategoriesOf(kind)));
  Value subresources = Value::MakeList();
  for (const ServedSubresource& subresource : SubresourcesOf(kind)) {
    subresources.Append(MapOf({{"subresource", Text(subresource.name)},
                               {"responseKind", EncodeResponseKind(kind, subresource)},
                               {"verbs", Texts(subresource.verbs)}}));
  }
  if (!subresources.AsList().empty()) resource.Set("subresources", std::move(subresources));
  return resource;
}

Value EncodeAggregatedMetrics(const MetricsResource& resource) {
  return MapOf({{"resource", Text(resource.plural)},
                {"responseKind", MapOf({{"group", Text(kMetricsVersion.group)},
                                        {"version", Text(kMetricsVersion.version)},
                                        {"kind", Text(resource.kind)}})},
                {"scope", Text(resource.namespaced ? "Namespaced" : "Cluster")},
                {"singularResource", Text("")},
                {"verbs", Texts({"get", "list"})}});
}

Value EncodeAggregatedGroup(const GroupVersion& version) {
  Value resources = Value::MakeList();
  if (version == kMetricsVersion) {
    for (const MetricsResource& each : MetricsResources()) {
      resources.Append(EncodeAggregatedMetrics(each));
    }
  }
  for (const Kind kind : KindsOf(version)) resources.Append(EncodeAggregatedResource(kind));
  Value versions = Value::MakeList();
  versions.Append(MapOf({{"version", Text(version.version)},
                         {"resources", std::move(resources)},
                         {"freshness", Text("Current")}}));
  Value metadata = Value::MakeMap();
  if (!version.group.empty()) metadata.Set("name", Text(version.group));
  return MapOf({{"metadata", std::move(metadata)}, {"versions", std::move(versions)}});
}

Value EncodeAggregated(bool is_core, const std::string& document_version) {
  Value items = Value::MakeList();
  for (const GroupVersion& version : AllGroupVersions()) {
    if (version.group.empty() == is_core) items.Append(EncodeAggregatedGroup(version));
  }
  return MapOf({{"kind", Text("APIGroupDiscoveryList")},
                {"apiVersion", Text("apidiscovery.k8s.io/" + document_version)},
                {"metadata", Value::MakeMap()},
                {"items", std::move(items)}});
}

// The version of the aggregated document that the client likes best; "" for plain documents. None:
// it takes neither.
std::optional<std::string> ChooseDocument(const std::string& accept) {
  if (accept.empty()) return "";
  for (const MediaRange& range : ParseAccept(accept)) {
    if (TakesJson(range)) return "";
    const std::map<std::string, std::string>& has = range.parameters;
    for (const std::string version : {"v2", "v2beta1"}) {
      const std::map<std::string, std::string> wanted = {
          {"as", "APIGroupDiscoveryList"}, {"g", "apidiscovery.k8s.io"}, {"v", version}};
      const bool matches = range.type == "application/json" &&
                           std::includes(has.begin(), has.end(), wanted.begin(), wanted.end());
      if (matches) return version;
    }
  }
  return std::nullopt;
}

ApiResponse JsonOf(const Value& value) {
  ApiResponse response;
  response.body = WriteJson(value);
  return response;
}

ApiResponse RootResponse(bool is_core, const std::string& accept) {
  const std::optional<std::string> document = ChooseDocument(accept);
  if (!document) return RefusalResponse(NotAcceptable());
  if (document->empty()) return JsonOf(is_core ? EncodeCoreVersions() : EncodeGroups());
  ApiResponse response = JsonOf(EncodeAggregated(is_core, *document));
  // Clients tell the documents apart by this.
  response.content_type =
      "application/json;g=apidiscovery.k8s.io;v=" + *document + ";as=APIGroupDiscoveryList";
  return response;
}

ApiResponse GroupResponse(const std::string& group) {
  for (const GroupVersion& version : AllGroupVersions()) {
    if (version.group.empty() || version.group != group) continue;
    Value encoded = EncodeGroup(version);
    encoded.Set("kind", Text("APIGroup"));
    encoded.Set("apiVersion", Text("v1"));
    return JsonOf(encoded);
  }
  return RefusalResponse(UnknownPath());
}

ApiResponse VersionResponse(const std::string& api_version) {
  for (const GroupVersion& version : AllGroupVersions()) {
    if (ToString(version) == api_version) return JsonOf(EncodeResources(version));
  }
  return RefusalResponse(UnknownPath());
}

}  // namespace

std::optional<ApiResponse> HandleDiscovery(const ApiRequest& request) {
  const std::vector<std::string> parts = SplitPath(request.path);
  const bool is_core = !parts.empty() && parts[0] == "api";
  const bool is_root = is_core || (!parts.empty() && parts[0] == "apis");
  if (!is_root || parts.size() > (is_core ? 2U : 3U)) return std::nullopt;
  if (request.method != "GET") return RefusalResponse(MethodNotAllowed());
  if (parts.size() == 1) return RootResponse(is_core, request.accept);
  if (!AcceptsJson(request.accept)) return RefusalResponse(NotAcceptable());
  if (is_core) return VersionResponse(parts[1]);
  return parts.size() == 2 ? GroupResponse(parts[1]) : VersionResponse(parts[1] + "/" + parts[2]);
}

}  // namespace reconcile
