#include "api/api_gate.h"

#include <atomic>

#include "api/authorization.h"
#include "api/media_type.h"
#include "api/page_routes.h"
#include "api/refusal.h"
#include "api/request_target.h"
#include "api/user_registry.h"
#include "base/log.h"
#include "base/utf8.h"
#include "link/enrollment.h"

namespace reconcile {
namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr size_t kMaxLoggedBytes = 512;
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr std::string_view kSessionEnded =
    "Your session has ended: the token is old or was revoked.";
constexpr std::string_view kTooManyTokens = "Too many wrong tokens from here. Wait a minute.";
constexpr std::string_view kNoSuchToken =
    "That is no token of this cluster, or it is old or was revoked.";

std::string HeaderOf(const ApiHead& head, const char* name) {
  const auto found = head.headers.find(name);
  return found == head.headers.end() ? "" : found->second;
}

// A browser says of itself who it is, whoever made it ask.
bool IsBySession(const std::string& chain_pem, const ApiHead& head) {
  return chain_pem.empty() && HeaderOf(head, "authorization").empty() &&
         !SessionOf(HeaderOf(head, "cookie")).empty();
}

// Asked for by the page itself, or by the person at the browser; older browsers do not say.
bool IsOfThisSite(const ApiHead& head) {
  const std::string site = HeaderOf(head, "sec-fetch-site");
  return site.empty() || site == "same-origin" || site == "none";
}

// What no foreign page can make a browser send: its GETs read, and everything else has a header
// that only scripts of this site may add.
bool MayUseSession(const ApiHead& head) {
  const std::string& method = head.request.method;
  const bool reads = (method == "GET" || method == "HEAD") && HeaderOf(head, "upgrade").empty();
  return IsOfThisSite(head) && (reads || !HeaderOf(head, "x-reconcile-page").empty());
}

bool WantsPage(const ApiHead& head) {
  return head.request.method == "GET" && IsPagePath(head.request.path);
}

template <typename Map>
void GiveBack(const std::string& key, Map* counts) {
  const auto found = counts->find(key);
  if (found != counts->end() && --found->second == 0) counts->erase(found);
}

// A page of another site, in a browser that shows its user's certificate to every site.
bool IsOfAnotherSite(const ApiHead& head) {
  const std::string origin = HeaderOf(head, "origin");
  return !origin.empty() && !origin.ends_with("://" + HeaderOf(head, "host"));
}

// `kubectl --as`: an answer for the asking user would be taken for one for the other.
bool Impersonates(const ApiHead& head) {
  const auto first = head.headers.lower_bound("impersonate-");
  return first != head.headers.end() && first->first.starts_with("impersonate-");
}

ApiResponse TooMany(const std::string& why) {
  ApiResponse answer = RefusalResponse(429, why);
  answer.retry_after_s = 1;
  return answer;
}

}  // namespace

// A server's places may outlive it by the moments of its end.
struct ApiGate::Counts {
  size_t open = 0;
  size_t strangers = 0;
  std::atomic<size_t> bodies_bytes = 0;  // shares end in the handler's thread too
  std::map<std::string, size_t> strangers_by_address;
  std::map<std::string, size_t> by_user;
};

ApiGate::Place::Place(std::shared_ptr<Counts> counts, std::string address)
    : counts_(std::move(counts)), address_(std::move(address)) {
  ++counts_->open;
  ++counts_->strangers;
  ++counts_->strangers_by_address[address_];
}

ApiGate::Place::~Place() {
  --counts_->open;
  Leave();
}

void ApiGate::Place::Leave() {
  if (is_known()) return GiveBack(user_, &counts_->by_user);
  --counts_->strangers;
  GiveBack(address_, &counts_->strangers_by_address);
}

bool ApiGate::Place::BecomeOf(const std::string& user, size_t most) {
  if (user_ == user) return true;
  const auto of_user = counts_->by_user.find(user);
  if (of_user != counts_->by_user.end() && of_user->second >= most) return false;
  Leave();
  user_ = user;
  ++counts_->by_user[user_];
  return true;
}

ApiGate::ApiGate(const ApiServerOptions& options, const IoThread* io, Enrollment* enrollment,
                 UserRegistry* users)
    : options_(options),
      io_(io),
      users_(users),
      counts_(std::make_shared<Counts>()),
      refusals_(options.max_refusals_per_minute),
      requests_(options.requests_per_second, options.requests_at_once),
      tls_(enrollment, "the API's", [enrollment, names = options.names](WallTime now) {
        return enrollment->ApiCertificate(names, now);
      }) {}

std::shared_ptr<ApiGate::Place> ApiGate::Enter(const std::string& remote_address) {
  const auto found = counts_->strangers_by_address.find(remote_address);
  const size_t from_there = found == counts_->strangers_by_address.end() ? 0 : found->second;
  if (counts_->open >= options_.max_connections || counts_->strangers >= options_.max_strangers ||
      from_there >= options_.max_strangers_of_address) {
    return nullptr;
  }
  return std::make_shared<Place>(counts_, remote_address);
}

ApiGate::BodyShare ApiGate::ReserveBody(size_t bytes) {
  if (bytes > options_.max_bodies_bytes - counts_->bodies_bytes) return nullptr;
  counts_->bodies_bytes += bytes;
  return {counts_.get(), [counts = counts_, bytes](Counts*) { counts->bodies_bytes -= bytes; }};
}

Result<ApiUser> ApiGate::Identify(const std::string& chain_pem, const ApiHead& head) const {
  const WallTime now = io_->now().wall;
  // Whatever is shown has to hold: nothing falls back to less.
  if (!chain_pem.empty()) return users_->OfCertificate(chain_pem, now);
  const std::string authorization = HeaderOf(head, "authorization");
  const std::string cookies = HeaderOf(head, "cookie");
  if (IsBySession(chain_pem, head)) return users_->OfSession(SessionOf(cookies), now);
  if (authorization.empty()) return InvalidError("neither a client certificate nor a token");
  if (!authorization.starts_with(kBearer)) return InvalidError("no bearer token");
  return users_->OfToken(std::string_view(authorization).substr(kBearer.size()), now);
}

Result<ApiUser> ApiGate::IdentifyOn(const std::string& chain_pem, const ApiHead& head,
                                    Place* place) const {
  if (chain_pem.empty()) return Identify(chain_pem, head);
  const MonoTime now = io_->now().mono;
  const uint64_t changes = users_->change_count();
  if (place->of_certificate_ && place->changes_ == changes &&
      now - place->checked_at_ < options_.recheck_ms) {
    return *place->of_certificate_;
  }
  Result<ApiUser> user = Identify(chain_pem, head);
  place->of_certificate_ = user.ok() ? std::optional<ApiUser>(*user) : std::nullopt;
  place->checked_at_ = now;
  place->changes_ = changes;
  return user;
}

bool ApiGate::CountRefusal(const ApiHead& head, const std::string& why) {
  const std::string& address = head.request.remote_address;
  const MonoTime now = io_->now().mono;
  if (refusals_.Blocked(address, now)) return false;
  refusals_.Refused(address, now);
  LogWarning("audit", {{"event", "refused " + head.request.method + " " +
                                     std::string(CutUtf8(head.request.path, kMaxLoggedBytes))},
                       {"address", address},
                       {"why", why}});
  return true;
}

ApiResponse ApiGate::Unauthorized(const ApiHead& head, const std::string& why) {
  if (!CountRefusal(head, why)) {
    ApiResponse answer = TooMany("too many refused requests from this address; wait a minute");
    answer.retry_after_s = 60;
    return answer;
  }
  if (WantsPage(head)) return LoginForm(401, head.target, kSessionEnded);
  return RefusalResponse(401, "Unauthorized");
}

bool ApiGate::IsLoginForm(const ApiHead& head) const {
  // Its length is known before it is read: a stranger is given no more room than that.
  const std::string length = HeaderOf(head, "content-length");
  return head.request.method == "POST" && head.request.path == kLoginPath && head.has_body &&
         !length.empty() && length.size() <= 4 &&
         MediaTypeOf(HeaderOf(head, "content-type")) == kFormType && IsOfThisSite(head);
}

std::optional<ApiResponse> ApiGate::AnswerStranger(ApiHead* head) {
  const ApiRequest& request = head->request;
  const bool logs_out =
      request.method == "POST" && request.path == kLogoutPath && IsOfThisSite(*head);
  const bool logs_in = IsLoginForm(*head);
  const bool shows_nothing =
      HeaderOf(*head, "authorization").empty() && SessionOf(HeaderOf(*head, "cookie")).empty();
  if (!logs_in && !logs_out && !(shows_nothing && WantsPage(*head))) return std::nullopt;
  if (!requests_.Take("from " + request.remote_address, io_->now().mono)) {
    return TooMany("too many requests from this address");
  }
  if (logs_out) {
    users_->EndSession(SessionOf(HeaderOf(*head, "cookie")), io_->now().wall);
    return LoginDone("", "/");
  }
  if (!logs_in) return LoginForm(401, head->target, "");
  if (refusals_.Blocked(request.remote_address, io_->now().mono)) {
    return LoginForm(429, "/", kTooManyTokens);
  }
  head->is_login = true;
  return std::nullopt;
}

ApiResponse ApiGate::LogIn(const ApiHead& head) {
  const Login login = ReadLogin(head.request.body);
  const WallTime now = io_->now().wall;
  const Result<ApiUser> user = users_->OfToken(login.token, now);
  if (!user.ok()) {
    if (CountRefusal(head, user.status().message()))
      return LoginForm(401, login.next, kNoSuchToken);
    return LoginForm(429, login.next, kTooManyTokens);
  }
  const Result<std::string> session = users_->BeginSession(login.token, now);
  if (!session.ok()) return RefusalResponse(503, session.status().message());
  LogInfo("audit", {{"event", "logged in to the page"},
                    {"user", user->name},
                    {"address", head.request.remote_address}});
  return LoginDone(*session, login.next);
}

std::optional<ApiResponse> ApiGate::Refuse(const std::string& chain_pem, Place* place,
                                           ApiHead* head) {
  ApiRequest& request = head->request;
  if (chain_pem.empty()) {
    const std::optional<ApiResponse> answer = AnswerStranger(head);
    if (answer || head->is_login) return answer;
  }
  Result<ApiUser> user = IdentifyOn(chain_pem, *head, place);
  if (user.ok() && IsBySession(chain_pem, *head) && !MayUseSession(*head)) {
    user = InvalidError("a session is for the page's own requests alone");
  }
  if (!user.ok()) {
    const bool shows_nothing = chain_pem.empty() && HeaderOf(*head, "authorization").empty() &&
                               SessionOf(HeaderOf(*head, "cookie")).empty();
    const bool may = shows_nothing && !head->has_body && IsPublic(request.method, request.path);
    if (!may) return Unauthorized(*head, user.status().message());
    // No user's name has a blank.
    if (requests_.Take("from " + request.remote_address, io_->now().mono)) return std::nullopt;
    return TooMany("too many requests from this address");
  }
  request.user = std::move(user).value();
  request.by_session = IsBySession(chain_pem, *head);
  std::optional<ApiResponse> refusal = RefuseUser(place, head);
  if (refusal && request.method != "GET" && request.method != "HEAD") {
    LogInfo("audit",
            {{"event", request.method + " " + std::string(CutUtf8(request.path, kMaxLoggedBytes))},
             {"user", request.user->name},
             {"address", request.remote_address},
             {"code", std::to_string(refusal->code)}});
  }
  return refusal;
}

std::optional<ApiResponse> ApiGate::RefuseUser(Place* place, ApiHead* head) {
  ApiRequest& request = head->request;
  // A page of somebody else's that a browser with a certificate of ours shows: whatever it asks for
  // is not what its user asked for.
  // Older browsers say of what page it is with forms alone.
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!IsOfThisSite(*head) || (!reads && IsOfAnotherSite(*head))) {
    return RefusalResponse(403, "requests that other sites make in a browser are not served");
  }
  const std::string& name = request.user->name;
  if (Impersonates(*head)) {
    return RefusalResponse(403, "user " + name +
                                    " cannot ask as somebody else (--as): that is not served here. "
                                    "`reconcile kubeconfig --user NAME --role ROLE`, on the "
                                    "controller's host, writes a kubeconfig of another user");
  }
  if (!place->BecomeOf(name, options_.max_connections_of_user)) {
    return TooMany("too many connections of user " + name);
  }
  if (!requests_.Take(name, io_->now().mono)) return TooMany("too many requests of user " + name);
  if (request.upgrade == "websocket" && IsOfAnotherSite(*head)) {
    return RefusalResponse(403, "a WebSocket is not opened for a page of another site");
  }
  request.accept = HeaderOf(*head, "accept");
  request.accept_encoding = HeaderOf(*head, "accept-encoding");
  request.last_event_id = HeaderOf(*head, "last-event-id");
  request.content_type = MediaTypeOf(HeaderOf(*head, "content-type"));
  // As in Kubernetes: `kubectl create --raw` names no type.
  if (request.content_type.empty()) request.content_type = "application/json";
  // Older clients take nothing but protobuf for that one.
  const bool takes_events =
      request.accept == "text/event-stream" && request.path.ends_with("/live");
  if (request.path != "/openapi/v2" && !takes_events && !AcceptsJson(request.accept)) {
    return RefusalResponse(406, "only application/json is spoken here, of: " +
                                    std::string(CutUtf8(request.accept, kMaxLoggedBytes)));
  }
  if (head->has_body && !IsKnownBodyType(request.content_type)) {
    return RefusalResponse(415, "a body of type \"" +
                                    std::string(CutUtf8(request.content_type, kMaxLoggedBytes)) +
                                    "\" is not read here; send application/json");
  }
  return std::nullopt;
}

bool ApiGate::StillHolds(const std::string& chain_pem, const ApiHead& head) const {
  if (!head.request.user) return true;
  const Result<ApiUser> user = Identify(chain_pem, head);
  return user.ok() && *user == *head.request.user;
}

void ApiGate::OnBadRequest(const std::string& remote_address, int code, const std::string& why) {
  const MonoTime now = io_->now().mono;
  if (refusals_.Blocked(remote_address, now)) return;
  refusals_.Refused(remote_address, now);
  LogWarning("audit", {{"event", "bad request"},
                       {"address", remote_address},
                       {"why", std::to_string(code) + ": " + why}});
}

}  // namespace reconcile
