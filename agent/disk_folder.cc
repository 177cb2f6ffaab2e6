#include "agent/disk_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "agent/mounts.h"

namespace reconcile {
namespace {

constexpr size_t kReadChunk = 64 << 10;

std::string TemporaryName(const std::string& name) { return "." + name + ".tmp"; }

bool IsTemporaryName(const std::string& name) {
  return name.starts_with(".") && name.ends_with(".tmp");
}

bool WriteWhole(const UniqueFd& fd, const std::string& bytes) {
  size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t size = ::write(fd.get(), bytes.data() + written, bytes.size() - written);
    if (size < 0 && errno != EINTR) return false;
    if (size > 0) written += static_cast<size_t>(size);
  }
  return true;
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// Folders are open while what is in them is removed, so what lies deeper is moved up first.
constexpr int kMaxRemoveDepth = 64;
constexpr int kMaxRemoveRounds = 10'000;

// Removes what is in one folder, which is held open.
class FolderClearing {
 public:
  explicit FolderClearing(int top) : top_(top) {}

  Status Run() {
    for (int round = 0; round < kMaxRemoveRounds; ++round) {
      moved_ = false;
      const Result<std::vector<std::string>> names = NamesIn(top_);
      if (!names.ok()) return names.status();
      for (const std::string& name : *names) {
        RETURN_IF_ERROR(Remove(top_, name, kMaxRemoveDepth));
      }
      if (!moved_) return OkStatus();
    }
    return InvalidError("it is too deep to be removed");
  }

 private:
  Status Remove(int folder, const std::string& name, int depth_left) {
    if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return OkStatus();
    if (errno != EISDIR) return UnavailableError(name + ": " + strerror(errno));
    if (depth_left == 0) return MoveUp(folder, name);
    const Result<UniqueFd> inner =
        OpenOnSameMount(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!inner.ok()) return inner.status();
    const Result<std::vector<std::string>> names = NamesIn(inner->get());
    if (!names.ok()) return names.status();
    for (const std::string& child : *names) {
      RETURN_IF_ERROR(Remove(inner->get(), child, depth_left - 1));
    }
    const bool removed = ::unlinkat(folder, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
    return removed ? OkStatus() : UnavailableError(name + ": " + strerror(errno));
  }
  Status MoveUp(int folder, const std::string& name) {
    const std::string free_name = "..deep-" + std::to_string(next_++);
    if (::renameat(folder, name.c_str(), top_, free_name.c_str()) == 0) {
      moved_ = true;
      return OkStatus();
    }
    return UnavailableError("move up " + name + ": " + strerror(errno));
  }

  const int top_;
  bool moved_ = false;
  int next_ = 0;
};

}  // namespace

Status DiskFolder::Failure(const std::string& what, const std::string& name) const {
  const int error = errno;
  const std::string message = what + " " + path_ + "/" + name + ": " + strerror(error);
  if (error == ENOENT) return NotFoundError(message);
  // O_NOFOLLOW's answer to a link, O_DIRECTORY's to a file.
  if (error == ELOOP || error == ENOTDIR || error == EISDIR) return ConflictError(message);
  return UnavailableError(message);
}

Result<DiskFolder> DiskFolder::OpenRoot(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return UnavailableError("make folder " + path + ": " + strerror(errno));
  }
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.ok()) return UnavailableError("open folder " + path + ": " + strerror(errno));
  return DiskFolder(std::move(fd), path);
}

Result<DiskFolder> DiskFolder::Open(const std::string& name) const {
  UniqueFd fd(::openat(fd_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.ok()) return Failure("open folder", name);
  return DiskFolder(std::move(fd), path_ + "/" + name);
}

Result<DiskFolder> DiskFolder::OpenOrMake(const std::string& name) const {
  if (::mkdirat(fd_.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
    return Failure("make folder", name);
  }
  return Open(name);
}

Result<std::string> DiskFolder::ReadFile(const std::string& name, size_t max_bytes) const {
  // O_NONBLOCK: a named pipe in the way must not stop the loop.
  const UniqueFd fd(
      ::openat(fd_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!fd.ok()) return Failure("open", name);
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) return Failure("look at", name);
  if (!S_ISREG(info.st_mode)) return ConflictError(path_ + "/" + name + " is no file");
  std::string bytes;
  while (bytes.size() <= max_bytes) {
    const size_t before = bytes.size();
    bytes.resize(before + kReadChunk);
    const ssize_t size = ::read(fd.get(), bytes.data() + before, kReadChunk);
    bytes.resize(before + static_cast<size_t>(std::max<ssize_t>(size, 0)));
    if (size == 0) return bytes;
    if (size < 0 && errno != EINTR) return Failure("read", name);
  }
  return InvalidError(path_ + "/" + name + " is larger than " + std::to_string(max_bytes) +
                      " bytes");
}

Result<std::string> DiskFolder::ReadEnd(const std::string& name, size_t max_bytes) const {
  const UniqueFd there(::openat(fd_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!there.ok()) return Failure("open", name);
  struct stat info = {};
  if (::fstat(there.get(), &info) != 0) return Failure("look at", name);
  if (!S_ISREG(info.st_mode)) return ConflictError(path_ + "/" + name + " is no file");
  const std::string same = "/proc/self/fd/" + std::to_string(there.get());
  const UniqueFd fd(::open(same.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.ok()) return Failure("open", name);
  const auto most = static_cast<off_t>(max_bytes);
  off_t at = std::max<off_t>(info.st_size - most, 0);
  std::string bytes(max_bytes, '\0');
  size_t read = 0;
  while (read < max_bytes) {
    const ssize_t size = ::pread(fd.get(), bytes.data() + read, max_bytes - read, at);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Failure("read", name);
    if (size == 0) break;
    read += static_cast<size_t>(size);
    at += size;
  }
  bytes.resize(read);
  return bytes;
}

Status DiskFolder::ReplaceFile(const std::string& name, const std::string& bytes, int mode,
                               bool durable) const {
  const std::string temporary = TemporaryName(name);
  // What an interrupted write left; O_EXCL below refuses whatever else is there.
  if (::unlinkat(fd_.get(), temporary.c_str(), 0) != 0 && errno != ENOENT) {
    return Failure("clear", temporary);
  }
  const UniqueFd fd(::openat(fd_.get(), temporary.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.ok()) return Failure("make", temporary);
  // fchmod, because the process's umask cuts the mode given to open.
  const bool written = WriteWhole(fd, bytes) &&
                       ::fchmod(fd.get(), static_cast<mode_t>(mode)) == 0 &&
                       (!durable || ::fsync(fd.get()) == 0) &&
                       ::renameat(fd_.get(), temporary.c_str(), fd_.get(), name.c_str()) == 0;
  if (!written) {
    const Status failure = Failure("write", name);
    ::unlinkat(fd_.get(), temporary.c_str(), 0);
    return failure;
  }
  return durable ? Sync() : OkStatus();
}

Status DiskFolder::Sync() const {
  return ::fsync(fd_.get()) == 0 ? OkStatus() : Failure("sync", "");
}

Result<std::vector<std::string>> DiskFolder::List() const {
  Result<std::vector<std::string>> names = NamesIn(fd_.get());
  if (!names.ok()) return names.status().WithContext(path_);
  std::erase_if(*names, IsTemporaryName);
  return names;
}

Status DiskFolder::RemoveTree(const std::string& name) const {
  return RemoveTreeIn(fd_.get(), name).WithContext("remove " + path_ + "/" + name);
}

Result<std::vector<std::string>> NamesIn(int folder) {
  const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseFolder> listing(copy >= 0 ? ::fdopendir(copy) : nullptr);
  if (listing == nullptr) {
    if (copy >= 0) ::close(copy);
    return UnavailableError(std::string("list a folder: ") + strerror(errno));
  }
  std::vector<std::string> names;
  for (errno = 0; const dirent* entry = ::readdir(listing.get()); errno = 0) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) return UnavailableError(std::string("list a folder: ") + strerror(errno));
  std::sort(names.begin(), names.end());
  return names;
}

Status RemoveTreeIn(int folder, const std::string& name) {
  if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return OkStatus();
  if (errno != EISDIR) return UnavailableError(name + ": " + strerror(errno));
  const Result<UniqueFd> tree = OpenOnSameMount(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!tree.ok()) return tree.status();
  RETURN_IF_ERROR(FolderClearing(tree->get()).Run());
  const bool removed = ::unlinkat(folder, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
  return removed ? OkStatus() : UnavailableError(name + ": " + strerror(errno));
}

}  // namespace reconcile
