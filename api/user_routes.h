#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "api/authorization.h"
#include "api/http.h"
#include "base/time.h"

namespace reconcile {

using ApiRoute = std::function<ApiResponse(const ApiRequest&)>;

// Reads that users were refused, which are too many for a line each: of a user and what it would
// read, one in kTellMs.
class RefusedReads {
 public:
  static constexpr int64_t kTellMs = 60'000;
  static constexpr size_t kMaxKept = 1024;  // beyond, what was told longest ago is forgotten

  // One more. How many to tell of now, since the last line; 0: the next line counts it.
  int64_t Add(const std::string& user, const std::string& what, MonoTime now);
  size_t size() const { return kept_.size(); }

 private:
  struct Kept {
    int64_t untold = 0;
    MonoTime told_at;
  };
  std::map<std::pair<std::string, std::string>, Kept> kept_;
};

// A request that came over TLS, on its way to `route`: first whether its user may (Authorize), and
// what it may only ask on the controller's own host; then what users ask of themselves. Operations
// are the user's, whatever the request says. Writes are logged as "audit", refused ones too,
// and whatever is refused to a host; refused reads as `refused` has it, unless that is null.
ApiResponse ServeUser(const ApiRequest& request, const ApiRoute& route,
                      RefusedReads* refused = nullptr, MonoTime now = {});
// A request on the local socket, whose owner may do everything: writes are logged as "audit" too.
ApiResponse ServeOwner(const ApiRequest& request, const ApiRoute& route);

// Who gives out identities. The seam between routes and keys.
class UserAdmin {
 public:
  virtual ~UserAdmin() = default;
  virtual Result<std::string> IssueCertificate(const ApiUser& user, const std::string& request_pem,
                                               WallTime now) = 0;
  virtual Result<std::string> IssueToken(const ApiUser& user, WallTime now) = 0;
  virtual Status Revoke(const std::string& user, WallTime now) = 0;
  virtual std::string TrustBundlePem() const = 0;
  virtual std::string server() const = 0;  // "https://HOST:PORT"; "" when the API is not served
};

// Of the local socket alone; whoever may use it is an administrator:
//   POST /apis/reconcile.dev/v1/users/certificate   user, role, namespace; body: PEM of a request
//   POST /apis/reconcile.dev/v1/users/token         user, role, namespace
//   POST /apis/reconcile.dev/v1/users/revoke        user
bool IsUsersPath(const std::string& path);
ApiResponse HandleUsersApi(UserAdmin* admin, const ApiRequest& request, WallTime now);

}  // namespace reconcile
