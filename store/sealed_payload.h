#pragma once

#include <string>
#include <string_view>

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
  // Invalid when `key` has not kSecretKeyBytes.
  static Result<PayloadSealer> Make(std::string_view key);

  bool has_key() const { return !data_key_.empty(); }
  // Names the key without giving it away: equal for equal keys. Empty without a key.
  const std::string& fingerprint() const { return fingerprint_; }

  // `context` (which object, which revision) is bound to the result: opened with another it fails.
  // The result is a JSON text {"sealed":"<base64>"}, so that JSON functions can read every row.
  Result<std::string> Seal(std::string_view text, std::string_view context) const;
  // Invalid when `sealed` is damaged, or was made with another key or context.
  Result<std::string> Open(std::string_view sealed, std::string_view context) const;

 private:
  std::string data_key_;
  std::string nonce_key_;
  std::string fingerprint_;
};

}  // namespace reconcile
