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

Result<std::string> ReadKey(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoError("look at", path);
  if ((info.st_mode & kOthersBits) != 0) {
    return InvalidError("the key " + path + " can be read by others: chmod 600 it");
  }
  if (!S_ISREG(info.st_mode) || info.st_size != static_cast<off_t>(kSecretKeyBytes)) {
    return InvalidError("the key " + path + " is not a file of " + std::to_string(kSecretKeyBytes) +
                        " bytes");
  }
  std::string key(kSecretKeyBytes, '\0');
  if (::read(fd, key.data(), key.size()) != static_cast<ssize_t>(key.size())) {
    return ErrnoError("read", path);
  }
  return key;
}

Status SyncFolderOf(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok() || ::fsync(fd.get()) != 0) return ErrnoError("sync", folder);
  return OkStatus();
}

// Written beside, then linked: whoever finds the key finds all of it.
Status CreateKey(const std::string& path) {
  std::string key(kSecretKeyBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) != 1) {
    return InternalError("libcrypto gave no random bytes for a key");
  }
  const std::string beside = path + ".new";
  const UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kOwnerOnly));
  if (!fd.ok()) return ErrnoError("make", beside);
  const bool written =
      ::fchmod(fd.get(), kOwnerOnly) == 0 &&
      ::write(fd.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
      ::fsync(fd.get()) == 0;
  if (!written) return ErrnoError("write", beside);
  if (::link(beside.c_str(), path.c_str()) != 0 && errno != EEXIST) return ErrnoError("make", path);
  if (::unlink(beside.c_str()) != 0) return ErrnoError("remove", beside);
  return SyncFolderOf(path);
}

}  // namespace

Result<std::string> LoadOrCreateKey(const std::string& path) {
  if (const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); fd.ok()) {
    return ReadKey(fd.get(), path);
  }
  if (errno != ENOENT) return ErrnoError("open", path);
  RETURN_IF_ERROR(CreateKey(path));
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoError("open", path);
  return ReadKey(fd.get(), path);
}

}  // namespace reconcile
