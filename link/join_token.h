#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace reconcile {

// What lets a host join, as text: "rc1.<id>.<secret>.<CA fingerprint>", all three lower-case hex.
// The id names the token in lists and logs. The secret proves the right to join: it is shown once
// and kept nowhere but as a hash. The fingerprint (SHA-256 of the CA certificate's DER) lets the
// host verify the controller before it says anything to it. PURE.
struct JoinToken {
  std::string id;              // kJoinTokenIdDigits hex digits
  std::string secret;          // kJoinTokenSecretDigits
  std::string ca_fingerprint;  // kFingerprintDigits
};

inline constexpr size_t kJoinTokenIdDigits = 8;
inline constexpr size_t kJoinTokenSecretDigits = 32;  // 128 bits
inline constexpr size_t kFingerprintDigits = 64;
inline constexpr std::string_view kJoinTokenPrefix = "rc1.";
// The length of every token's text: a longer header is no token and need not be looked at.
inline constexpr size_t kJoinTokenTextBytes = kJoinTokenPrefix.size() + kJoinTokenIdDigits + 1 +
                                              kJoinTokenSecretDigits + 1 + kFingerprintDigits;

std::string FormatJoinToken(const JoinToken& token);
// Strict: this length, these digits, nothing around it. Invalid, with what is wrong, and never with
// a part of the text: errors are shown and logged.
Result<JoinToken> ParseJoinToken(std::string_view text);

// Lower-case hex SHA-256 of the secret: what the controller keeps.
std::string HashOfTokenSecret(std::string_view secret);
// Whether the two are equal, in a time that depends on their lengths alone.
bool EqualInConstantTime(std::string_view a, std::string_view b);

}  // namespace reconcile
