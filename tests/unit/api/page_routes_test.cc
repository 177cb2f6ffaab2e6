#include "api/page_routes.h"

#include <gtest/gtest.h>

#include "api/page_assets.h"
#include "sim/virtual_loop.h"
#include "store/memory_store.h"

namespace reconcile {
namespace {

std::string HeaderOf(const ApiResponse& answer, const std::string& name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name) return value;
  }
  return "";
}

class PageRoutesTest : public testing::Test {
 protected:
  std::optional<ApiResponse> Ask(const std::string& path, const std::string& encoding = "") {
    ApiRequest request;
    request.method = "GET";
    request.path = path;
    request.accept_encoding = encoding;
    return HandlePage(&feed_, request);
  }
  VirtualTime time_;
  VirtualLoop loop_{&time_};
  MemoryStore store_;
  LiveFeed feed_{&store_, &loop_, [] { return std::string("{}"); }};
};

TEST_F(PageRoutesTest, OneDocumentForAllViews) {
  const auto page = Ask("/");
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(Ask("/ui/pods/default/web-1")->body, page->body);
  EXPECT_EQ(page->body.find("{{"), std::string::npos);
  EXPECT_FALSE(Ask("/api/v1/pods").has_value());
  EXPECT_FALSE(Ask("/uilib").has_value());
}

TEST_F(PageRoutesTest, Faults21ThePolicyAllowsNothingButItsOwnFiles) {
  const auto page = Ask("/");
  const std::string policy = HeaderOf(*page, "Content-Security-Policy");
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(policy.find("script-src 'self'"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  // Nothing that the policy would have to allow for.
  for (const char* forbidden :
       {"<script>", " onclick=", "style=\"", "javascript:", "http://", "https://"}) {
    EXPECT_EQ(page->body.find(forbidden), std::string::npos) << forbidden;
  }
}

TEST_F(PageRoutesTest, AllThatTheDocumentNamesIsThere) {
  const std::string body = Ask("/")->body;
  int files = 0;
  for (size_t at = body.find("/assets/"); at != std::string::npos;
       at = body.find("/assets/", at + 1)) {
    const std::string path = body.substr(at, body.find('"', at) - at);
    const auto file = Ask(path);
    ASSERT_EQ(file->code, 200) << path;
    EXPECT_NE(file->cache_control.find("immutable"), std::string::npos);
    ++files;
  }
  EXPECT_GT(files, 5);
  EXPECT_EQ(Ask("/assets/" + std::string(PageAssetsVersion()) + "/none.js")->code, 404);
  EXPECT_EQ(Ask("/assets/old/app.js")->cache_control, "no-store");
}

TEST_F(PageRoutesTest, CompressesForWhoCanRead) {
  const std::string path = "/assets/" + std::string(PageAssetsVersion()) + "/app.js";
  const auto plain = Ask(path);
  const auto packed = Ask(path, "gzip, deflate, br");
  EXPECT_EQ(HeaderOf(*plain, "Content-Encoding"), "");
  EXPECT_EQ(HeaderOf(*packed, "Content-Encoding"), "gzip");
  EXPECT_LT(packed->body.size(), plain->body.size() / 2);
  EXPECT_EQ(packed->body.substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(HeaderOf(*Ask(path, "br;q=1, GZIP;q=0.5"), "Content-Encoding"), "gzip");
  for (const char* refuses : {"gzip;q=0, br", "gzip; q=0.0", "x-gzip-like", "identity"}) {
    const auto answer = Ask(path, refuses);
    EXPECT_EQ(HeaderOf(*answer, "Content-Encoding"), "") << refuses;
    EXPECT_EQ(HeaderOf(*answer, "Vary"), "Accept-Encoding") << refuses;
    EXPECT_EQ(answer->body, plain->body) << refuses;
  }
}

// What is read before anything is shown: the whole page is wanted within 200 KB.
TEST_F(PageRoutesTest, WeighsLittle) {
  size_t bytes = 0;
  for (const char* name :
       {"index.html", "icon.svg", "style.css", "views.css", "theme.js", "app.js", "feed.js",
        "dom.js", "state.js", "overview.js", "usage.js", "applications.js", "object.js", "logs.js",
        "lastchange.js", "yaml.js", "history.js", "plan.js", "resources.js"}) {
    const PageAsset* const asset = FindPageAsset(name);
    ASSERT_NE(asset, nullptr) << name;
    bytes += asset->gzip.size();
  }
  EXPECT_LE(bytes, 200'000U);
}

TEST_F(PageRoutesTest, LiveStreamsNeedARevision) {
  ApiRequest request;
  request.method = "GET";
  request.path = "/apis/reconcile.dev/v1/live";
  request.query["after"] = "seven";
  EXPECT_EQ(HandlePage(&feed_, request)->code, 400);
  request.query["after"] = "7";
  const auto answer = HandlePage(&feed_, request);
  EXPECT_EQ(answer->content_type, "text/event-stream");
  EXPECT_TRUE(answer->stream);
  request.path = "/apis/reconcile.dev/v1/namespaces/shop/live";
  EXPECT_TRUE(HandlePage(&feed_, request)->stream);
}

TEST(PageLoginTest, TheFormLeadsNowhereElse) {
  for (const char* next : {"//evil.example", "https://evil.example", "/ui\\evil",
                           "/ui/a\r\nSet-Cookie: x", "/login", "//evil?/ui/"}) {
    const ApiResponse form = LoginForm(401, next, "");
    EXPECT_NE(form.body.find("name=\"next\" value=\"/\""), std::string::npos) << next;
  }
  const ApiResponse form = LoginForm(401, "/ui/a\"><script>", "<b>why</b>");
  EXPECT_EQ(form.code, 401);
  EXPECT_EQ(form.body.find("<script>"), std::string::npos);
  EXPECT_NE(form.body.find("&lt;b&gt;why"), std::string::npos);
  EXPECT_NE(HeaderOf(form, "Content-Security-Policy").find("style-src 'sha256-"),
            std::string::npos);
}

TEST(PageLoginTest, ReadsWhatTheFormPosts) {
  const Login login = ReadLogin("next=%2Fui%2Fhistory&token=rcu1.00ff");
  EXPECT_EQ(login.token, "rcu1.00ff");
  EXPECT_EQ(login.next, "/ui/history");
  EXPECT_EQ(ReadLogin("token=a%0d%0aSet-Cookie").token, "");
  EXPECT_EQ(ReadLogin("token=a;b").token, "");
  EXPECT_EQ(ReadLogin("token=a&next=%2F%2Fevil").next, "/");
  EXPECT_EQ(ReadLogin(std::string(5'000, 'a')).token, "");
}

TEST(PageLoginTest, TheCookieIsForThisOriginAndNoScript) {
  const ApiResponse done = LoginDone("rcu1.00", "/ui/plan");
  EXPECT_EQ(done.code, 303);
  EXPECT_EQ(HeaderOf(done, "Location"), "/ui/plan");
  EXPECT_EQ(HeaderOf(done, "Set-Cookie"),
            "__Host-reconcile=rcu1.00; Path=/; Secure; HttpOnly; SameSite=Strict");
  EXPECT_NE(HeaderOf(LoginDone("", "/"), "Set-Cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(SessionOf("a=b; __Host-reconcile=rcu1.00; c=d"), "rcu1.00");
  EXPECT_EQ(SessionOf("x__Host-reconcile=1"), "");
  EXPECT_EQ(SessionOf("__Host-reconcile2=1"), "");
}

}  // namespace
}  // namespace reconcile
