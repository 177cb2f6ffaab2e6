#include "api/page_routes.h"

#include <algorithm>
#include <charconv>

#include "api/media_type.h"
#include "api/page_assets.h"
#include "api/refusal.h"
#include "base/digest.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types "
    "'none'";
constexpr std::string_view kOwnPrefix = "/apis/reconcile.dev/v1/";
constexpr std::string_view kNamespaces = "namespaces/";
constexpr std::string_view kLive = "live";
constexpr size_t kMaxFormBytes = 4096;
constexpr size_t kMaxNextBytes = 1024;

void AddPolicy(std::string_view policy, ApiResponse* answer) {
  answer->headers.push_back({"Content-Security-Policy", std::string(policy)});
  answer->headers.push_back({"Referrer-Policy", "no-referrer"});
  answer->headers.push_back({"X-Frame-Options", "DENY"});
  answer->headers.push_back({"Cross-Origin-Opener-Policy", "same-origin"});
  answer->headers.push_back({"Cross-Origin-Resource-Policy", "same-origin"});
}

ApiResponse AssetAnswer(const PageAsset& asset, bool gzip) {
  ApiResponse answer;
  answer.content_type = std::string(asset.content_type);
  answer.body = std::string(gzip ? asset.gzip : asset.bytes);
  if (gzip) answer.headers.push_back({"Content-Encoding", "gzip"});
  answer.headers.push_back({"Vary", "Accept-Encoding"});
  AddPolicy(kPolicy, &answer);
  return answer;
}

bool TakesGzip(std::string_view accept_encoding) {
  const auto ranges = ParseAccept(accept_encoding);  // its grammar is Accept's (RFC 9110, 12.5.3)
  return std::any_of(ranges.begin(), ranges.end(),
                     [](const MediaRange& range) { return range.type == "gzip"; });
}

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string DecodeFormField(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
                           HexDigit(text[i + 2]) >= 0;
    if (is_escape) {
      decoded += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

// Of the one style that the form has: no other is allowed there.
std::string StyleSource(std::string_view document) {
  constexpr std::string_view kBegin = "<style>";
  const size_t begin = document.find(kBegin) + kBegin.size();
  const size_t end = document.find("</style>", begin);
  return "'sha256-" + EncodeBase64(Sha256(document.substr(begin, end - begin))) + "'";
}

// Tokens are words; whatever else was typed is none.
bool IsCookieValue(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

// Nothing that leads elsewhere, or into a header's next line.
std::string PageOr(std::string_view next) {
  const bool is_plain = next.size() <= kMaxNextBytes &&
                        IsPagePath(next.substr(0, next.find('?'))) &&
                        std::all_of(next.begin(), next.end(),
                                    [](char c) { return c > ' ' && c < 0x7f && c != '\\'; });
  return is_plain ? std::string(next) : "/";
}

ApiResponse LiveAnswer(LiveFeed* feed, const ApiRequest& request, std::string_view namespace_name) {
  LiveRequest live;
  live.namespace_name = std::string(namespace_name);
  std::string after = request.Query("after");
  if (after.empty()) after = request.last_event_id;
  const auto read = std::from_chars(after.data(), after.data() + after.size(), live.after);
  if (!after.empty() && (read.ec != std::errc() || read.ptr != after.data() + after.size())) {
    return RefusalResponse(400, "after: \"" + after + "\" is no revision");
  }
  ApiResponse answer;
  answer.content_type = "text/event-stream";
  answer.begins_at_once = true;
  answer.stream = [feed, live](const LogSink& sink) { return feed->Open(live, sink); };
  return answer;
}

}  // namespace

bool IsPagePath(std::string_view path) {
  return path == "/" || path == "/ui" || path.starts_with("/ui/");
}

std::optional<ApiResponse> HandlePage(LiveFeed* feed, const ApiRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  const std::string_view path = request.path;
  const bool gzip = TakesGzip(request.accept_encoding);
  if (IsPagePath(path)) return AssetAnswer(*FindPageAsset("index.html"), gzip);
  constexpr std::string_view kAssets = "/assets/";
  if (path.starts_with(kAssets)) {
    const std::string_view rest = path.substr(kAssets.size());
    const size_t slash = rest.find('/');
    const PageAsset* asset =
        slash == std::string_view::npos ? nullptr : FindPageAsset(rest.substr(slash + 1));
    if (asset == nullptr) return RefusalResponse(UnknownPath());
    ApiResponse answer = AssetAnswer(*asset, gzip);
    const bool is_newest = rest.substr(0, slash) == PageAssetsVersion();
    if (is_newest) answer.cache_control = "private, max-age=31536000, immutable";
    return answer;
  }
  if (!path.starts_with(kOwnPrefix)) return std::nullopt;
  const std::string_view own = path.substr(kOwnPrefix.size());
  if (own == kLive) return LiveAnswer(feed, request, "");
  if (!own.starts_with(kNamespaces)) return std::nullopt;
  const std::string_view rest = own.substr(kNamespaces.size());
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos || rest.substr(slash + 1) != kLive) return std::nullopt;
  return LiveAnswer(feed, request, rest.substr(0, slash));
}

ApiResponse LoginForm(int code, std::string_view next, std::string_view why) {
  const PageAsset* form = FindPageAsset("login.html");
  std::string text(form->bytes);
  const auto fill = [&text](std::string_view mark, const std::string& value) {
    const size_t at = text.find(mark);
    if (at != std::string::npos) text.replace(at, mark.size(), value);
  };
  fill("{{next}}", EscapeHtml(PageOr(next)));
  fill("{{why}}", EscapeHtml(why));
  ApiResponse answer;
  answer.code = code;
  answer.content_type = std::string(form->content_type);
  answer.body = std::move(text);
  AddPolicy("default-src 'none'; style-src " + StyleSource(form->bytes) +
                "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            &answer);
  return answer;
}

std::string_view SessionOf(std::string_view cookie_header) {
  while (!cookie_header.empty()) {
    const size_t end = std::min(cookie_header.find_first_of(";,"), cookie_header.size());
    std::string_view pair = cookie_header.substr(0, end);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.size() > kSessionCookie.size() && pair.starts_with(kSessionCookie) &&
        pair[kSessionCookie.size()] == '=') {
      return pair.substr(kSessionCookie.size() + 1);
    }
    cookie_header.remove_prefix(std::min(end + 1, cookie_header.size()));
  }
  return {};
}

Login ReadLogin(std::string_view body) {
  Login login;
  if (body.size() > kMaxFormBytes) return login;
  login.next = "/";
  while (!body.empty()) {
    const size_t end = std::min(body.find('&'), body.size());
    const std::string_view pair = body.substr(0, end);
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos) {
      const std::string value = DecodeFormField(pair.substr(equals + 1));
      if (pair.substr(0, equals) == "token" && IsCookieValue(value)) login.token = value;
      if (pair.substr(0, equals) == "next") login.next = PageOr(value);
    }
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return login;
}

ApiResponse LoginDone(std::string_view session, std::string_view next) {
  ApiResponse answer;
  answer.code = 303;
  answer.content_type = "text/plain";
  answer.headers.push_back({"Location", PageOr(next)});
  std::string cookie = std::string(kSessionCookie) + "=" + std::string(session) +
                       "; Path=/; Secure; HttpOnly; SameSite=Strict";
  cookie += session.empty() ? "; Max-Age=0" : "";
  answer.headers.push_back({"Set-Cookie", cookie});
  return answer;
}

}  // namespace reconcile
