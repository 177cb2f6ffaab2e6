#pragma once

#include <string>
#include <string_view>

namespace reconcile {

// Digests as raw bytes (32, 32 and 20 of them).
std::string Sha256(std::string_view bytes);
std::string HmacSha256(std::string_view key, std::string_view bytes);
std::string HmacSha1(std::string_view key, std::string_view bytes);  // for known_hosts only

std::string ToHex(std::string_view bytes);  // lower-case

// Compares in a time that depends on the lengths alone.
bool EqualSecrets(std::string_view a, std::string_view b);

}  // namespace reconcile
