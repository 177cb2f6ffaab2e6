#include "api/authorization.h"

#include <algorithm>
#include <array>

#include "api/write_options.h"

namespace reconcile {
namespace {

constexpr std::string_view kGroupPrefix = "reconcile:";
constexpr std::string_view kHostPrefix = "system:node:";
constexpr std::string_view kOwnGroup = "reconcile.dev";
constexpr std::array<std::string_view, 3> kReadVerbs = {"get", "list", "watch"};
constexpr std::array<std::string_view, 8> kAllVerbs = {
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"};
// Beyond a first look at /api and /apis these say what there is, and nothing of what runs.
// The page's documents are the same for everybody.
constexpr std::array<std::string_view, 11> kKnowledge = {
    "/api",    "/apis", "/openapi",     "/version", "/healthz", "/livez",
    "/readyz", "/",     "/.well-known", "/ui",      "/assets"};
// Operations of this program, POSTed to its own group, that change nothing of what Git says.
constexpr std::array<std::string_view, 13> kOperations = {
    "sync",   "suspend", "resume",   "rollback",     "apply",   "plan-newest", "plan",
    "cordon", "drain",   "uncordon", "drain-status", "restart", "preview"};
// Kubernetes opens these by GET too, which makes them no reading.
constexpr std::array<std::string_view, 3> kConnections = {"exec", "attach", "portforward"};

template <typename List>
bool Has(const List& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// Empty ones are left out, as the routes do: both see the same path.
std::vector<std::string> Segments(std::string_view path) {
  std::vector<std::string> parts;
  for (size_t at = 1; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    if (end > at) parts.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::string VerbOf(const ApiRequest& request, const Access& access) {
  const bool is_read = request.method == "GET" || request.method == "HEAD";
  if (is_read && Has(kConnections, access.subresource)) return "create";
  if (is_read && access.resource.empty()) return "get";
  if (is_read && (request.Query("watch") == "true" || request.Query("watch") == "1")) {
    return "watch";
  }
  if (is_read) return access.name.empty() ? "list" : "get";
  if (request.method == "POST") return "create";
  if (request.method == "PUT") return "update";
  if (request.method == "PATCH") return "patch";
  if (request.method == "DELETE") return access.name.empty() ? "deletecollection" : "delete";
  return "unknown";
}

bool IsSelfReview(const Access& access) {
  return (access.group == "authorization.k8s.io" &&
          (access.resource == "selfsubjectaccessreviews" ||
           access.resource == "selfsubjectrulesreviews")) ||
         (access.group == "authentication.k8s.io" && access.resource == "selfsubjectreviews");
}

// "*" comes in reviews alone, and has to hold for all.
bool IsSecret(const Access& access) {
  return (access.group.empty() || access.group == "*") &&
         (access.resource == "secrets" || access.resource == "*");
}

bool ViewMay(const Access& access) {
  constexpr std::array<std::string_view, 4> kReadable = {"", "log", "status", "scale"};
  // As Kubernetes splits it: the rest of a proxy is none of a reader's.
  const bool is_metrics = access.resource == "nodes" && access.subresource == "proxy/metrics";
  return Has(kReadVerbs, access.verb) && !IsSecret(access) &&
         (Has(kReadable, access.subresource) || is_metrics);
}

// What something would be if it was committed: a plan, like the one of this program's own.
bool AsksOnly(const Access& access) {
  constexpr std::array<std::string_view, 4> kVerbs = {"create", "update", "patch", "delete"};
  return access.is_dry_run && access.group != kOwnGroup && Has(kVerbs, access.verb) &&
         !IsSecret(access) && (access.subresource.empty() || access.subresource == "scale");
}

bool OperateMay(const Access& access) {
  if (ViewMay(access) || AsksOnly(access)) return true;
  if (access.group == kOwnGroup)
    return access.verb == "create" && Has(kOperations, access.resource);
  if (access.group.empty() && access.resource == "pods") {
    if (access.subresource.empty()) return access.verb == "delete";
    return access.verb == "create" &&
           (access.subresource == "eviction" || Has(kConnections, access.subresource));
  }
  const bool changes = access.verb == "patch" || access.verb == "update";
  const bool node = access.group.empty() && access.resource == "nodes";
  const bool workload = access.group == "apps";
  return changes && access.subresource.empty() && (node || workload);
}

bool RoleMay(UserRole role, const Access& access) {
  switch (role) {
    case UserRole::kView:
      return ViewMay(access);
    case UserRole::kOperate:
      return OperateMay(access);
    case UserRole::kAdmin:
      return access.verb != "unknown";
  }
  return false;
}

bool IsKnowledge(std::string_view path) {
  return std::any_of(kKnowledge.begin(), kKnowledge.end(), [&](std::string_view known) {
    return path.starts_with(known) && (path.size() == known.size() || path[known.size()] == '/');
  });
}

}  // namespace

Access AccessOf(const ApiRequest& request) {
  Access access;
  access.path = request.path;
  const std::vector<std::string> parts = Segments(request.path);
  size_t at = 0;
  if (parts.size() > 2 && parts[0] == "api") {
    at = 2;
  } else if (parts.size() > 3 && parts[0] == "apis") {
    access.group = parts[1];
    at = 3;
  }
  if (at > 0) {
    if (parts[at] == "namespaces" && parts.size() > at + 1) {
      access.namespace_name = parts[at + 1];
      at = parts.size() > at + 2 ? at + 2 : at;
    }
    access.resource = parts[at];
    if (parts.size() > at + 1) access.name = parts[at + 1];
    for (size_t i = at + 2; i < parts.size(); ++i) {
      access.subresource += (access.subresource.empty() ? "" : "/") + parts[i];
    }
  }
  access.verb = VerbOf(request, access);
  access.is_dry_run = IsDryRun(request);
  return access;
}

std::string_view ToString(UserRole role) {
  switch (role) {
    case UserRole::kView:
      return "view";
    case UserRole::kOperate:
      return "operate";
    case UserRole::kAdmin:
      return "admin";
  }
  return "";
}

std::optional<UserRole> RoleNamed(std::string_view text) {
  for (const UserRole role : {UserRole::kView, UserRole::kOperate, UserRole::kAdmin}) {
    if (text == ToString(role)) return role;
  }
  return std::nullopt;
}

std::string GroupOf(const Grant& grant) {
  return std::string(kGroupPrefix) + std::string(ToString(grant.role)) +
         (grant.namespace_name.empty() ? "" : ":" + grant.namespace_name);
}

std::vector<Grant> GrantsOf(const ApiUser& user) {
  std::vector<Grant> grants;
  for (const std::string& group : user.groups) {
    if (!group.starts_with(kGroupPrefix)) continue;
    const std::string_view rest = std::string_view(group).substr(kGroupPrefix.size());
    const size_t colon = rest.find(':');
    const std::optional<UserRole> role = RoleNamed(rest.substr(0, colon));
    if (!role) continue;
    const bool for_all = colon == std::string_view::npos;
    const std::string_view where = for_all ? std::string_view() : rest.substr(colon + 1);
    // "reconcile:admin:" is a slip, and no role for everything.
    if (for_all || !where.empty()) grants.push_back({*role, std::string(where)});
  }
  return grants;
}

ApiUser UserOfHost(const std::string& node) {
  return {std::string(kHostPrefix) + node, {"system:nodes", "system:authenticated"}};
}

// No user's name has a colon.
bool IsHost(const ApiUser& user) { return user.name.starts_with(kHostPrefix); }

bool Authorize(const ApiUser& user, const Access& access) {
  if (access.resource.empty() && access.verb == "get" && IsKnowledge(access.path)) return true;
  if (IsSelfReview(access)) return access.verb == "create";
  const std::vector<Grant> grants = GrantsOf(user);
  return std::any_of(grants.begin(), grants.end(), [&](const Grant& grant) {
    const bool here = grant.namespace_name.empty() ||
                      (!access.resource.empty() && grant.namespace_name == access.namespace_name);
    return here && RoleMay(grant.role, access);
  });
}

std::string ForbiddenMessage(const ApiUser& user, const Access& access) {
  const std::string who = "User \"" + user.name + "\" cannot " + access.verb + " ";
  if (access.resource.empty()) return "forbidden: " + who + "path \"" + access.path + "\"";
  const std::string full = access.resource + (access.group.empty() ? "" : "." + access.group);
  const std::string part = access.subresource.empty() ? "" : "/" + access.subresource;
  const std::string name = access.name.empty() ? "" : " \"" + access.name + "\"";
  const std::string where = access.namespace_name.empty()
                                ? " at the cluster scope"
                                : " in the namespace \"" + access.namespace_name + "\"";
  return full + name + " is forbidden: " + who + "resource \"" + access.resource + part +
         "\" in API group \"" + access.group + "\"" + where;
}

bool IsPublic(std::string_view method, std::string_view path) {
  constexpr std::array<std::string_view, 3> kPublic = {"/healthz", "/livez", "/readyz"};
  return method == "GET" && Has(kPublic, path);
}

bool IsWrite(const Access& access) {
  return !Has(kReadVerbs, access.verb) && !IsSelfReview(access);
}

std::vector<std::string> VerbsOf(UserRole role, const std::string& group,
                                 const std::string& resource) {
  std::vector<std::string> verbs;
  for (const std::string_view verb : kAllVerbs) {
    Access access;
    access.verb = std::string(verb);
    access.group = group;
    access.resource = resource;
    if (RoleMay(role, access)) verbs.emplace_back(verb);
  }
  return verbs;
}

}  // namespace reconcile
