#include "source/fetch_protocol.h"

#include <array>
#include <utility>

#include "base/utf8.h"
#include "base/value.h"
#include "schema/text.h"
#include "source/advertised_refs.h"

namespace reconcile {
namespace {

constexpr size_t kMaxAnswerMessageBytes = 4096;
constexpr size_t kMaxReferenceBytes = 1024;

using TextField = std::pair<const char*, std::string FetchRequest::*>;
constexpr std::array<TextField, 6> kTexts = {{{"repository", &FetchRequest::repository},
                                              {"revision", &FetchRequest::revision},
                                              {"semver", &FetchRequest::semver},
                                              {"folder", &FetchRequest::folder},
                                              {"previous", &FetchRequest::previous},
                                              {"knownHosts", &FetchRequest::known_hosts}}};

using SecretField = std::pair<const char*, std::string FetchSecrets::*>;
constexpr std::array<SecretField, 7> kSecrets = {
    {{"token", &FetchSecrets::token},
     {"username", &FetchSecrets::username},
     {"password", &FetchSecrets::password},
     {"caPem", &FetchSecrets::ca_pem},
     {"clientCertificatePem", &FetchSecrets::client_certificate_pem},
     {"clientKeyPem", &FetchSecrets::client_key_pem},
     {"sshKey", &FetchSecrets::ssh_key}}};

using LimitField = std::pair<const char*, int64_t FetchLimits::*>;
constexpr std::array<LimitField, 4> kLimits = {{{"timeoutMs", &FetchLimits::timeout_ms},
                                                {"connectMs", &FetchLimits::connect_ms},
                                                {"maxPackBytes", &FetchLimits::max_pack_bytes},
                                                {"maxObjects", &FetchLimits::max_objects}}};

// Base64 inside JSON; false when the member is there and is not that.
bool TakeBytes(const Value& map, const char* name, std::string* into) {
  into->clear();
  return DecodeBase64(map.GetString(name), into);
}

Result<StatusCode> TakeCode(const Value& map) {
  const int64_t number = map.GetInt("code", -1);
  if (number < 0 || number > static_cast<int64_t>(StatusCode::kInternal)) {
    return InternalError("git-fetch: no such code");
  }
  return static_cast<StatusCode>(number);
}

}  // namespace

std::string EncodeFetchRequest(const FetchRequest& request) {
  Value map = Value::MakeMap();
  for (const auto& [name, member] : kTexts) {
    map.Set(name, Value::String(EncodeBase64(request.*member)));
  }
  for (const auto& [name, member] : kSecrets) {
    map.Set(name, Value::String(EncodeBase64(request.secrets.*member)));
  }
  for (const auto& [name, member] : kLimits) map.Set(name, Value::Int(request.limits.*member));
  map.Set("user", Value::Int(request.user));
  return WriteJson(map);
}

Result<FetchRequest> DecodeFetchRequest(std::string_view text) {
  const Result<Value> map = ParseJson(text, {.max_bytes = kMaxFetchRequestBytes, .max_depth = 2});
  if (!map.ok()) return map.status();
  FetchRequest request;
  bool fits = map->IsMap();
  for (const auto& [name, member] : kTexts)
    fits = fits && TakeBytes(*map, name, &(request.*member));
  for (const auto& [name, member] : kSecrets) {
    fits = fits && TakeBytes(*map, name, &(request.secrets.*member));
  }
  for (const auto& [name, member] : kLimits) request.limits.*member = map->GetInt(name);
  const int64_t user = map->GetInt("user", -1);
  if (!fits || user < 0 || user > UINT32_MAX) return InvalidError("git-fetch: no such request");
  request.user = static_cast<uid_t>(user);
  return request;
}

std::string EncodeFetchAnswer(const FetchAnswer& answer) {
  Value map = Value::MakeMap();
  map.Set("code", Value::Int(static_cast<int64_t>(answer.status.code())));
  map.Set("message", Value::String(CutText(answer.status.message(), kMaxAnswerMessageBytes)));
  map.Set("commit", Value::String(answer.commit));
  map.Set("reference", Value::String(CutText(answer.reference, kMaxReferenceBytes)));
  map.Set("rewrittenFrom", Value::String(answer.rewritten_from));
  map.Set("receivedBytes", Value::Int(answer.received_bytes));
  map.Set("cacheBytes", Value::Int(answer.cache_bytes));
  map.Set("cachePacks", Value::Int(answer.cache_packs));
  map.Set("cacheBroken", Value::Bool(answer.cache_broken));
  if (answer.offered_key) {
    map.Set("keyType", Value::String(answer.offered_key->type));
    map.Set("key", Value::String(answer.offered_key->Base64()));
  }
  return WriteJson(map);
}

Result<FetchAnswer> DecodeFetchAnswer(std::string_view text) {
  const Status wrong = InternalError("git-fetch: its answer is none");
  const Result<Value> map = ParseJson(text, {.max_bytes = kMaxFetchAnswerBytes, .max_depth = 2});
  if (!map.ok() || !map->IsMap()) return wrong;
  const Result<StatusCode> code = TakeCode(*map);
  if (!code.ok()) return code.status();
  FetchAnswer answer;
  if (*code != StatusCode::kOk) answer.status = Status(*code, map->GetString("message"));
  answer.commit = map->GetString("commit");
  answer.reference = map->GetString("reference");
  answer.rewritten_from = map->GetString("rewrittenFrom");
  answer.received_bytes = map->GetInt("receivedBytes");
  answer.cache_bytes = map->GetInt("cacheBytes");
  answer.cache_packs = map->GetInt("cachePacks");
  answer.cache_broken = map->GetBool("cacheBroken");
  if (map->Find("key") != nullptr) {
    HostKey key;
    key.type = map->GetString("keyType");
    if (!DecodeBase64(map->GetString("key"), &key.blob)) return wrong;
    answer.offered_key = key;
  }
  const bool has_commit = IsFullCommitId(answer.commit);
  if (answer.status.ok() != has_commit) return wrong;
  if (!answer.rewritten_from.empty() && !IsFullCommitId(answer.rewritten_from)) return wrong;
  return answer;
}

}  // namespace reconcile
