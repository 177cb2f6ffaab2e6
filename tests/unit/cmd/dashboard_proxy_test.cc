#include "cmd/dashboard_proxy.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <thread>

#include "base/check.h"
#include "tests/support/canned_server.h"

namespace reconcile {
namespace {

constexpr const char* kPage = "/ui/history?a=%2Fb";

std::string Controller(const std::string& request) {
  if (request == "GET /events") {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
           "id: 1\ndata: one\n\n" +
           std::string(CannedServer::kHang);
  }
  if (request == "GET /log") {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nline 1\n" +
           std::string(CannedServer::kHang);
  }
  if (request == "GET /cut") {
    return "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\nthe beginning";
  }
  if (request == "GET /none") return CannedServer::Reply("404 Not Found", "no such thing");
  return "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Security-Policy: default-src "
         "'none'\r\nSet-Cookie: controllers=1\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
}

// A proxy before a controller that says the above, and a browser.
class DashboardProxyTest : public testing::Test {
 protected:
  DashboardProxyTest() {
    Result<std::unique_ptr<DashboardProxy>> started =
        DashboardProxy::Start(controller_.socket_path(), 0);
    CHECK(started.ok());
    proxy_ = std::move(started).value();
    const std::string& url = proxy_->url();
    const size_t path = url.find('/', 7);
    host_ = url.substr(7, path - 7);
    link_ = url.substr(path);
    browser_ = std::make_unique<httplib::Client>("http://" + host_);
  }

  int port() const { return std::stoi(host_.substr(host_.find(':') + 1)); }
  // What the browser sends once it has opened the link.
  httplib::Headers Opened() {
    const httplib::Result answer = browser_->Get(link_);
    CHECK(answer && answer->status == 303);
    const std::string cookie = answer->get_header_value("Set-Cookie");
    return {{"Cookie", cookie.substr(0, cookie.find(';'))}};
  }
  int CodeOf(const std::string& path, const httplib::Headers& headers) {
    const httplib::Result answer = browser_->Get(path, headers);
    return answer ? answer->status : 0;
  }

  CannedServer controller_{Controller};
  std::unique_ptr<DashboardProxy> proxy_;
  std::string host_;  // "127.0.0.1:PORT"
  std::string link_;  // path and secret
  std::unique_ptr<httplib::Client> browser_;
};

TEST_F(DashboardProxyTest, TheLinkIsGoodOnceAndLeadsToThePage) {
  const httplib::Result first = browser_->Get(link_);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 303);
  EXPECT_EQ(first->get_header_value("Location"), "/");
  const std::string cookie = first->get_header_value("Set-Cookie");
  EXPECT_NE(cookie.find("HttpOnly; SameSite=Strict"), std::string::npos) << cookie;
  EXPECT_EQ(cookie.find(link_.substr(link_.find('=') + 1)), std::string::npos)
      << "who saw the link has no session of it";
  const httplib::Result second = browser_->Get(link_);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->status, 403);
  EXPECT_FALSE(second->has_header("Set-Cookie"));
}

TEST_F(DashboardProxyTest, AnotherSecretOpensNothingAndSpendsNothing) {
  EXPECT_EQ(CodeOf("/open?key=wrong", {}), 403);
  EXPECT_EQ(CodeOf("/open?key=", {}), 403);
  EXPECT_EQ(CodeOf("/open", {}), 403);
  EXPECT_EQ(CodeOf(link_, {}), 303);
}

TEST_F(DashboardProxyTest, ListensOnTheLoopbackAddressAlone) {
  EXPECT_EQ(host_.rfind("127.0.0.1:", 0), 0U);
  httplib::Client other("127.0.0.2", port());
  EXPECT_FALSE(other.Get(link_)) << "another address of this host answers";
}

TEST_F(DashboardProxyTest, PassesOnWhatTheControllerSays) {
  const httplib::Headers opened = Opened();
  const httplib::Result page = browser_->Get(kPage, opened);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(page->body, "ok");
  EXPECT_EQ(page->get_header_value("Content-Type"), "text/html");
  EXPECT_EQ(page->get_header_value("Content-Security-Policy"), "default-src 'none'");
  EXPECT_FALSE(page->has_header("Set-Cookie"));
  EXPECT_EQ(controller_.requests(), std::vector<std::string>{std::string("GET ") + kPage});
  EXPECT_EQ(CodeOf("/none", opened), 404);
}

TEST_F(DashboardProxyTest, WhoHasNotOpenedTheLinkIsRefused) {
  (void)Opened();
  EXPECT_EQ(CodeOf("/", {}), 403);
  EXPECT_EQ(CodeOf("/", {{"Cookie", "reconcile-dashboard="}}), 403);
  EXPECT_EQ(CodeOf("/", {{"Cookie", "reconcile-dashboard=0123456789abcdef"}}), 403);
  EXPECT_TRUE(controller_.requests().empty());
}

TEST_F(DashboardProxyTest, WhatAnotherSiteMadeTheBrowserSendIsRefused) {
  httplib::Headers opened = Opened();
  for (const auto& [name, value] :
       {std::pair("Sec-Fetch-Site", "cross-site"), std::pair("Sec-Fetch-Site", "same-site"),
        std::pair("Host", "rebound.example:80"), std::pair("Host", "localhost:80")}) {
    httplib::Headers headers = opened;
    headers.emplace(name, value);
    EXPECT_EQ(CodeOf("/", headers), 403) << name << ": " << value;
  }
  const httplib::Result form = browser_->Post("/apis/x", opened, "a=b", "text/plain");
  ASSERT_TRUE(form);
  EXPECT_EQ(form->status, 403);
  EXPECT_TRUE(controller_.requests().empty());
  opened.emplace("X-Reconcile-Page", "1");
  const httplib::Result ours = browser_->Post("/apis/x", opened, "a: b", "application/yaml");
  ASSERT_TRUE(ours);
  EXPECT_EQ(ours->status, 200);
  EXPECT_EQ(controller_.requests(), std::vector<std::string>{"POST /apis/x"});
}

TEST_F(DashboardProxyTest, TheLinkUnderAnotherNameIsRefused) {
  EXPECT_EQ(CodeOf(link_, {{"Host", "rebound.example"}}), 403);
  EXPECT_EQ(CodeOf(link_, {}), 303) << "and not spent by it";
}

TEST_F(DashboardProxyTest, EventsComeWhileTheirStreamGoesOn) {
  const httplib::Headers opened = Opened();
  std::string heard;
  const httplib::Result stream =
      browser_->Get("/events", opened, [&](const char* bytes, size_t size) {
        heard.append(bytes, size);
        return heard.find("\n\n") == std::string::npos;  // enough: the controller never ends it
      });
  EXPECT_EQ(heard, "id: 1\ndata: one\n\n");
  EXPECT_EQ(stream.error(), httplib::Error::Canceled);
}

TEST_F(DashboardProxyTest, LinesOfALogComeAsTheyAreWrittenToABrowserThatTakesThemCompressed) {
  httplib::Headers opened = Opened();
  opened.emplace("Accept-Encoding", "gzip, deflate, br");
  browser_->set_read_timeout(10, 0);
  std::string heard;
  (void)browser_->Get("/log", opened, [&](const char* bytes, size_t size) {
    heard.append(bytes, size);
    return heard.find('\n') == std::string::npos;
  });
  EXPECT_EQ(heard, "line 1\n");
}

TEST_F(DashboardProxyTest, EndsWhileAStreamIsOpen) {
  const httplib::Headers opened = Opened();
  std::thread ender;
  const httplib::Result stream = browser_->Get("/events", opened, [&](const char*, size_t) {
    if (!ender.joinable()) ender = std::thread([this] { proxy_.reset(); });
    return true;
  });
  ASSERT_TRUE(ender.joinable());
  ender.join();
  EXPECT_FALSE(stream) << "a stream that was cut is no whole answer";
}

TEST_F(DashboardProxyTest, WhatEndsTooSoonIsNoWholeAnswer) {
  EXPECT_EQ(CodeOf("/cut", Opened()), 0);
}

TEST(DashboardProxy, SaysThatTheControllerDoesNotAnswer) {
  const auto proxy = DashboardProxy::Start("/nonexistent/reconcile.sock", 0);
  ASSERT_TRUE(proxy.ok());
  const std::string& url = (*proxy)->url();
  const size_t path = url.find('/', 7);
  httplib::Client browser(url.substr(0, path));
  const httplib::Result opened = browser.Get(url.substr(path));
  ASSERT_TRUE(opened);
  const std::string cookie = opened->get_header_value("Set-Cookie");
  const httplib::Result page =
      browser.Get("/", httplib::Headers{{"Cookie", cookie.substr(0, cookie.find(';'))}});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 502);
  EXPECT_NE(page->body.find("/nonexistent/reconcile.sock"), std::string::npos) << page->body;
}

TEST(DashboardProxy, APortThatIsTakenIsAnErrorThatNamesIt) {
  const auto first = DashboardProxy::Start("/nonexistent/reconcile.sock", 0);
  ASSERT_TRUE(first.ok());
  const std::string& url = (*first)->url();
  const std::string port = url.substr(17, url.find('/', 17) - 17);
  const auto second =
      DashboardProxy::Start("/nonexistent/reconcile.sock", static_cast<uint16_t>(std::stoi(port)));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(second.status().message().find("127.0.0.1:" + port), std::string::npos);
}

}  // namespace
}  // namespace reconcile
