#include "api/webhook_routes.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {
namespace {

class WebhookRoutes : public testing::Test {
 protected:
  WebhookRoutes() {
    ControllerOptions options;
    SourceSpec spec{"https://git.example.org/shop.git", "", ""};
    spec.webhook = {{"/secret", "gitlab"}};
    options.sources = {{"shop", spec}};
    options.read_secret = [](const std::string&) { return Result<std::string>("token"); };
    controller_ =
        std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
    CHECK(controller_->Start().ok());
    handler_ = MakeWebhookHandler(controller_.get());
  }
  LinkHttpResponse Ask(const std::string& method, const std::string& path,
                       const std::string& token) {
    LinkHttpResponse got;
    got.code = 0;
    const std::string body = "{\"n\": " + std::to_string(++asked_) + "}";
    handler_({method, path, "192.0.2.1", {{"x-gitlab-token", token}}, body},
             [&](LinkHttpResponse response) { got = std::move(response); });
    return got;
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  InstantSource source_;
  FakeAgentLink link_;
  std::unique_ptr<Controller> controller_;
  LinkHttpHandler handler_;
  int asked_ = 0;
};

TEST_F(WebhookRoutes, TakeWhatIsPostedWithTheSecretAndNothingElse) {
  EXPECT_EQ(Ask("POST", "/hooks/shop", "token").code, 202);
  EXPECT_EQ(Ask("POST", "/hooks/shop", "guess").code, 401);
  EXPECT_EQ(Ask("POST", "/hooks/other", "token").code, 401);
  EXPECT_EQ(Ask("POST", "/hooks/", "token").code, 401);
  EXPECT_EQ(Ask("POST", "/hooks/shop/../../x", "token").code, 401);
  EXPECT_EQ(Ask("GET", "/hooks/shop", "token").code, 405);
  EXPECT_EQ(Ask("POST", "/healthz", "token").code, 404);
}

}  // namespace
}  // namespace reconcile
