#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "api/api_server.h"
#include "api/request_limiter.h"
#include "link/io_thread.h"
#include "link/refusal_limiter.h"
#include "link/server_tls.h"
#include "schema/object.h"

namespace reconcile {

// A request before its body is read.
struct ApiHead {
  ApiRequest request;
  std::string target;  // as it was sent: path and query
  StringMap headers;   // lower-case names; repeated ones joined by ", "
  bool has_body = false;
  bool is_login = false;  // a stranger's: LogIn answers it once its body is read
};

// Decides about connections and requests, before anything of them costs much. Its server's IoThread
// alone.
class ApiGate {
 public:
  // A connection's place; given back when it goes.
  class Place;
  // A part of the memory that requests' bodies may take; given back when it goes.
  using BodyShare = std::shared_ptr<void>;

  ApiGate(const ApiServerOptions& options, const IoThread* io, Enrollment* enrollment,
          UserRegistry* users);

  Status MakeTls() { return tls_.Make(io_->now().wall); }
  TlsContext tls() const { return tls_.context(); }
  // Renews the server's own certificate when it is time.
  void CheckTls() { tls_.Check(io_->now().wall); }

  // nullptr when there is no room: the connection is closed without a word.
  std::shared_ptr<Place> Enter(const std::string& remote_address);
  // Finds out who asks and sets request.user, or says why it is refused.
  std::optional<ApiResponse> Refuse(const std::string& chain_pem, Place* place, ApiHead* head);
  // nullptr when other bodies take that much already: its request is refused.
  BodyShare ReserveBody(size_t bytes);
  // The answer to the form of the page's login, whose body was read.
  ApiResponse LogIn(const ApiHead& head);
  // Whether who was let in by Refuse would be again: for streams that stay open.
  bool StillHolds(const std::string& chain_pem, const ApiHead& head) const;
  // A request that cannot be read is counted as a refusal.
  void OnBadRequest(const std::string& remote_address, int code, const std::string& why);

 private:
  struct Counts;
  Result<ApiUser> Identify(const std::string& chain_pem, const ApiHead& head) const;
  // The same, from what was found out on this connection a moment ago.
  Result<ApiUser> IdentifyOn(const std::string& chain_pem, const ApiHead& head, Place* place) const;
  std::optional<ApiResponse> RefuseUser(Place* place, ApiHead* head);
  // Nothing when it is none of the page's login. Sets head->is_login when it may be read.
  std::optional<ApiResponse> AnswerStranger(ApiHead* head);
  bool IsLoginForm(const ApiHead& head) const;
  // 401, counted; 429 when there were too many.
  bool CountRefusal(const ApiHead& head, const std::string& why);
  ApiResponse Unauthorized(const ApiHead& head, const std::string& why);

  const ApiServerOptions options_;
  const IoThread* const io_;
  UserRegistry* const users_;
  std::shared_ptr<Counts> counts_;
  RefusalLimiter refusals_;
  RequestLimiter requests_;
  ServerTls tls_;
};

class ApiGate::Place {
 public:
  Place(std::shared_ptr<Counts> counts, std::string address);
  ~Place();
  // It is known now whose connection it is. False when that user has too many.
  bool BecomeOf(const std::string& user, size_t most);
  bool is_known() const { return !user_.empty(); }

 private:
  void Leave();  // the count that it is in

  const std::shared_ptr<Counts> counts_;
  const std::string address_;
  std::string user_;

  friend class ApiGate;
  // What the connection's certificate came to, when, and at which change of the registry.
  std::optional<ApiUser> of_certificate_;
  MonoTime checked_at_;
  uint64_t changes_ = 0;
};

}  // namespace reconcile
