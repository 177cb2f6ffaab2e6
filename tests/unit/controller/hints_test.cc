// When sources are looked at, and who may ask for it.
#include "base/digest.h"
#include "source/fake_source.h"
#include "source/source_settings.h"
#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {
namespace {

constexpr const char* kUrl = "https://git.example.org/shop.git";

class Hints : public testing::Test {
 protected:
  void Start(const std::function<void(SourceSpec*)>& change = [](SourceSpec*) {}) {
    ControllerOptions options;
    SourceSpec spec{kUrl, "", ""};
    change(&spec);
    options.sources = {{"shop", spec}};
    options.read_secret = [this](const std::string& path) -> Result<std::string> {
      if (path != "/secret") return InvalidError("no such file");
      return secret_;
    };
    controller_ =
        std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
    ASSERT_TRUE(controller_->Start().ok());
    time_.RunFor(100);
  }
  void Commit(const std::string& id, const std::string& text, const std::string& file = "a.yaml") {
    FetchedCommit commit;
    commit.id = id;
    commit.reference = "main";
    commit.files.push_back({file, id, std::make_shared<std::string>(text)});
    source_.SetCommit(kUrl, commit);
  }
  static std::string ConfigMapIn(const std::string& namespace_name) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: words, namespace: " + namespace_name +
           "}\n";
  }
  SourceStatus Shop() { return controller_->State()->Find<Source>("", "shop")->status; }
  std::string Ready() {
    const SourceStatus status = Shop();
    const Condition* ready = FindCondition(status.conditions, "Ready");
    return ready == nullptr ? "" : ready->reason + ": " + ready->message;
  }
  WebhookAnswer Post(const std::string& body, const std::string& source = "shop") {
    const std::string signature = "sha256=" + ToHex(HmacSha256(secret_, body));
    return controller_->TakeWebhook(source, {{"x-hub-signature-256", signature}}, body);
  }
  static void WithWebhook(SourceSpec* spec) { spec->webhook = {{"/secret", "github"}}; }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  FakeSource source_{&loop_};
  FakeAgentLink link_;
  std::string secret_ = "the webhook's secret";
  std::unique_ptr<Controller> controller_;
};

TEST_F(Hints, ARemoteSourceIsLookedAtInItsIntervalGiveOrTakeAFifth) {
  Commit("c1", ConfigMapIn("default"));
  source_.LoseHints(true);
  Start([](SourceSpec* spec) { spec->interval = "10s"; });
  const int before = source_.fetches();
  time_.RunFor(7'900);
  EXPECT_EQ(source_.fetches(), before);
  time_.RunFor(4'200);
  EXPECT_EQ(source_.fetches(), before + 1);
  time_.RunFor(1'000'000);
  EXPECT_GE(source_.fetches(), before + 80);
  EXPECT_LE(source_.fetches(), before + 125);
}

TEST_F(Hints, AServerThatFailsIsAskedLessAndLessButEveryFiveMinutes) {
  Commit("c1", ConfigMapIn("default"));
  source_.LoseHints(true);
  source_.FailFetches(kUrl, UnavailableError("no answer"), 1'000);
  Start();
  time_.RunFor(600'000);
  const int settled = source_.fetches();
  EXPECT_LE(settled, 12);
  time_.RunFor(3'600'000);
  EXPECT_GE(source_.fetches() - settled, 9);
  EXPECT_LE(source_.fetches() - settled, 16);
  EXPECT_EQ(Ready(), "FetchFailed: no answer");
}

TEST_F(Hints, Line24_AWebhookIsOnlyAHintToLookAndNeedsItsSignature) {
  Commit("c1", ConfigMapIn("default"));
  Start(WithWebhook);
  source_.LoseHints(true);
  time_.RunFor(kHintSpacingMs);
  Commit("c2", ConfigMapIn("default") + "data: {a: b}\n");
  const int before = source_.fetches();
  EXPECT_EQ(controller_->TakeWebhook("shop", {}, "{}").code, 401);
  EXPECT_EQ(controller_->TakeWebhook("shop", {{"x-hub-signature-256", "sha256=00"}}, "{}").code,
            401);
  time_.RunFor(100);
  EXPECT_EQ(source_.fetches(), before);
  EXPECT_EQ(Post("{}").code, 202);
  time_.RunFor(100);
  EXPECT_EQ(Shop().applied_commit, "c2");
  EXPECT_EQ(Post("{}").code, 409);
}

TEST_F(Hints, Line24_SourcesWithoutAWebhookAnswerAsThoseThatDoNotExist) {
  Commit("c1", ConfigMapIn("default"));
  Start();
  const WebhookAnswer without = Post("{}");
  const WebhookAnswer nobody = Post("{}", "nobody");
  EXPECT_EQ(without.code, 401);
  EXPECT_EQ(nobody.code, 401);
  EXPECT_EQ(without.text, nobody.text);
}

TEST_F(Hints, AWebhookWhoseSecretCannotBeReadIsRefused) {
  Commit("c1", ConfigMapIn("default"));
  Start([](SourceSpec* spec) { spec->webhook = {{"/elsewhere", "github"}}; });
  EXPECT_EQ(Post("{}").code, 401);
}

TEST_F(Hints, AStormOfWebhooksIsAFewLooks) {
  Commit("c1", ConfigMapIn("default"));
  Start([](SourceSpec* spec) {
    WithWebhook(spec);
    spec->interval = "1h";
  });
  source_.LoseHints(true);
  const int before = source_.fetches();
  constexpr int kSeconds = 10;
  for (int i = 0; i < 100 * kSeconds; ++i) {
    EXPECT_EQ(Post("{\"n\": " + std::to_string(i) + "}").code, 202);
    time_.RunFor(10);
  }
  time_.RunFor(2 * kHintSpacingMs);
  EXPECT_LE(source_.fetches() - before, kSeconds * 1000 / kHintSpacingMs + kHintBurst + 1);
  EXPECT_GE(source_.fetches() - before, 3);
}

TEST_F(Hints, PushesCloseTogetherAreEachLookedAtWhenTheyCome) {
  Commit("c0", ConfigMapIn("default"));
  Start([](SourceSpec* spec) {
    WithWebhook(spec);
    spec->interval = "1h";
  });
  source_.LoseHints(true);
  const auto push = [&](int64_t number) {
    const std::string id = "c" + std::to_string(number);
    Commit(id, ConfigMapIn("default") + "data: {a: " + id + "}\n");
    EXPECT_EQ(Post("{\"after\": \"" + id + "\"}").code, 202);
    time_.RunFor(100);
    return Shop().applied_commit == id;
  };
  for (int64_t i = 1; i <= kHintBurst; ++i) EXPECT_TRUE(push(i)) << i;
  EXPECT_FALSE(push(kHintBurst + 1)) << "a storm waits";
  time_.RunFor(kHintSpacingMs);
  EXPECT_EQ(Shop().applied_commit, "c" + std::to_string(kHintBurst + 1));
}

TEST_F(Hints, ASuspendedSourceIsLeftAlone) {
  Commit("c1", ConfigMapIn("default"));
  Start([](SourceSpec* spec) {
    WithWebhook(spec);
    spec->suspend = true;
  });
  EXPECT_EQ(Post("{}").code, 202);
  EXPECT_EQ(controller_->Sync("shop").code(), StatusCode::kInvalid);
  EXPECT_TRUE(controller_->Sync("").ok());
  time_.RunFor(120'000);
  EXPECT_EQ(source_.fetches(), 0);
  EXPECT_EQ(controller_->Unconverged(), std::vector<std::string>());
  ASSERT_EQ(controller_->Notes().size(), 1U);
  EXPECT_TRUE(controller_->Notes()[0].starts_with("source shop: suspended"));
}

TEST_F(Hints, WhatASourceDeclaredStaysWhenItIsSuspended) {
  Commit("c1", ConfigMapIn("default"));
  Start();
  EXPECT_EQ(Shop().applied_reference, "main");
  controller_.reset();
  Start([](SourceSpec* spec) { spec->suspend = true; });
  Commit("c2", ConfigMapIn("default") + "data: {a: b}\n");
  time_.RunFor(60'000);
  EXPECT_EQ(Shop().applied_commit, "c1");
  EXPECT_NE(controller_->State()->Find<ConfigMap>("default", "words"), nullptr);
}

TEST_F(Hints, ObjectsInOtherNamespacesAreProblemsWithTheirPlace) {
  Commit("c1", ConfigMapIn("default"));
  Start([](SourceSpec* spec) { spec->namespaces = {"default", "shop"}; });
  EXPECT_EQ(Shop().applied_commit, "c1");
  Commit("c2", "---\n" + ConfigMapIn("other"), "deep/b.yaml");
  time_.RunFor(100);
  EXPECT_EQ(Shop().applied_commit, "c1");
  EXPECT_TRUE(Ready().starts_with("InvalidCommit: commit c2: deep/b.yaml:")) << Ready();
  EXPECT_NE(Ready().find("namespace other is not this source's"), std::string::npos) << Ready();
  Commit("c3", "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n");
  time_.RunFor(100);
  EXPECT_NE(Ready().find("namespace other is not this source's"), std::string::npos) << Ready();
  Commit("c4", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n" +
                   ConfigMapIn("shop") + "---\n" + ConfigMapIn("default"));
  time_.RunFor(100);
  EXPECT_EQ(Shop().applied_commit, "c4") << Ready();
  // A plan says the same.
  const auto plan = controller_->PlanManifests(
      "shop", {"c5", {{"c.yaml", "c5", std::make_shared<std::string>(ConfigMapIn("other"))}}});
  ASSERT_TRUE(plan.ok());
  ASSERT_FALSE(plan->problems.errors.empty());
  EXPECT_EQ(plan->problems.errors[0].file, "c.yaml");
  EXPECT_NE(plan->problems.errors[0].message.find("is not this source's"), std::string::npos);
}

TEST_F(Hints, AHostKeyIsAcceptedForASourceThatExists) {
  Commit("c1", ConfigMapIn("default"));
  Start();
  EXPECT_EQ(controller_->AcceptHostKey("nobody", "SHA256:x").code(), StatusCode::kNotFound);
  EXPECT_EQ(controller_->AcceptHostKey("shop", "SHA256:x").code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace reconcile
