#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace reconcile {

inline constexpr size_t kSecretKeyBytes = 32;

// Encrypts the payloads of Secrets with AES-256-GCM, so that the database, its log, its backups and
// its free pages hold none in clear. The nonce is HMAC-SHA256 over context and text, cut to 96
// bits: no chance is needed (a simulated run repeats exactly), and a nonce only repeats when the
// same text is sealed in the same context, which gives the same bytes again. Pure but for
// libcrypto.
class PayloadSealer {
 public:
  // Without a key: sealing and opening are refused.
  PayloadSealer() = default;
  // `keys`: one or more of kSecretKeyBytes each, newest first; the newest seals, any opens. Invalid
  // when they have another length.
  static Result<PayloadSealer> Make(std::string_view keys);

  bool has_key() const { return !keys_.empty(); }
  size_t key_count() const { return keys_.size(); }
  // Names the newest key without giving it away: equal for equal keys. Empty without a key.
  std::string fingerprint() const { return has_key() ? keys_.front().fingerprint : ""; }
  bool HasKeyOf(const std::string& fingerprint) const;

  // `context` (which object, which revision) is bound to the result: opened with another it fails.
  // The result is a JSON text {"sealed":"<base64>"}, so that JSON functions can read every row.
  Result<std::string> Seal(std::string_view text, std::string_view context) const;
  // Invalid when `sealed` is damaged, or was made with another key or context.
  Result<std::string> Open(std::string_view sealed, std::string_view context) const;
  // Whether the newest key opens it.
  bool OpensWithNewest(std::string_view sealed, std::string_view context) const;

 private:
  struct Key {
    std::string data;
    std::string nonce;
    std::string fingerprint;
  };
  static Result<std::string> OpenWith(const Key& key, const std::string& bytes,
                                      std::string_view context);
  std::vector<Key> keys_;  // newest first
};

}  // namespace reconcile
