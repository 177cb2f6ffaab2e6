#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/object.h"

namespace reconcile {

// What the API serves of the kinds, on Kubernetes' paths: routes and discovery both go by it.

struct GroupVersion {
  std::string_view group;  // "" is the core group
  std::string_view version;
  friend bool operator==(const GroupVersion&, const GroupVersion&) = default;
};
GroupVersion GroupVersionOf(Kind kind);
// Each once, the core group first.
std::vector<GroupVersion> ServedGroupVersions();
// "apps/v1", "v1".
std::string ToString(const GroupVersion& version);
// "deployments.apps", "pods": as messages name them.
std::string QualifiedPlural(Kind kind);

struct ServedSubresource {
  std::string_view name;
  std::vector<std::string_view> verbs;
  std::string_view kind = {};  // of its documents, with `group` and `version`; "": the resource's
  GroupVersion version = {};
};
std::vector<std::string_view> VerbsOf(Kind kind);
std::vector<std::string_view> CategoriesOf(Kind kind);  // "all"
std::vector<ServedSubresource> SubresourcesOf(Kind kind);

// What a Kubernetes path names.
struct ResourcePath {
  Kind kind = Kind::kNamespace;
  std::string namespace_name;  // empty: all, or a cluster-scoped kind
  std::string name;            // empty: list
  std::string subresource;
};
// None when it names none that is served, as when a namespaced object has no namespace.
std::optional<ResourcePath> ParseResourcePath(const std::string& path);

// The same for a path with a version that is not served of a kind that is, as `kubectl autoscale`
// writes autoscaling/v1.
std::optional<ResourcePath> ParseOtherVersion(const std::string& path);

std::vector<std::string> SplitPath(const std::string& path);  // without empty parts

}  // namespace reconcile
