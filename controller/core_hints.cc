#include <algorithm>

#include "base/log.h"
#include "controller/core.h"
#include "source/repository_url.h"
#include "source/source_settings.h"

namespace reconcile {
namespace {

constexpr int64_t kLocalRetryFirstMs = 1'000;
constexpr int64_t kLocalRetryMostMs = 60'000;
constexpr int64_t kRemoteRetryMostMs = 300'000;
constexpr int kMostDoublings = 8;

// One answer for every webhook that is not let in: who guesses learns no names of sources.
WebhookAnswer NoSuchWebhook() { return {401, "no webhook of this name takes this signature"}; }

}  // namespace

// `delay_ms`, up to kIntervalJitterPercent less or more: many sources of one server, and many
// controllers, do not ask it all at once.
int64_t Controller::Core::Jitter(int64_t delay_ms) {
  const int64_t part_ms = delay_ms * kIntervalJitterPercent / 100;
  return delay_ms - part_ms +
         static_cast<int64_t>(random_->Below(static_cast<uint64_t>(2 * part_ms + 1)));
}

int64_t Controller::Core::DelayToNextFetch(const Followed& followed) {
  const bool remote = IsRemoteRepository(followed.config.spec.repository);
  if (followed.failures == 0) {
    return remote ? Jitter(IntervalOf(followed.config.spec)) : options_.source_poll_ms;
  }
  const int doublings = std::min(followed.failures - 1, kMostDoublings);
  if (!remote) return std::min(kLocalRetryMostMs, kLocalRetryFirstMs << doublings);
  const int64_t interval_ms = IntervalOf(followed.config.spec);
  return Jitter(std::min(std::max(kRemoteRetryMostMs, interval_ms), interval_ms << doublings));
}

Status Controller::Core::Sync(const std::string& source) {
  const auto named = followed_.find(source);
  if (!source.empty() && named == followed_.end()) {
    return NotFoundError("no source is named '" + source + "'");
  }
  if (named != followed_.end() && named->second.config.spec.suspend) {
    return InvalidError("source " + source + " is suspended: take `suspend` out of its " +
                        "configuration to have it followed again");
  }
  if (named != followed_.end() && IsSuspendedNow(named->second)) {
    return InvalidError("source " + source + " is suspended: `reconcile resume " + source +
                        "` has it followed again");
  }
  for (const auto& [name, followed] : followed_) {
    if (source.empty() || source == name) Fetch(name);
  }
  return OkStatus();
}

void Controller::Core::Hint(const std::string& name) {
  Followed& followed = followed_.at(name);
  if (followed.hinted || followed.fetch_again) return;  // a look is due that has yet to begin
  const MonoTime now = loop_->now().mono;
  followed.hints_spent = std::max(followed.hints_spent, now);
  const int64_t wait_ms = followed.hints_spent - now - (kHintBurst - 1) * kHintSpacingMs;
  followed.hints_spent = followed.hints_spent + kHintSpacingMs;
  if (wait_ms <= 0) return Fetch(name);
  followed.hinted = true;
  loop_->After(wait_ms, [weak = weak_from_this(), name] {
    auto core = weak.lock();
    if (core == nullptr) return;
    core->followed_.at(name).hinted = false;
    core->Fetch(name);
  });
}

WebhookAnswer Controller::Core::TakeWebhook(const std::string& name, const StringMap& headers,
                                            const std::string& body) {
  const auto found = followed_.find(name);
  if (found == followed_.end() || !found->second.config.spec.webhook || !started_) {
    return NoSuchWebhook();
  }
  const SourceWebhookSpec& spec = *found->second.config.spec.webhook;
  const auto provider = ParseWebhookProvider(spec.provider.empty() ? "generic" : spec.provider);
  Result<std::string> secret = InvalidError("no way to read it");
  if (options_.read_secret) secret = options_.read_secret(spec.secret_file);
  if (!secret.ok() || !provider) {
    LogWarning(
        "cannot check a webhook: its secret cannot be read",
        {{"source", name}, {"file", spec.secret_file}, {"error", secret.status().message()}});
    return NoSuchWebhook();
  }
  const WebhookVerdict verdict =
      VerifyWebhook(*provider, *secret, headers, body, loop_->now(), &found->second.deliveries);
  if (verdict.code >= 400) {
    LogWarning(
        "audit: a webhook was refused",
        {{"source", name}, {"code", std::to_string(verdict.code)}, {"why", verdict.message}});
  }
  if (verdict.fetch && !IsSuspendedNow(found->second)) Hint(name);
  return {verdict.code, verdict.message};
}

Status Controller::Core::AcceptHostKey(const std::string& name, const std::string& fingerprint) {
  const auto found = followed_.find(name);
  if (found == followed_.end()) return NotFoundError("no source is named '" + name + "'");
  RETURN_IF_ERROR(source_->AcceptHostKey(found->second.config.spec, fingerprint));
  LogInfo("audit: a host key was accepted", {{"source", name}, {"fingerprint", fingerprint}});
  Fetch(name);
  return OkStatus();
}

}  // namespace reconcile
