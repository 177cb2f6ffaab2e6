#include "store/sealed_payload.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <memory>

#include "base/check.h"

namespace reconcile {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kFingerprintBytes = 8;
constexpr std::string_view kPrefix = "{\"sealed\":\"";
constexpr std::string_view kSuffix = "\"}";

struct FreeCipherContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string* text) { return reinterpret_cast<unsigned char*>(text->data()); }

std::string Hmac(std::string_view key, std::string_view text) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int length = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(text), text.size(),
             Bytes(&digest), &length) != nullptr);
  digest.resize(length);
  return digest;
}

std::string Hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string ToBase64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(Bytes(&text), Bytes(bytes), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

Result<std::string> FromBase64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 1, '\0');
  const int length = EVP_DecodeBlock(Bytes(&bytes), Bytes(text), static_cast<int>(text.size()));
  if (length < 0 || text.size() % 4 != 0) return InvalidError("sealed payload is not base64");
  size_t size = static_cast<size_t>(length);
  if (text.ends_with("==")) {
    size -= 2;
  } else if (text.ends_with('=')) {
    size -= 1;
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

Result<PayloadSealer> PayloadSealer::Make(std::string_view keys) {
  if (keys.empty() || keys.size() % kSecretKeyBytes != 0) {
    return InvalidError("the key for secrets has " + std::to_string(keys.size()) + " bytes, not " +
                        std::to_string(kSecretKeyBytes));
  }
  PayloadSealer sealer;
  for (; !keys.empty(); keys.remove_prefix(kSecretKeyBytes)) {
    const std::string_view key = keys.substr(0, kSecretKeyBytes);
    sealer.keys_.push_back(
        {Hmac(key, "reconcile store: data"), Hmac(key, "reconcile store: nonce"),
         Hex(Hmac(key, "reconcile store: fingerprint").substr(0, kFingerprintBytes))});
  }
  return sealer;
}

bool PayloadSealer::HasKeyOf(const std::string& fingerprint) const {
  return std::any_of(keys_.begin(), keys_.end(),
                     [&](const Key& key) { return key.fingerprint == fingerprint; });
}

Result<std::string> PayloadSealer::Seal(std::string_view text, std::string_view context) const {
  if (!has_key()) return InvalidError("the store was opened without a key for secrets");
  std::string nonce_input = std::to_string(context.size()) + ":";
  nonce_input.append(context).append(text);
  const std::string nonce = Hmac(keys_.front().nonce, nonce_input).substr(0, kNonceBytes);
  std::string sealed(text.size(), '\0');
  std::string tag(kTagBytes, '\0');
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  int length = 0;
  const bool done =
      cipher != nullptr &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(keys_.front().data),
                         Bytes(nonce)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &length, Bytes(context),
                        static_cast<int>(context.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), Bytes(&sealed), &length, Bytes(text),
                        static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), Bytes(&sealed) + length, &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data()) == 1;
  if (!done) return InternalError("libcrypto refused to encrypt a secret");
  std::string result(kPrefix);
  result.append(ToBase64(nonce + sealed + tag)).append(kSuffix);
  return result;
}

namespace {

// Nonce, sealed text and tag.
Result<std::string> SealedBytes(std::string_view sealed) {
  if (!sealed.starts_with(kPrefix) || !sealed.ends_with(kSuffix)) {
    return InvalidError("not a sealed payload");
  }
  sealed.remove_prefix(kPrefix.size());
  sealed.remove_suffix(kSuffix.size());
  Result<std::string> bytes = FromBase64(sealed);
  if (bytes.ok() && bytes->size() < kNonceBytes + kTagBytes) {
    return InvalidError("sealed payload is cut short");
  }
  return bytes;
}

}  // namespace

Result<std::string> PayloadSealer::OpenWith(const Key& key, const std::string& bytes,
                                            std::string_view context) {
  const std::string nonce = bytes.substr(0, kNonceBytes);
  std::string tag = bytes.substr(bytes.size() - kTagBytes);
  const std::string text = bytes.substr(kNonceBytes, bytes.size() - kNonceBytes - kTagBytes);
  std::string opened(text.size(), '\0');
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  int length = 0;
  const bool done =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key.data), Bytes(nonce)) ==
          1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &length, Bytes(context),
                        static_cast<int>(context.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), Bytes(&opened), &length, Bytes(text),
                        static_cast<int>(text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), Bytes(&opened) + length, &length) == 1;
  if (!done) return InvalidError("a sealed payload does not open with this key");
  return opened;
}

Result<std::string> PayloadSealer::Open(std::string_view sealed, std::string_view context) const {
  if (!has_key()) return InvalidError("the store was opened without a key for secrets");
  const Result<std::string> bytes = SealedBytes(sealed);
  if (!bytes.ok()) return bytes.status();
  Result<std::string> opened = OpenWith(keys_.front(), *bytes, context);
  for (size_t i = 1; i < keys_.size() && !opened.ok(); ++i) {
    opened = OpenWith(keys_[i], *bytes, context);
  }
  return opened;
}

bool PayloadSealer::OpensWithNewest(std::string_view sealed, std::string_view context) const {
  const Result<std::string> bytes = SealedBytes(sealed);
  return has_key() && bytes.ok() && OpenWith(keys_.front(), *bytes, context).ok();
}

}  // namespace reconcile
