#include "agent/file_sealer.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "agent/disk_folder.h"

namespace reconcile {
namespace {

constexpr std::string_view kMagic = "RCS1";
constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kMaxBytes = size_t{1} << 30;  // OpenSSL counts in int

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { ::EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string* text) { return reinterpret_cast<unsigned char*>(text->data()); }

std::string AuthenticatedData(std::string_view name) {
  return std::string(kMagic) + std::string(name);
}

bool Random(std::string* bytes) {
  return ::RAND_bytes(Bytes(bytes), static_cast<int>(bytes->size())) == 1;
}

}  // namespace

FileSealer::~FileSealer() { ::OPENSSL_cleanse(key_.data(), key_.size()); }

Status FileSealer::LoadKey(bool make) {
  if (!key_.empty()) return OkStatus();
  const std::filesystem::path path(key_file_);
  const Result<DiskFolder> folder = DiskFolder::OpenRoot(path.parent_path().string());
  if (!folder.ok()) return folder.status();
  struct stat info = {};
  if (::lstat(key_file_.c_str(), &info) != 0) {
    if (errno != ENOENT) return UnavailableError(key_file_ + ": " + strerror(errno));
    if (!make) return NotFoundError("this host has no key " + key_file_);
    std::string key(kKeyBytes, '\0');
    if (!Random(&key)) return InternalError("no random bytes for the host's key");
    RETURN_IF_ERROR(folder->ReplaceFile(path.filename().string(), key, 0600, true));
    key_ = std::move(key);
    return OkStatus();
  }
  if ((info.st_mode & 077) != 0 || info.st_uid != ::geteuid()) {
    return InvalidError("the host's key " + key_file_ +
                        " can be read by others: chmod 600 it, and its owner must be this user");
  }
  Result<std::string> key = folder->ReadFile(path.filename().string(), kKeyBytes);
  if (!key.ok()) return key.status();
  if (key->size() != kKeyBytes) {
    return InvalidError("the host's key " + key_file_ + " has " + std::to_string(key->size()) +
                        " bytes, not 32");
  }
  key_ = std::move(key).value();
  return OkStatus();
}

Result<std::string> FileSealer::Seal(std::string_view name, std::string_view bytes) {
  if (bytes.size() > kMaxBytes) return InvalidError("too large to be sealed");
  RETURN_IF_ERROR(LoadKey(true));
  std::string nonce(kNonceBytes, '\0');
  if (!Random(&nonce)) return InternalError("no random bytes for a nonce");
  const std::string data = AuthenticatedData(name);
  std::string cipher(bytes.size(), '\0');
  std::string tag(kTagBytes, '\0');
  int size = 0;
  const Context context(::EVP_CIPHER_CTX_new());
  const bool sealed =
      context != nullptr &&
      ::EVP_EncryptInit_ex(context.get(), ::EVP_aes_256_gcm(), nullptr, Bytes(key_),
                           Bytes(nonce)) == 1 &&
      ::EVP_EncryptUpdate(context.get(), nullptr, &size, Bytes(data),
                          static_cast<int>(data.size())) == 1 &&
      ::EVP_EncryptUpdate(context.get(), Bytes(&cipher), &size, Bytes(bytes),
                          static_cast<int>(bytes.size())) == 1 &&
      ::EVP_EncryptFinal_ex(context.get(), Bytes(&tag), &size) == 1 &&
      ::EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data()) == 1;
  if (!sealed) return InternalError("OpenSSL could not seal");
  return std::string(kMagic) + nonce + cipher + tag;
}

Result<std::string> FileSealer::Open(std::string_view name, std::string_view sealed) {
  const Status refusal = InvalidError("it was not sealed by this host, or was altered");
  if (!sealed.starts_with(kMagic) || sealed.size() > kMaxBytes ||
      sealed.size() < kMagic.size() + kNonceBytes + kTagBytes) {
    return refusal;
  }
  const Status loaded = LoadKey(false);
  if (loaded.code() == StatusCode::kNotFound) return refusal;
  if (!loaded.ok()) return loaded;
  const std::string_view nonce = sealed.substr(kMagic.size(), kNonceBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  sealed.remove_prefix(kMagic.size() + kNonceBytes);
  sealed.remove_suffix(kTagBytes);
  const std::string data = AuthenticatedData(name);
  std::string plain(sealed.size(), '\0');
  int size = 0;
  const Context context(::EVP_CIPHER_CTX_new());
  const bool opened =
      context != nullptr &&
      ::EVP_DecryptInit_ex(context.get(), ::EVP_aes_256_gcm(), nullptr, Bytes(key_),
                           Bytes(nonce)) == 1 &&
      ::EVP_DecryptUpdate(context.get(), nullptr, &size, Bytes(data),
                          static_cast<int>(data.size())) == 1 &&
      ::EVP_DecryptUpdate(context.get(), Bytes(&plain), &size, Bytes(sealed),
                          static_cast<int>(sealed.size())) == 1 &&
      ::EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      ::EVP_DecryptFinal_ex(context.get(), Bytes(&tag), &size) == 1;
  if (!opened) return refusal;
  return plain;
}

}  // namespace reconcile
