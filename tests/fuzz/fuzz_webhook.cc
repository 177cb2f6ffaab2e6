// Webhooks: the first line names the provider, further lines are "header: value" up to an empty
// one, the rest is the body. Each is tried as it came, and signed as its provider signs.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/digest.h"
#include "source/webhook.h"

namespace reconcile {
namespace {

constexpr std::string_view kFuzzSecret = "the secret of a webhook";
constexpr Now kFuzzNow{{1'000'000}, {1'700'000'000'000}};

std::string_view TakeLine(std::string_view* text) {
  const size_t end = std::min(text->find('\n'), text->size());
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return line;
}

void Sign(WebhookProvider provider, std::string_view body, StringMap* headers) {
  const std::string hmac = ToHex(HmacSha256(kFuzzSecret, body));
  switch (provider) {
    case WebhookProvider::kGithub:
      (*headers)["x-hub-signature-256"] = "sha256=" + hmac;
      break;
    case WebhookProvider::kGitlab:
      (*headers)["x-gitlab-token"] = kFuzzSecret;
      break;
    case WebhookProvider::kGitea:
      (*headers)["x-gitea-signature"] = hmac;
      break;
    case WebhookProvider::kGeneric: {
      std::string& stamp = (*headers)["x-timestamp"];
      if (stamp.empty()) stamp = "1700000000";
      (*headers)["x-signature"] =
          "sha256=" + ToHex(HmacSha256(kFuzzSecret, stamp + "." + std::string(body)));
      break;
    }
  }
}

void TryWebhook(std::string_view text) {
  const auto provider = ParseWebhookProvider(TakeLine(&text));
  if (!provider) return;
  StringMap headers;
  for (std::string_view line = TakeLine(&text); !line.empty(); line = TakeLine(&text)) {
    const size_t colon = std::min(line.find(": "), line.size());
    headers[std::string(line.substr(0, colon))] = line.substr(std::min(colon + 2, line.size()));
  }
  WebhookMemory memory;
  VerifyWebhook(*provider, kFuzzSecret, headers, text, kFuzzNow, &memory);
  Sign(*provider, text, &headers);
  WebhookMemory fresh;
  const auto verdict = VerifyWebhook(*provider, kFuzzSecret, headers, text, kFuzzNow, &fresh);
  CHECK(!verdict.fetch || verdict.code == 202);
  CHECK(verdict.code >= 400 || fresh.size() > 0);
  CHECK(verdict.code < 400 || fresh.size() == 0);
  if (verdict.code < 400) {
    CHECK(VerifyWebhook(*provider, kFuzzSecret, headers, text, kFuzzNow, &fresh).code == 409);
    CHECK(VerifyWebhook(*provider, "another", headers, text, kFuzzNow, &fresh).code == 401);
  }
}

}  // namespace
}  // namespace reconcile

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  reconcile::TryWebhook({reinterpret_cast<const char*>(data), size});
  return 0;
}
