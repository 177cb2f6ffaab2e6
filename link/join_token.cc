#include "link/join_token.h"

#include <algorithm>

#include "base/ids.h"

namespace reconcile {
namespace {

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Status NotAToken(std::string_view why) {
  return InvalidError("this is not a join token: " + std::string(why) +
                      ". Copy all of what `reconcile token create` printed after --token");
}

}  // namespace

std::string FormatJoinToken(const JoinToken& token) {
  return std::string(kJoinTokenPrefix) + token.id + "." + token.secret + "." + token.ca_fingerprint;
}

Result<JoinToken> ParseJoinToken(std::string_view text) {
  if (!text.starts_with(kJoinTokenPrefix)) {
    return NotAToken("it does not begin with \"" + std::string(kJoinTokenPrefix) + "\"");
  }
  if (text.size() != kJoinTokenTextBytes) {
    return NotAToken("it has " + std::to_string(text.size()) + " characters, not " +
                     std::to_string(kJoinTokenTextBytes));
  }
  constexpr size_t kSecretAt = kJoinTokenPrefix.size() + kJoinTokenIdDigits + 1;
  constexpr size_t kFingerprintAt = kSecretAt + kJoinTokenSecretDigits + 1;
  const JoinToken token = {
      std::string(text.substr(kJoinTokenPrefix.size(), kJoinTokenIdDigits)),
      std::string(text.substr(kSecretAt, kJoinTokenSecretDigits)),
      std::string(text.substr(kFingerprintAt, kFingerprintDigits)),
  };
  if (text[kSecretAt - 1] != '.' || text[kFingerprintAt - 1] != '.') {
    return NotAToken("its parts are not separated by dots where they should be");
  }
  if (!IsLowerHex(token.id) || !IsLowerHex(token.secret) || !IsLowerHex(token.ca_fingerprint)) {
    return NotAToken("its parts are not lower-case hexadecimal digits");
  }
  return token;
}

std::string HashOfTokenSecret(std::string_view secret) { return Sha256Hex(secret); }

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference |=
        static_cast<unsigned char>(a[i]) ^ static_cast<unsigned>(static_cast<unsigned char>(b[i]));
    // Keeps the compiler from leaving early.
    asm volatile("" : "+r"(difference));
  }
  return difference == 0;
}

}  // namespace reconcile
