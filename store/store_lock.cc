#include "store/store_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace reconcile {
namespace {

constexpr mode_t kLockMode = 0600;

std::string HolderOf(int fd) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  std::string pid;
  for (ssize_t i = 0; i < size; ++i) {
    const char c = text[static_cast<size_t>(i)];
    if (c < '0' || c > '9') break;
    pid += c;
  }
  return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

Result<std::unique_ptr<StoreLock>> StoreLock::Take(const std::string& database_path) {
  const std::string path = database_path + ".lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kLockMode);
  if (fd < 0) return ErrnoError("open the lock", path);
  std::unique_ptr<StoreLock> lock(new StoreLock(fd));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoError("take the lock", path);
    return ConflictError(database_path + " is in use by " + HolderOf(fd) +
                         ": one controller at a time; stop that one first");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return ErrnoError("write the lock", path);
  }
  return lock;
}

StoreLock::~StoreLock() { ::close(fd_); }

Status EnsurePrivateFile(const std::string& database_path) {
  const int fd = ::open(database_path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kLockMode);
  if (fd < 0) {
    return errno == EEXIST ? OkStatus() : ErrnoError("make the database", database_path);
  }
  ::close(fd);
  std::string folder = std::filesystem::path(database_path).parent_path().string();
  if (folder.empty()) folder = ".";
  const int folder_fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0) return ErrnoError("open the folder", folder);
  const bool synced = ::fsync(folder_fd) == 0;
  const Status failure = synced ? OkStatus() : ErrnoError("sync the folder", folder);
  ::close(folder_fd);
  return failure;
}

}  // namespace reconcile
