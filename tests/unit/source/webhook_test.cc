#include "source/webhook.h"

#include <gtest/gtest.h>

#include "base/digest.h"

namespace reconcile {
namespace {

constexpr std::string_view kSecret = "a secret of the webhook";
constexpr std::string_view kBody = R"({"ref":"refs/heads/main"})";

// A delivery of each provider, signed as that one signs.
StringMap Headers(WebhookProvider provider, std::string_view body, const std::string& id,
                  Now now = {}) {
  const std::string hmac = ToHex(HmacSha256(kSecret, body));
  switch (provider) {
    case WebhookProvider::kGithub:
      return {{"x-hub-signature-256", "sha256=" + hmac},
              {"x-github-delivery", id},
              {"x-github-event", "push"}};
    case WebhookProvider::kGitlab:
      return {{"x-gitlab-token", std::string(kSecret)},
              {"x-gitlab-event-uuid", id},
              {"x-gitlab-event", "Push Hook"}};
    case WebhookProvider::kGitea:
      return {{"x-gitea-signature", hmac}, {"x-gitea-delivery", id}, {"x-gitea-event", "push"}};
    case WebhookProvider::kGeneric: {
      const std::string stamp = std::to_string(now.wall.ms / 1000);
      return {
          {"x-signature", "sha256=" + ToHex(HmacSha256(kSecret, stamp + "." + std::string(body)))},
          {"x-timestamp", stamp}};
    }
  }
  return {};
}

class Webhooks : public testing::TestWithParam<WebhookProvider> {
 protected:
  WebhookVerdict Take(const StringMap& headers, std::string_view body = kBody,
                      std::string_view secret = kSecret) {
    return VerifyWebhook(GetParam(), secret, headers, body, now_, &memory_);
  }
  StringMap Signed(std::string_view body = kBody, const std::string& id = "one") {
    return Headers(GetParam(), body, id, now_);
  }
  Now now_{{1'000'000}, {1'700'000'000'000}};
  WebhookMemory memory_;
};

INSTANTIATE_TEST_SUITE_P(Providers, Webhooks,
                         testing::Values(WebhookProvider::kGithub, WebhookProvider::kGitlab,
                                         WebhookProvider::kGitea, WebhookProvider::kGeneric),
                         [](const auto& test) { return std::string(ToString(test.param)); });

TEST_P(Webhooks, ASignedPushAsksForALook) {
  const WebhookVerdict verdict = Take(Signed());
  EXPECT_EQ(verdict.code, 202) << verdict.message;
  EXPECT_TRUE(verdict.fetch);
}

TEST_P(Webhooks, Line24_WithoutOrWithABadSignatureIsRefused) {
  EXPECT_EQ(Take({}).code, 401);
  for (const auto& [name, value] : Signed()) {
    StringMap headers = Signed();
    headers[name] = value + "0";
    const bool is_signature = name.find("sign") != std::string::npos ||
                              name.find("token") != std::string::npos || name == "x-timestamp";
    if (is_signature) {
      EXPECT_EQ(Take(headers).code, 401) << name;
    }
  }
  EXPECT_EQ(Take(Signed(), kBody, "another secret").code, 401);
  EXPECT_EQ(Take(Signed(), kBody, "").code, 401);
  if (GetParam() != WebhookProvider::kGitlab) {
    EXPECT_EQ(Take(Signed(), "{}").code, 401);  // a body that was not signed
  }
  EXPECT_EQ(memory_.size(), 0U);
  EXPECT_EQ(Take(Signed()).code, 202);
}

TEST_P(Webhooks, Line24_AReplayIsRefusedAlsoUnderAnotherId) {
  EXPECT_EQ(Take(Signed()).code, 202);
  EXPECT_EQ(Take(Signed()).code, 409);
  EXPECT_EQ(Take(Signed(kBody, "made up")).code, 409);
  EXPECT_FALSE(Take(Signed()).fetch);
  const std::string_view next = R"({"ref":"refs/heads/next"})";
  EXPECT_EQ(Take(Signed(next, "two"), next).code, 202);
  now_.mono = now_.mono + WebhookMemory::kKeepMs;
  now_.wall.ms += WebhookMemory::kKeepMs;
  EXPECT_EQ(Take(Signed()).code, 202);
}

TEST_P(Webhooks, WhatIsNoJsonWithinLimitsIsRefused) {
  EXPECT_EQ(Take(Signed("ref=main"), "ref=main").code, 400);
  const std::string deep = std::string(100'000, '[');
  EXPECT_EQ(Take(Signed(deep), deep).code, 400);
  const std::string large(kMaxWebhookBytes + 1, ' ');
  EXPECT_EQ(Take(Signed(large), large).code, 413);
  EXPECT_EQ(memory_.size(), 0U);
}

TEST(Webhook, PingsAndOtherEventsAskForNothing) {
  WebhookMemory memory;
  StringMap headers = Headers(WebhookProvider::kGithub, "{}", "one");
  headers["x-github-event"] = "ping";
  const auto ping = VerifyWebhook(WebhookProvider::kGithub, kSecret, headers, "{}", {}, &memory);
  EXPECT_EQ(ping.code, 200);
  EXPECT_FALSE(ping.fetch);
  headers = Headers(WebhookProvider::kGithub, "[]", "two");
  headers["x-github-event"] = "issues";
  const auto other = VerifyWebhook(WebhookProvider::kGithub, kSecret, headers, "[]", {}, &memory);
  EXPECT_EQ(other.code, 200);
  EXPECT_FALSE(other.fetch);
}

TEST(Webhook, AGenericOneIsTakenWithinFiveMinutesOfItsStamp) {
  const Now now{{0}, {1'700'000'000'000}};
  const auto code_at = [&](int64_t offset_ms) {
    WebhookMemory memory;
    Now then = now;
    then.wall.ms += offset_ms;
    const StringMap headers = Headers(WebhookProvider::kGeneric, kBody, "", then);
    return VerifyWebhook(WebhookProvider::kGeneric, kSecret, headers, kBody, now, &memory).code;
  };
  EXPECT_EQ(code_at(-kWebhookClockMs), 202);
  EXPECT_EQ(code_at(kWebhookClockMs), 202);
  EXPECT_EQ(code_at(-kWebhookClockMs - 1000), 401);
  EXPECT_EQ(code_at(kWebhookClockMs + 1000), 401);
  WebhookMemory memory;
  StringMap headers;
  headers["x-timestamp"] = "999999999999999999999999";
  headers["x-signature"] =
      "sha256=" + ToHex(HmacSha256(kSecret, headers["x-timestamp"] + "." + std::string(kBody)));
  EXPECT_EQ(VerifyWebhook(WebhookProvider::kGeneric, kSecret, headers, kBody, now, &memory).code,
            401);
}

TEST(Webhook, IdsAreBoundedInNumberAndLength) {
  WebhookMemory memory;
  for (size_t i = 0; i < WebhookMemory::kMaxIds + 10; ++i) memory.Add(std::to_string(i), {0});
  EXPECT_LE(memory.size(), WebhookMemory::kMaxIds);
  EXPECT_FALSE(memory.Contains("0", {0}));
  EXPECT_TRUE(memory.Contains(std::to_string(WebhookMemory::kMaxIds), {0}));
  const StringMap headers =
      Headers(WebhookProvider::kGithub, kBody, std::string(WebhookMemory::kMaxIdBytes + 1, 'x'));
  EXPECT_EQ(VerifyWebhook(WebhookProvider::kGithub, kSecret, headers, kBody, {}, &memory).code,
            400);
}

TEST(Webhook, ProvidersHaveNames) {
  for (const char* name : {"github", "gitlab", "gitea", "generic"}) {
    ASSERT_TRUE(ParseWebhookProvider(name));
    EXPECT_EQ(ToString(*ParseWebhookProvider(name)), name);
  }
  EXPECT_FALSE(ParseWebhookProvider("GitHub"));
}

}  // namespace
}  // namespace reconcile
