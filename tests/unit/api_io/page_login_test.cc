// The page's login at the API's port: what strangers are shown, and what a session is good for.
#include <gtest/gtest.h>

#include "api/page_session.h"
#include "tests/unit/api_io/api_server_fixture.h"

namespace reconcile {
namespace {

class PageLoginServerTest : public ApiServerTest {
 protected:
  PageLoginServerTest() {
    options_.max_refusals_per_minute = 8;
    ServeAll([](const ApiRequest& request) {
      ApiResponse answer;
      answer.body = request.user->name + " " + request.method;
      return answer;
    });
  }
  RawAnswer Ask(const std::string& head, const std::string& body = "") {
    const std::string length =
        body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return AskRaw(server_->port(),
                  head + "Host: c\r\nConnection: close\r\n" + length + "\r\n" + body, nullptr);
  }
  std::string Cookie() const { return CookieOf(session_); }
  static std::string CookieOf(const std::string& session) {
    return "Cookie: __Host-reconcile=" + session + "\r\n";
  }

  static constexpr const char* kForm = "Content-Type: application/x-www-form-urlencoded\r\n";

  const std::string token_ = *users_->IssueToken({"anna", {"reconcile:operate"}}, now());
  const std::string session_ = *users_->BeginSession(token_, now());
};

TEST_F(PageLoginServerTest, StrangersAreShownTheFormAndNothingElse) {
  for (const char* path : {"/", "/ui/pods/default/a"}) {
    const RawAnswer answer = Ask("GET " + std::string(path) + " HTTP/1.1\r\n");
    EXPECT_EQ(answer.code(), 401);
    EXPECT_NE(answer.text.find("<form method=\"post\" action=\"/login\">"), std::string::npos);
    EXPECT_EQ(answer.text.find("/assets/"), std::string::npos);
  }
  EXPECT_EQ(Ask("GET /assets/x/app.js HTTP/1.1\r\n").code(), 401);
  EXPECT_EQ(Ask("GET /apis/reconcile.dev/v1/live HTTP/1.1\r\n").code(), 401);
  EXPECT_EQ(routed_, 0);
}

TEST_F(PageLoginServerTest, ATokenBecomesASession) {
  const std::string post = "POST /login HTTP/1.1\r\n" + std::string(kForm);
  const RawAnswer in = Ask(post, "token=" + token_ + "&next=%2Fui%2Fplan");
  EXPECT_EQ(in.code(), 303);
  EXPECT_NE(in.text.find("Location: /ui/plan\r\n"), std::string::npos);
  const std::string set = "Set-Cookie: __Host-reconcile=";
  const size_t at = in.text.find(set);
  ASSERT_NE(at, std::string::npos);
  const size_t value_at = at + set.size();
  const std::string session = in.text.substr(value_at, in.text.find(';', value_at) - value_at);
  EXPECT_TRUE(in.text.substr(value_at + session.size()).starts_with("; Path=/; Secure; HttpOnly"));
  EXPECT_EQ(in.text.find(token_), std::string::npos) << "other ports of the host see the cookie";
  EXPECT_EQ(routed_, 0);
  const RawAnswer page = Ask("GET / HTTP/1.1\r\n" + CookieOf(session));
  EXPECT_EQ(page.code(), 200);
  EXPECT_NE(page.text.find("anna GET"), std::string::npos);
  const RawAnswer out = Ask("POST /logout HTTP/1.1\r\n" + CookieOf(session));
  EXPECT_EQ(out.code(), 303);
  EXPECT_NE(out.text.find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(Ask("GET / HTTP/1.1\r\n" + CookieOf(session)).code(), 401) << "it was ended";
}

// The page offers to log out where there is something to end.
TEST_F(PageLoginServerTest, WhoAsksIsToldWhetherItIsByASession) {
  server_.reset();
  Serve();
  const auto who = [&](const std::string& shown, const KeyPair* identity) {
    return AskRaw(server_->port(),
                  "POST /apis/authentication.k8s.io/v1/selfsubjectreviews HTTP/1.1\r\nHost: c\r\n"
                  "Connection: close\r\nContent-Type: application/json\r\nX-Reconcile-Page: 1\r\n" +
                      shown + "Content-Length: 2\r\n\r\n{}",
                  identity)
        .text;
  };
  const std::string session = "\"extra\":{\"reconcile.dev/credential\":[\"session\"]}";
  const KeyPair admin = Admin();
  EXPECT_NE(who(Cookie(), nullptr).find(session), std::string::npos);
  for (const std::string& other : {who("Authorization: Bearer " + token_ + "\r\n", nullptr),
                                   who("", &admin), who(Cookie(), &admin)}) {
    EXPECT_NE(other.find("\"username\""), std::string::npos) << other;
    EXPECT_EQ(other.find("reconcile.dev/credential"), std::string::npos) << other;
  }
}

TEST_F(PageLoginServerTest, ASessionIsNoTokenAndATokenNoSession) {
  EXPECT_EQ(Ask("GET /api/v1/pods HTTP/1.1\r\nAuthorization: Bearer " + session_ + "\r\n").code(),
            401);
  EXPECT_EQ(Ask("GET / HTTP/1.1\r\n" + CookieOf(token_)).code(), 401);
  std::string longer = session_;  // its end a thousand years later
  longer.insert(longer.rfind('.'), "0");
  EXPECT_EQ(Ask("GET / HTTP/1.1\r\n" + CookieOf(longer)).code(), 401);
}

TEST_F(PageLoginServerTest, ASessionOutlivesTheProcess) {
  server_.reset();
  users_.reset();
  const auto again =
      UserRegistry::Open(folder_.path() + "/users", enrollment_.get(), &user_random_);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->OfSession(session_, now())->name, "anna");
  const WallTime next_day = {now().ms + kSessionLifeMs};
  EXPECT_FALSE((*again)->OfSession(session_, next_day).ok());
}

// A length that is not told would take the room of the largest body from everybody else.
TEST_F(PageLoginServerTest, Faults14AStrangersFormIsReadWhenItTellsItsLength) {
  EXPECT_EQ(
      Ask("POST /login HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + std::string(kForm)).code(),
      401);
}

TEST_F(PageLoginServerTest, Faults14WrongTokensAreCountedAndThenNotLookedAt) {
  const std::string post = "POST /login HTTP/1.1\r\n" + std::string(kForm);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(Ask(post, "token=rcu1.wrong").code(), 401);
  EXPECT_EQ(Ask(post, "token=rcu1.wrong").code(), 429);
  EXPECT_EQ(routed_, 0);
}

TEST_F(PageLoginServerTest, LargeFormsAreNotRead) {
  EXPECT_EQ(
      Ask("POST /login HTTP/1.1\r\n" + std::string(kForm) + "Content-Length: 100000\r\n").code(),
      401);
  EXPECT_EQ(Ask("POST /login HTTP/1.1\r\nContent-Type: application/json\r\n", "{}").code(), 401);
}

TEST_F(PageLoginServerTest, WhatAnotherSiteMakesABrowserSendIsRefused) {
  // Another site's page, in the browser of somebody who is logged in.
  const std::string cross = "Sec-Fetch-Site: cross-site\r\n";
  EXPECT_EQ(Ask("GET /api/v1/pods HTTP/1.1\r\n" + Cookie() + cross).code(), 401);
  EXPECT_EQ(Ask("POST /api/v1/a HTTP/1.1\r\nX-Reconcile-Page: 1\r\n" + Cookie() + cross).code(),
            401);
  EXPECT_EQ(Ask("POST /login HTTP/1.1\r\n" + std::string(kForm) + cross, "token=" + token_).code(),
            401);
  // An older browser, which says nothing of who asks: a form cannot add this header.
  EXPECT_EQ(Ask("POST /api/v1/a HTTP/1.1\r\n" + Cookie()).code(), 401);
  EXPECT_EQ(Ask("GET /api/v1/a HTTP/1.1\r\nUpgrade: websocket\r\n" + Cookie()).code(), 401);
  EXPECT_EQ(Ask("POST /api/v1/a HTTP/1.1\r\nOrigin: https://evil\r\nAuthorization: Bearer " +
                token_ + "\r\n")
                .code(),
            403);
  EXPECT_EQ(routed_, 0);
  EXPECT_EQ(Ask("POST /api/v1/a HTTP/1.1\r\nX-Reconcile-Page: 1\r\n" + Cookie()).code(), 200);
  EXPECT_EQ(Ask("GET /api/v1/a HTTP/1.1\r\nSec-Fetch-Site: same-origin\r\n" + Cookie()).code(),
            200);
}

TEST_F(PageLoginServerTest, ARevokedTokensSessionEnds) {
  ASSERT_TRUE(users_->Revoke("anna", now()).ok());
  const RawAnswer page = Ask("GET / HTTP/1.1\r\n" + Cookie());
  EXPECT_EQ(page.code(), 401);
  EXPECT_NE(page.text.find("Your session has ended"), std::string::npos);
}

}  // namespace
}  // namespace reconcile
