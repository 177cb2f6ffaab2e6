#include "store/secret_key.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/unique_fd.h"
#include "store/sealed_payload.h"

namespace reconcile {
namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kOthersBits = 0077;

Result<std::string> ReadKeys(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoError("look at", path);
  if ((info.st_mode & kOthersBits) != 0) {
    return InvalidError("the key " + path + " can be read by others: chmod 600 it");
  }
  constexpr size_t kMostBytes = kKeyringHeader.size() + kMaxSecretKeys * kSecretKeyBytes;
  if (!S_ISREG(info.st_mode) || info.st_size > static_cast<off_t>(kMostBytes)) {
    return ParseKeys("", path);
  }
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  if (::read(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    return ErrnoError("read", path);
  }
  return ParseKeys(std::move(bytes), path);
}

Status SyncFolderOf(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok() || ::fsync(fd.get()) != 0) return ErrnoError("sync", folder);
  return OkStatus();
}

Status WriteBeside(const std::string& beside, std::string_view bytes) {
  const UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly));
  if (!fd.ok()) return ErrnoError("make", beside);
  const bool written =
      ::fchmod(fd.get(), kOwnerOnly) == 0 &&
      ::write(fd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
      ::fsync(fd.get()) == 0;
  return written ? OkStatus() : ErrnoError("write", beside);
}

// Written beside, then linked: whoever finds the key finds all of it.
Status CreateKey(const std::string& path) {
  const Result<std::string> key = MakeSecretKey();
  if (!key.ok()) return key.status();
  const std::string beside = path + ".new";
  RETURN_IF_ERROR(WriteBeside(beside, *key));
  if (::link(beside.c_str(), path.c_str()) != 0 && errno != EEXIST) return ErrnoError("make", path);
  if (::unlink(beside.c_str()) != 0) return ErrnoError("remove", beside);
  return SyncFolderOf(path);
}

}  // namespace

Result<std::string> ParseKeys(std::string bytes, const std::string& called) {
  if (bytes.size() == kSecretKeyBytes) return bytes;
  if (bytes.starts_with(kKeyringHeader)) {
    bytes.erase(0, kKeyringHeader.size());
    const size_t count = bytes.size() / kSecretKeyBytes;
    const bool whole = bytes.size() == count * kSecretKeyBytes;
    if (whole && count > 0 && count <= kMaxSecretKeys) return bytes;
  }
  return InvalidError("the key " + called + " is neither a file of " +
                      std::to_string(kSecretKeyBytes) + " bytes nor a keyring");
}

Result<std::string> MakeSecretKey() {
  std::string key(kSecretKeyBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) != 1) {
    return InternalError("libcrypto gave no random bytes for a key");
  }
  return key;
}

Status SaveKeys(const std::string& path, std::string_view keys) {
  const std::string beside = path + ".new";
  std::string bytes;
  if (keys.size() != kSecretKeyBytes) bytes = kKeyringHeader;
  RETURN_IF_ERROR(WriteBeside(beside, bytes.append(keys)));
  if (::rename(beside.c_str(), path.c_str()) != 0) return ErrnoError("replace", path);
  return SyncFolderOf(path);
}

Result<std::string> LoadKeys(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.ok()) return ReadKeys(fd.get(), path);
  if (errno != ENOENT) return ErrnoError("open", path);
  return NotFoundError("there is no key " + path +
                       " for the Secrets in the database: put it back, or take it from a keys file "
                       "of `reconcile backup`: `reconcile restore --keys KEYS`");
}

Result<std::string> LoadOrCreateKeys(const std::string& path) {
  if (const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); fd.ok()) {
    return ReadKeys(fd.get(), path);
  }
  if (errno != ENOENT) return ErrnoError("open", path);
  RETURN_IF_ERROR(CreateKey(path));
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoError("open", path);
  return ReadKeys(fd.get(), path);
}

}  // namespace reconcile
