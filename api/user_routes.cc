#include "api/user_routes.h"

#include <algorithm>

#include "api/enrollment_routes.h"
#include "api/refusal.h"
#include "api/routes.h"
#include "api/self_reviews.h"
#include "base/log.h"
#include "base/utf8.h"
#include "schema/names.h"

namespace reconcile {
namespace {

constexpr std::string_view kUsersPrefix = "/apis/reconcile.dev/v1/users/";
constexpr size_t kMaxLoggedBytes = 512;

// Keys, tokens and what lets hosts in stay with who has the controller's host.
bool IsLocalOnly(const std::string& path) {
  return IsUsersPath(path) || IsEnrollmentPath(path) || path == "/apis/reconcile.dev/v1/users" ||
         path.starts_with("/apis/reconcile.dev/v1/secrets");
}

// What this program's own operations name is in their query.
std::string TargetOf(const ApiRequest& request) {
  std::string target;
  for (const char* name : {"source", "plan", "node", "namespace", "name", "user"}) {
    const std::string value = request.Query(name);
    if (!value.empty()) target += (target.empty() ? "" : " ") + std::string(name) + "=" + value;
  }
  return std::string(CutUtf8(target, kMaxLoggedBytes));
}

void Audit(const ApiRequest& request, const Access& access, const std::string& user, int code) {
  const bool is_strange = code == 403 && request.user && IsHost(*request.user);
  if (!IsWrite(access) && !is_strange) return;
  std::string event = request.method + " " + std::string(CutUtf8(request.path, kMaxLoggedBytes)) +
                      (access.is_dry_run ? " (dry run)" : "");
  LogFields fields = {{"event", std::move(event)}, {"user", user}};
  if (!request.remote_address.empty()) fields.emplace_back("address", request.remote_address);
  fields.emplace_back("code", std::to_string(code));
  const std::string target = TargetOf(request);
  if (!target.empty()) fields.emplace_back("target", target);
  LogInfo("audit", fields);
}

void AuditRefusedRead(const ApiRequest& request, const Access& access, RefusedReads* refused,
                      MonoTime now) {
  if (IsWrite(access) || IsHost(*request.user)) return;
  // Words that anybody may make up are no kinds of their own.
  const std::optional<Kind> kind = FindKindByWord(access.resource);
  const std::string what = kind                      ? std::string(InfoOf(*kind).plural)
                           : access.resource.empty() ? "what is no object"
                                                     : "what there is not";
  const int64_t count = refused->Add(request.user->name, what, now);
  if (count == 0) return;
  LogInfo("audit", {{"event", "refused to " + access.verb + " " + what},
                    {"user", request.user->name},
                    {"address", request.remote_address},
                    {"code", "403"},
                    {"count", std::to_string(count)}});
}

ApiResponse Decide(const ApiRequest& request, const Access& access, const ApiRoute& route) {
  if (!request.user) {
    if (IsPublic(request.method, request.path)) return route(request);
    return RefusalResponse(401, "Unauthorized");
  }
  if (!Authorize(*request.user, access)) {
    return RefusalResponse(403, ForbiddenMessage(*request.user, access));
  }
  if (IsLocalOnly(request.path)) {
    return RefusalResponse(403, request.path +
                                    " is forbidden: only on the controller's own host, by the "
                                    "`reconcile` command");
  }
  if (auto answer = AnswerSelfReview(request)) return std::move(*answer);
  ApiRequest own = request;
  own.query["by"] = request.user->name;
  return route(own);
}

Result<ApiUser> UserIn(const ApiRequest& request) {
  ApiUser user;
  user.name = request.Query("user");
  const std::string wrong = CheckDnsSubdomain(user.name);
  if (!wrong.empty()) return InvalidError("user '" + user.name + "': " + wrong);
  const std::optional<UserRole> role = RoleNamed(request.Query("role"));
  if (!role) {
    return InvalidError("role '" + request.Query("role") + "': roles are view, operate and admin");
  }
  Grant grant{*role, request.Query("namespace")};
  const std::string wrong_namespace =
      grant.namespace_name.empty() ? "" : CheckDnsLabel(grant.namespace_name);
  if (!wrong_namespace.empty()) {
    return InvalidError("namespace '" + grant.namespace_name + "': " + wrong_namespace);
  }
  user.groups = {GroupOf(grant)};
  // Kubernetes' own group of these names, for what shows groups.
  user.groups.emplace_back("system:authenticated");
  return user;
}

ApiResponse Given(const std::string& name, const Result<std::string>& given,
                  const UserAdmin& admin) {
  if (!given.ok()) return ErrorResponse(given.status());
  Value value = Value::MakeMap();
  value.Set(name, Value::String(*given));
  value.Set("authority", Value::String(admin.TrustBundlePem()));
  value.Set("server", Value::String(admin.server()));
  return SuccessResponse(std::move(value));
}

}  // namespace

int64_t RefusedReads::Add(const std::string& user, const std::string& what, MonoTime now) {
  auto found = kept_.find({user, what});
  if (found == kept_.end()) {
    if (kept_.size() >= kMaxKept) {
      kept_.erase(std::min_element(kept_.begin(), kept_.end(), [](const auto& a, const auto& b) {
        return a.second.told_at < b.second.told_at;
      }));
    }
    kept_[{user, what}] = {.untold = 0, .told_at = now};
    return 1;
  }
  Kept& kept = found->second;
  ++kept.untold;
  if (now - kept.told_at < kTellMs) return 0;
  kept.told_at = now;
  return std::exchange(kept.untold, 0);
}

ApiResponse ServeUser(const ApiRequest& request, const ApiRoute& route, RefusedReads* refused,
                      MonoTime now) {
  const Access access = AccessOf(request);
  ApiResponse answer = Decide(request, access, route);
  if (answer.code == 403 && request.user && refused != nullptr) {
    AuditRefusedRead(request, access, refused, now);
  }
  Audit(request, access, request.user ? request.user->name : "", answer.code);
  return answer;
}

ApiResponse ServeOwner(const ApiRequest& request, const ApiRoute& route) {
  ApiResponse answer = route(request);
  Audit(request, AccessOf(request), "local", answer.code);
  return answer;
}

bool IsUsersPath(const std::string& path) { return path.starts_with(kUsersPrefix); }

ApiResponse HandleUsersApi(UserAdmin* admin, const ApiRequest& request, WallTime now) {
  if (request.method != "POST") return RefusalResponse(404, "no such path: " + request.path);
  const std::string what = request.path.substr(kUsersPrefix.size());
  if (what == "revoke") {
    const std::string user = request.Query("user");
    const std::string wrong = CheckDnsSubdomain(user);
    if (!wrong.empty()) return ErrorResponse(InvalidError("user '" + user + "': " + wrong));
    LogInfo("audit", {{"event", "revoked user"}, {"user", user}});
    return ResponseOf(admin->Revoke(user, now));
  }
  if (what != "certificate" && what != "token") {
    return RefusalResponse(404, "no such path: " + request.path);
  }
  const Result<ApiUser> user = UserIn(request);
  if (!user.ok()) return ErrorResponse(user.status());
  if (admin->server().empty()) {
    return ErrorResponse(
        InvalidError("the API is not served: `apiListen` says so, or its port is taken"));
  }
  LogInfo("audit", {{"event", "gave a " + what}, {"user", user->name}, {"group", user->groups[0]}});
  return what == "token"
             ? Given("token", admin->IssueToken(*user, now), *admin)
             : Given("certificate", admin->IssueCertificate(*user, request.body, now), *admin);
}

}  // namespace reconcile
