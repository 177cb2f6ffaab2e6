#include "source/webhook.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/value.h"

namespace reconcile {
namespace {

constexpr std::string_view kDigestPrefix = "sha256=";
constexpr size_t kMaxJsonValues = 1'000'000;
constexpr std::array<std::pair<WebhookProvider, std::string_view>, 4> kProviders = {
    {{WebhookProvider::kGithub, "github"},
     {WebhookProvider::kGitlab, "gitlab"},
     {WebhookProvider::kGitea, "gitea"},
     {WebhookProvider::kGeneric, "generic"}}};

std::string Header(const StringMap& headers, const std::string& name) {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

bool IsHmac(std::string_view shown, std::string_view prefix, std::string_view secret,
            std::string_view signed_text) {
  if (!shown.starts_with(prefix)) return false;
  return EqualSecrets(shown.substr(prefix.size()), ToHex(HmacSha256(secret, signed_text)));
}

WebhookVerdict Refuse(int code, std::string message) { return {code, std::move(message), false}; }

bool StampFits(const std::string& stamp, WallTime now) {
  int64_t seconds = 0;
  const char* const end = stamp.data() + stamp.size();
  const auto parsed = std::from_chars(stamp.data(), end, seconds);
  if (parsed.ec != std::errc() || parsed.ptr != end) return false;
  // Compared in seconds: a stamp from outside could overflow milliseconds.
  const int64_t now_seconds = now.ms / 1000;
  return seconds <= now_seconds + kWebhookClockMs / 1000 &&
         seconds >= now_seconds - kWebhookClockMs / 1000;
}

// What a delivery says of itself, by provider.
struct Delivery {
  bool authentic = false;
  std::string signature;  // stands for all that is signed; empty when nothing is
  std::string id;
  std::string event;
};

Delivery ReadDelivery(WebhookProvider provider, std::string_view secret, const StringMap& headers,
                      std::string_view body) {
  Delivery delivery;
  switch (provider) {
    case WebhookProvider::kGithub:
      delivery.signature = Header(headers, "x-hub-signature-256");
      delivery.authentic = IsHmac(delivery.signature, kDigestPrefix, secret, body);
      delivery.id = Header(headers, "x-github-delivery");
      delivery.event = Header(headers, "x-github-event");
      break;
    case WebhookProvider::kGitlab:
      delivery.authentic = EqualSecrets(Header(headers, "x-gitlab-token"), secret);
      delivery.id = Header(headers, "x-gitlab-event-uuid");
      delivery.event = Header(headers, "x-gitlab-event");
      // Nothing is signed: the body stands for itself.
      if (delivery.authentic) delivery.signature = ToHex(Sha256(body));
      break;
    case WebhookProvider::kGitea:
      delivery.signature = Header(headers, "x-gitea-signature");
      delivery.authentic = IsHmac(delivery.signature, "", secret, body);
      delivery.id = Header(headers, "x-gitea-delivery");
      delivery.event = Header(headers, "x-gitea-event");
      break;
    case WebhookProvider::kGeneric: {
      const std::string signed_text = Header(headers, "x-timestamp") + "." + std::string(body);
      delivery.signature = Header(headers, "x-signature");
      delivery.authentic = IsHmac(delivery.signature, kDigestPrefix, secret, signed_text);
      delivery.id = Header(headers, "x-delivery");
      break;
    }
  }
  return delivery;
}

// Whether branches or tags may have moved; an event of no name may tell of anything.
bool MovesRefs(const std::string& event) {
  constexpr std::array<std::string_view, 7> kEvents = {
      "", "push", "create", "delete", "release", "Push Hook", "Tag Push Hook"};
  return std::find(kEvents.begin(), kEvents.end(), event) != kEvents.end();
}

bool IsReplay(const std::vector<std::string>& names, MonoTime now, WebhookMemory* memory) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return memory->Contains(name, now); });
}

}  // namespace

std::string_view ToString(WebhookProvider provider) {
  for (const auto& [known, name] : kProviders) {
    if (known == provider) return name;
  }
  return "";
}

std::optional<WebhookProvider> ParseWebhookProvider(std::string_view text) {
  for (const auto& [provider, name] : kProviders) {
    if (name == text) return provider;
  }
  return std::nullopt;
}

bool WebhookMemory::Contains(const std::string& id, MonoTime now) {
  Forget(now);
  return ids_.contains(id);
}

void WebhookMemory::Add(const std::string& id, MonoTime now) {
  Forget(now);
  if (!ids_.insert(id).second) return;
  by_age_.emplace_back(now, id);
}

void WebhookMemory::Forget(MonoTime now) {
  while (!by_age_.empty() &&
         (by_age_.size() >= kMaxIds || now - by_age_.front().first >= kKeepMs)) {
    ids_.erase(by_age_.front().second);
    by_age_.pop_front();
  }
}

WebhookVerdict VerifyWebhook(WebhookProvider provider, std::string_view secret,
                             const StringMap& headers, std::string_view body, Now now,
                             WebhookMemory* memory) {
  if (body.size() > kMaxWebhookBytes) {
    return Refuse(
        413, "the body passes the limit kMaxWebhookBytes = " + std::to_string(kMaxWebhookBytes));
  }
  const Delivery delivery = ReadDelivery(provider, secret, headers, body);
  if (secret.empty() || !delivery.authentic) {
    return Refuse(401, "no webhook of this name takes this signature");
  }
  if (provider == WebhookProvider::kGeneric &&
      !StampFits(Header(headers, "x-timestamp"), now.wall)) {
    return Refuse(401, "x-timestamp is not within " + std::to_string(kWebhookClockMs / 60'000) +
                           " minutes of now");
  }
  if (delivery.id.size() > WebhookMemory::kMaxIdBytes) {
    return Refuse(400, "the delivery's id passes the limit kMaxIdBytes = " +
                           std::to_string(WebhookMemory::kMaxIdBytes));
  }
  // An id alone is not signed: who replays a body could make up another.
  std::vector<std::string> names = {"signature " + delivery.signature};
  if (!delivery.id.empty()) names.push_back("id " + delivery.id);
  if (IsReplay(names, now.mono, memory)) return Refuse(409, "this delivery was taken before");
  const JsonLimits limits = {
      .max_bytes = kMaxWebhookBytes, .max_depth = kMaxWebhookDepth, .max_values = kMaxJsonValues};
  const Result<Value> json = ParseJson(body, limits);
  if (!json.ok()) return Refuse(400, "the body is no JSON: " + json.status().message());
  for (const std::string& name : names) memory->Add(name, now.mono);
  if (delivery.event == "ping") return {200, "pong", false};
  if (!MovesRefs(delivery.event)) return {200, "nothing to do for this event", false};
  return {202, "the source is looked at", true};
}

}  // namespace reconcile
