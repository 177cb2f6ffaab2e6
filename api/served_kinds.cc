#include "api/served_kinds.h"

#include <algorithm>
#include <array>

#include "api/scale_route.h"

namespace reconcile {

GroupVersion GroupVersionOf(Kind kind) {
  const std::string_view api_version = InfoOf(kind).api_version;
  const size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return {"", api_version};
  return {api_version.substr(0, slash), api_version.substr(slash + 1)};
}

std::vector<GroupVersion> ServedGroupVersions() {
  std::vector<GroupVersion> versions;
  for (const Kind kind : kAllKinds) {
    const GroupVersion version = GroupVersionOf(kind);
    if (std::find(versions.begin(), versions.end(), version) == versions.end()) {
      versions.push_back(version);
    }
  }
  return versions;
}

std::string ToString(const GroupVersion& version) {
  if (version.group.empty()) return std::string(version.version);
  return std::string(version.group) + "/" + std::string(version.version);
}

std::string QualifiedPlural(Kind kind) {
  const GroupVersion version = GroupVersionOf(kind);
  const std::string plural(InfoOf(kind).plural);
  return version.group.empty() ? plural : plural + "." + std::string(version.group);
}

// Writes that may become operations; of everything that a manifest can declare the others are
// served too, for dry runs and for a refusal that says where it is changed.
std::vector<std::string_view> VerbsOf(Kind kind) {
  std::vector<std::string_view> verbs = {"get", "list", "watch"};
  if (InfoOf(kind).declarable) verbs.insert(verbs.end(), {"create", "delete", "patch", "update"});
  if (kind == Kind::kPod) verbs.push_back("deletecollection");
  return verbs;
}

std::vector<std::string_view> CategoriesOf(Kind kind) {
  constexpr std::array kAll = {Kind::kPod,         Kind::kReplicationController,
                               Kind::kService,     Kind::kDaemonSet,
                               Kind::kDeployment,  Kind::kReplicaSet,
                               Kind::kStatefulSet, Kind::kHorizontalPodAutoscaler,
                               Kind::kCronJob,     Kind::kJob};
  const bool is_in_all = std::find(kAll.begin(), kAll.end(), kind) != kAll.end();
  return is_in_all ? std::vector<std::string_view>{"all"} : std::vector<std::string_view>();
}

std::vector<ServedSubresource> SubresourcesOf(Kind kind) {
  if (kind == Kind::kPod) {
    return {{"eviction", {"create"}, "Eviction", {"policy", "v1"}},
            {"log", {"get"}},
            {"exec", {"create", "get"}},
            {"attach", {"create", "get"}},
            {"portforward", {"create", "get"}}};
  }
  if (HasScale(kind)) {
    return {{"scale", {"get", "patch", "update"}, "Scale", {"autoscaling", "v1"}}};
  }
  return {};
}

std::optional<ResourcePath> ParseOtherVersion(const std::string& path) {
  std::vector<std::string> parts = SplitPath(path);
  if (parts.size() < 3 || parts[0] != "apis") return std::nullopt;
  for (const GroupVersion& served : ServedGroupVersions()) {
    if (served.group != parts[1] || served.version == parts[2]) continue;
    parts[2] = served.version;
    std::string known;
    for (const std::string& part : parts) known += "/" + part;
    return ParseResourcePath(known);
  }
  return std::nullopt;
}

std::vector<std::string> SplitPath(const std::string& path) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : path + "/") {
    if (c != '/') {
      part += c;
    } else if (!part.empty()) {
      parts.push_back(std::move(part));
      part.clear();
    }
  }
  return parts;
}

std::optional<ResourcePath> ParseResourcePath(const std::string& path) {
  const std::vector<std::string> parts = SplitPath(path);
  std::string api_version;
  size_t at = 0;
  if (parts.size() >= 3 && parts[0] == "api") {
    api_version = parts[1];
    at = 2;
  } else if (parts.size() >= 4 && parts[0] == "apis") {
    api_version = parts[1] + "/" + parts[2];
    at = 3;
  } else {
    return std::nullopt;
  }
  ResourcePath resource;
  // /namespaces/NS/pods names pods; /namespaces/NS names the namespace itself.
  if (parts.size() > at + 2 && parts[at] == "namespaces") {
    resource.namespace_name = parts[at + 1];
    at += 2;
  }
  const auto found = std::find_if(kAllKinds.begin(), kAllKinds.end(), [&](Kind kind) {
    return InfoOf(kind).plural == parts[at] && InfoOf(kind).api_version == api_version;
  });
  if (found == kAllKinds.end()) return std::nullopt;
  resource.kind = *found;
  if (parts.size() > at + 1) resource.name = parts[at + 1];
  if (parts.size() > at + 2) resource.subresource = parts[at + 2];
  if (parts.size() > at + 3) return std::nullopt;
  const bool namespaced = InfoOf(resource.kind).namespaced;
  if (!namespaced && !resource.namespace_name.empty()) return std::nullopt;
  const bool lacks_namespace = resource.namespace_name.empty() && !resource.name.empty();
  if (namespaced && lacks_namespace) return std::nullopt;
  return resource;
}

}  // namespace reconcile
