#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/check.h"

namespace reconcile {
namespace {

using DigestBuffer = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::string AsText(const DigestBuffer& digest, unsigned int length) {
  return std::string(reinterpret_cast<const char*>(digest.data()), length);
}

std::string Hmac(const EVP_MD* kind, std::string_view key, std::string_view bytes) {
  DigestBuffer digest{};
  unsigned int length = 0;
  CHECK(HMAC(kind, key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data(),
             &length) != nullptr);
  return AsText(digest, length);
}

}  // namespace

std::string Sha256(std::string_view bytes) {
  DigestBuffer digest{};
  unsigned int length = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) == 1);
  return AsText(digest, length);
}

std::string HmacSha256(std::string_view key, std::string_view bytes) {
  return Hmac(EVP_sha256(), key, bytes);
}

std::string HmacSha1(std::string_view key, std::string_view bytes) {
  return Hmac(EVP_sha1(), key, bytes);
}

std::string ToHex(std::string_view bytes) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kHexDigits[static_cast<unsigned char>(c) >> 4];
    text += kHexDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

bool EqualSecrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace reconcile
