#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "base/status.h"

namespace reconcile {

// What a user wants to do, in Kubernetes' words.
struct Access {
  std::string verb;            // get, list, watch, create, update, patch, delete, deletecollection
  std::string group;           // "" is the core group
  std::string resource;        // plural; "": `path` is no resource's
  std::string subresource;     // log, exec
  std::string namespace_name;  // "": of all, or of the cluster
  std::string name;
  std::string path;         // the request's
  bool is_dry_run = false;  // it changes nothing
};
// What a request comes to, whether or not there is such a resource.
Access AccessOf(const ApiRequest& request);

// kView reads everything but Secrets; kOperate also drains, evicts, restarts, runs commands in
// containers, and asks what something would be if it was committed; kAdmin may do everything.
enum class UserRole { kView, kOperate, kAdmin };
std::string_view ToString(UserRole role);
std::optional<UserRole> RoleNamed(std::string_view text);

// A role for one namespace, or for all ("") and what belongs to none. A user has those that its
// groups name: "reconcile:ROLE" and "reconcile:ROLE:NAMESPACE".
struct Grant {
  UserRole role = UserRole::kView;
  std::string namespace_name;
};
std::string GroupOf(const Grant& grant);
std::vector<Grant> GrantsOf(const ApiUser& user);

// Who a host's certificate speaks for, as Kubernetes names it. It has no role: what an agent needs
// of the cluster comes over its link, and is its own host's (FAULTS 15).
ApiUser UserOfHost(const std::string& node);
bool IsHost(const ApiUser& user);

// PURE: whether `user` may. Asked before every route.
bool Authorize(const ApiUser& user, const Access& access);
// The words of a refusal, as Kubernetes says them.
std::string ForbiddenMessage(const ApiUser& user, const Access& access);

// What anybody may ask, without saying who it is.
bool IsPublic(std::string_view method, std::string_view path);
// Anything but a question: what the audit log keeps.
bool IsWrite(const Access& access);

// What `role` may do with a resource, for a list of rules (SelfSubjectRulesReview).
std::vector<std::string> VerbsOf(UserRole role, const std::string& group,
                                 const std::string& resource);

}  // namespace reconcile
