#include "link/enrollment_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace reconcile {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr mode_t kOthersRights = 0077;
// Beside what they become; left over after a crash, and then overwritten or removed.
constexpr const char* kUnfinished = ".new";

Status SyncFolder(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd.ok() && ::fsync(fd.get()) == 0 ? OkStatus() : ErrnoError("sync", path);
}

Status WriteWhole(const std::string& path, const std::string& bytes) {
  const UniqueFd fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (!fd.ok()) return ErrnoError("make", path);
  if (::fchmod(fd.get(), kFileMode) != 0) return ErrnoError("write", path);
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t size = ::write(fd.get(), bytes.data() + done, bytes.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return ErrnoError("write", path);
    done += static_cast<size_t>(size);
  }
  return ::fsync(fd.get()) == 0 ? OkStatus() : ErrnoError("write", path);
}

Status CheckRights(const struct stat& found, const std::string& path, bool is_folder) {
  if (is_folder ? !S_ISDIR(found.st_mode) : !S_ISREG(found.st_mode)) {
    return InvalidError(path + " is not a " + (is_folder ? "folder" : "file"));
  }
  if (found.st_uid != ::geteuid()) {
    return InvalidError(path +
                        ", which keeps keys of the cluster, belongs to another user: chown it");
  }
  if ((found.st_mode & kOthersRights) == 0) return OkStatus();
  return InvalidError("other users may read " + path + ", which keeps keys of the cluster: chmod " +
                      (is_folder ? "700" : "600") +
                      " it. If they have read it, rotate the CA with `reconcile ca rotate`");
}

std::string ParentOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

Status DamagedFile(const std::string& path, const std::string& why) {
  return InvalidError(path + " cannot be used: " + why +
                      ". Put a copy of the whole folder back: move it away, and `reconcile restore "
                      "--keys KEYS` takes it from a keys file. Without one, stop the controller, "
                      "move the folder away and begin again: every host then has to join anew, "
                      "and containers go on running meanwhile");
}

Result<bool> EnrollmentFolder::IsToBeMade(const std::string& path) {
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? Result<bool>(true) : ErrnoError("look at", path);
  }
  RETURN_IF_ERROR(CheckRights(found, path, true));
  std::error_code error;
  const bool empty = std::filesystem::is_empty(path, error);
  if (error) return UnavailableError("cannot look into " + path + ": " + error.message());
  return empty;
}

Status EnrollmentFolder::Make(const std::string& path,
                              const std::map<std::string, std::string>& files) {
  const std::string beside = path + kUnfinished;
  std::error_code error;
  std::filesystem::remove_all(beside, error);
  if (error) return UnavailableError("cannot remove " + beside + ": " + error.message());
  if (::mkdir(beside.c_str(), kFolderMode) != 0) return ErrnoError("make", beside);
  for (const auto& [name, bytes] : files) {
    RETURN_IF_ERROR(WriteWhole(beside + "/" + name, bytes));
  }
  RETURN_IF_ERROR(SyncFolder(beside));
  if (::rename(beside.c_str(), path.c_str()) != 0) return ErrnoError("make", path);
  return SyncFolder(ParentOf(path));
}

Result<std::unique_ptr<EnrollmentFolder>> EnrollmentFolder::Open(const std::string& path) {
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok()) return ErrnoError("open", path);
  struct stat found = {};
  if (::fstat(folder.get(), &found) != 0) return ErrnoError("look at", path);
  RETURN_IF_ERROR(CheckRights(found, path, true));
  if (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoError("lock", path);
    return UnavailableError(path + " is in use by another process: does a controller run already?");
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    struct stat file = {};
    if (::lstat(entry.path().c_str(), &file) != 0) return ErrnoError("look at", entry.path());
    RETURN_IF_ERROR(CheckRights(file, entry.path(), false));
    if (entry.path().extension() == kUnfinished) ::unlink(entry.path().c_str());
  }
  if (error) return UnavailableError("cannot look into " + path + ": " + error.message());
  return std::unique_ptr<EnrollmentFolder>(new EnrollmentFolder(path, std::move(folder)));
}

Result<std::string> EnrollmentFolder::Read(const std::string& name, size_t max_bytes) const {
  const std::string path = PathOf(name);
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.ok()) {
    return errno == ENOENT ? DamagedFile(path, "it is missing") : ErrnoError("open", path);
  }
  std::string bytes(max_bytes + 1, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t part = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0) return ErrnoError("read", path);
    if (part == 0) break;
    size += static_cast<size_t>(part);
  }
  if (size > max_bytes) {
    return DamagedFile(path, "it has more than " + std::to_string(max_bytes) + " bytes");
  }
  bytes.resize(size);
  return bytes;
}

Status EnrollmentFolder::Write(const std::string& name, const std::string& bytes) {
  const std::string path = PathOf(name);
  const std::string beside = path + kUnfinished;
  RETURN_IF_ERROR(WriteWhole(beside, bytes));
  if (::rename(beside.c_str(), path.c_str()) != 0) return ErrnoError("replace", path);
  return SyncFolder(path_);
}

void EnrollmentFolder::Remove(const std::string& name) { ::unlink(PathOf(name).c_str()); }

}  // namespace reconcile
