#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/time.h"
#include "schema/object.h"

namespace reconcile {

// Webhooks of Git servers: an authenticated hint to look at a configured source, and nothing more.
// What the body says is never used. All PURE; loop thread only.

enum class WebhookProvider {
  kGithub,   // X-Hub-Signature-256: sha256=HMAC of the body
  kGitlab,   // X-Gitlab-Token: the secret itself
  kGitea,    // X-Gitea-Signature: HMAC of the body (Forgejo too)
  kGeneric,  // X-Signature: sha256=HMAC of "TIMESTAMP.BODY"; X-Timestamp: seconds since 1970
};
std::string_view ToString(WebhookProvider provider);
std::optional<WebhookProvider> ParseWebhookProvider(std::string_view text);

inline constexpr size_t kMaxWebhookBytes = 5 << 20;
inline constexpr int kMaxWebhookDepth = 64;
inline constexpr int64_t kWebhookClockMs = 5 * 60'000;  // by which a generic one's stamp may differ

// Deliveries that were taken, so that none is taken twice: at most kMaxIds of the last kKeepMs.
class WebhookMemory {
 public:
  static constexpr size_t kMaxIds = 10'000;
  static constexpr size_t kMaxIdBytes = 128;
  static constexpr int64_t kKeepMs = 3'600'000;

  bool Contains(const std::string& id, MonoTime now);
  void Add(const std::string& id, MonoTime now);
  size_t size() const { return ids_.size(); }

 private:
  void Forget(MonoTime now);
  std::set<std::string> ids_;
  std::deque<std::pair<MonoTime, std::string>> by_age_;
};

struct WebhookVerdict {
  int code = 401;       // of HTTP: 200 and 202 are taken, all else is refused
  std::string message;  // for who sent it; tells nothing about the secret
  bool fetch = false;   // look at the source now
};

// Checks the signature first, in a time that does not depend on where it differs, then that it is
// no replay, then that the body is JSON within limits. Refusals leave nothing in `memory`. Header
// names are in lower case. `now.wall` is compared with a generic webhook's stamp. An empty secret
// refuses everything.
WebhookVerdict VerifyWebhook(WebhookProvider provider, std::string_view secret,
                             const StringMap& headers, std::string_view body, Now now,
                             WebhookMemory* memory);

}  // namespace reconcile
