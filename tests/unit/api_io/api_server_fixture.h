#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "api/api_server.h"
#include "api/refusal.h"
#include "api/routes.h"
#include "api/user_registry.h"
#include "link/enrollment.h"
#include "tests/unit/api_io/raw_tls.h"
#include "tests/unit/link_tls/tls_link.h"

namespace reconcile {

// The API's port on loopback, its handlers on a loop's thread.
class ApiServerTest : public testing::Test {
 protected:
  ApiServerTest() {
    enrollment_ = std::move(Enrollment::Open(folder_.path() + "/ca", &random_, now())).value();
    users_ =
        std::move(UserRegistry::Open(folder_.path() + "/users", enrollment_.get(), &user_random_))
            .value();
    options_.port = 0;
    options_.names = {"127.0.0.1"};
  }
  // While all that the handlers use is there.
  void TearDown() override {
    server_.reset();
    loop_.End();
  }
  static WallTime now() { return ReadSystemClock().wall; }
  // As it is asked, of whoever the port let in.
  void ServeAll(const ApiRoute& route) {
    auto started = ApiServer::Start(options_, loop_.loop(), enrollment_.get(), users_.get(),
                                    [this, route](const ApiRequest& request) {
                                      ++routed_;
                                      return route(request);
                                    });
    ASSERT_TRUE(started.ok()) << started.status().ToString();
    server_ = std::move(started).value();
  }
  // Of whoever may, too.
  void Serve(const ApiRoute& route = [](const ApiRequest& request) {
    ApiResponse answer;
    answer.content_type = "text/plain";
    answer.body = request.method + " " + request.path + " " + request.body;
    return answer;
  }) {
    ServeAll([route](const ApiRequest& request) { return ServeUser(request, route); });
  }
  // A stream that the test writes into; on the loop.
  ApiRoute Streams(bool begins_at_once, const std::string& too_slow) {
    return [this, begins_at_once, too_slow](const ApiRequest&) {
      ApiResponse answer;
      answer.begins_at_once = begins_at_once;
      answer.too_slow = too_slow;
      answer.stream = [this](const LogSink& sink) {
        sink_ = sink;
        ++streams_;
        return StreamHandle([this] { ++cancelled_; }, [this](size_t bytes) { taken_ += bytes; });
      };
      return answer;
    };
  }
  void Say(const std::string& text) {
    loop_.Do([&] { sink_.on_data(text); });
  }
  KeyPair User(const std::string& name, const std::vector<std::string>& groups,
               int64_t life_ms = 3'600'000) {
    const KeyAndRequest request = *MakeKeyAndRequest();
    return {*enrollment_->IssueUser(name, groups, request.request_pem, life_ms, now()),
            request.private_key_pem};
  }
  KeyPair Admin() { return User("root", {"reconcile:admin"}); }
  int Ask(const std::string& request, const KeyPair* identity = nullptr) {
    return RawTls(server_->port(), identity).connected()
               ? AskRaw(server_->port(), request, identity).code()
               : -1;
  }

  static constexpr const char* kPods =
      "GET /api/v1/pods HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n";
  static constexpr const char* kHealth =
      "GET /healthz HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n";

  LinkFolder folder_;
  SystemRandom random_;
  SystemRandom user_random_;
  LoopThread loop_;
  std::unique_ptr<Enrollment> enrollment_;
  std::unique_ptr<UserRegistry> users_;
  ApiServerOptions options_;
  std::atomic<int> routed_ = 0;
  std::atomic<int> streams_ = 0;
  std::atomic<int> cancelled_ = 0;
  std::atomic<size_t> taken_ = 0;
  LogSink sink_;  // the loop's
  std::unique_ptr<ApiServer> server_;
};

inline std::string WithToken(const std::string& token) {
  return "GET /api/v1/pods HTTP/1.1\r\nHost: c\r\nConnection: close\r\nAuthorization: Bearer " +
         token + "\r\n\r\n";
}

}  // namespace reconcile
