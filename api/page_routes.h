#pragma once

#include <optional>

#include "api/http.h"
#include "api/live_feed.h"

namespace reconcile {

// The status page: one document for all of its views, which its scripts tell apart.
//   GET /, /ui, /ui/...                                   the document
//   GET /assets/VERSION/NAME                              what it consists of
//   GET /apis/reconcile.dev/v1[/namespaces/NS]/live       api/live_feed.h; `after`: a revision
// Nothing for other requests. Loop thread only.
std::optional<ApiResponse> HandlePage(LiveFeed* feed, const ApiRequest& request);

// The form in which a stranger who asks for the page says who it is; it is posted to kLoginPath.
// `next` is the path that was asked for. A plain document, without a script.
inline constexpr std::string_view kLoginPath = "/login";
inline constexpr std::string_view kLogoutPath = "/logout";
ApiResponse LoginForm(int code, std::string_view next, std::string_view why);
// Whether `path` is one of the page's documents: what a browser's user asks for.
bool IsPagePath(std::string_view path);

// The cookie that keeps a browser's session (api/page_session.h), HttpOnly and for this host alone,
// with all its ports.
inline constexpr std::string_view kSessionCookie = "__Host-reconcile";
// The session in a Cookie header; empty when there is none.
std::string_view SessionOf(std::string_view cookie_header);
// What the login form posts (application/x-www-form-urlencoded).
struct Login {
  std::string token;
  std::string next;  // a path of the page, always
};
Login ReadLogin(std::string_view body);
// To `next`, with the session kept; an empty one is forgotten.
ApiResponse LoginDone(std::string_view session, std::string_view next);

}  // namespace reconcile
