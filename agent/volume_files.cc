#include "agent/volume_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <set>

#include "agent/disk_folder.h"
#include "base/unique_fd.h"

namespace reconcile {
namespace {

constexpr char kData[] = "..data";
constexpr char kNewData[] = "..data_tmp";
constexpr std::string_view kReserved = "..";  // names that begin so are ours
constexpr int kMaxCountedDepth = 64;
constexpr int kMaxSameTime = 100;
constexpr mode_t kVersionMode = 0755;
constexpr mode_t kGroupReads = 0440;   // what fsGroup adds to files that only we write
constexpr mode_t kGroupEnters = 0550;  // and to their folders
constexpr int kVersionFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Status Failure(const std::string& what, const std::string& name) {
  return UnavailableError(what + " " + name + " in a volume: " + std::strerror(errno));
}

std::string LinkTarget(int folder, const std::string& name) {
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(folder, name.c_str(), target, sizeof(target));
  return size < 0 ? "" : std::string(target, static_cast<size_t>(size));
}

Result<UniqueFd> OpenFolder(int folder, const std::string& name, bool make) {
  if (make && ::mkdirat(folder, name.c_str(), kVersionMode) != 0 && errno != EEXIST) {
    return Failure("make", name);
  }
  UniqueFd fd(::openat(folder, name.c_str(), kVersionFlags));
  if (!fd.ok()) return Failure("open", name);
  return fd;
}

mode_t ModeOf(const VolumeFile& file, const FilesVolume& volume) {
  const auto mode = static_cast<mode_t>(file.mode) & 0777;
  return volume.group ? mode | kGroupReads : mode;
}

Status SetFolderRights(int folder, const FilesVolume& volume) {
  mode_t mode = kVersionMode;
  if (volume.group) {
    if (::fchown(folder, static_cast<uid_t>(-1), static_cast<gid_t>(*volume.group)) != 0) {
      return Failure("give to fsGroup", "a folder");
    }
    mode |= S_ISGID | kGroupEnters;
  }
  return ::fchmod(folder, mode) == 0 ? OkStatus() : Failure("set the mode of", "a folder");
}

Status WriteFile(int folder, const std::string& name, const VolumeFile& file,
                 const FilesVolume& volume) {
  const UniqueFd fd(
      ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.ok()) return Failure("make", name);
  for (size_t written = 0; written < file.bytes.size();) {
    const ssize_t size =
        ::write(fd.get(), file.bytes.data() + written, file.bytes.size() - written);
    if (size < 0 && errno != EINTR) return Failure("write", name);
    if (size > 0) written += static_cast<size_t>(size);
  }
  if (volume.group &&
      ::fchown(fd.get(), static_cast<uid_t>(-1), static_cast<gid_t>(*volume.group)) != 0) {
    return Failure("give to fsGroup", name);
  }
  // After the owner: a change of owner takes bits away.
  return ::fchmod(fd.get(), ModeOf(file, volume)) == 0 ? OkStatus()
                                                       : Failure("set the mode of", name);
}

// The folder that the file at `path` is in, below `root`; the file's name is left in `name`.
Result<UniqueFd> FolderOf(int root, const std::string& path, const FilesVolume& volume, bool make,
                          std::string* name) {
  UniqueFd folder(::fcntl(root, F_DUPFD_CLOEXEC, 0));
  size_t start = 0;
  for (size_t slash = path.find('/'); slash != std::string::npos;
       start = slash + 1, slash = path.find('/', start)) {
    Result<UniqueFd> next = OpenFolder(folder.get(), path.substr(start, slash - start), make);
    if (!next.ok()) return next.status();
    folder = std::move(next).value();
    if (make) RETURN_IF_ERROR(SetFolderRights(folder.get(), volume));
  }
  *name = path.substr(start);
  return folder;
}

bool HasFile(int root, const std::string& path, const VolumeFile& file, const FilesVolume& volume) {
  std::string name;
  const Result<UniqueFd> folder = FolderOf(root, path, volume, false, &name);
  if (!folder.ok()) return false;
  const UniqueFd fd(::openat(folder->get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info = {};
  if (!fd.ok() || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  if ((info.st_mode & 07777) != ModeOf(file, volume)) return false;
  if (volume.group && info.st_gid != static_cast<gid_t>(*volume.group)) return false;
  if (static_cast<size_t>(info.st_size) != file.bytes.size()) return false;
  std::string bytes(file.bytes.size(), '\0');
  size_t read = 0;
  while (read < bytes.size()) {
    const ssize_t size = ::read(fd.get(), bytes.data() + read, bytes.size() - read);
    if (size == 0 || (size < 0 && errno != EINTR)) return false;
    if (size > 0) read += static_cast<size_t>(size);
  }
  return bytes == file.bytes;
}

Result<size_t> CountFiles(int folder, int depth_left) {
  const Result<std::vector<std::string>> names = NamesIn(folder);
  if (!names.ok()) return names.status();
  size_t count = 0;
  for (const std::string& name : *names) {
    const UniqueFd inner(::openat(folder, name.c_str(), kVersionFlags));
    if (!inner.ok()) {
      ++count;
    } else if (depth_left > 0) {
      const Result<size_t> inside = CountFiles(inner.get(), depth_left - 1);
      if (!inside.ok()) return inside;
      count += *inside;
    }
  }
  return count;
}

// What changes that did not come to their end left: they take room of the next.
Status RemoveUnfinished(int folder) {
  const std::string in_force = LinkTarget(folder, kData);
  const Result<std::vector<std::string>> names = NamesIn(folder);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (!name.starts_with(kReserved) || name == kData || name == in_force) continue;
    RETURN_IF_ERROR(RemoveTreeIn(folder, name));
  }
  return OkStatus();
}

// Whether the version that is in force is this one.
bool IsInForce(int folder, const FilesVolume& volume) {
  const std::string version = LinkTarget(folder, kData);
  if (!version.starts_with(kReserved)) return false;
  const UniqueFd root(::openat(folder, version.c_str(), kVersionFlags));
  if (!root.ok()) return false;
  for (const auto& [path, file] : volume.files) {
    if (!HasFile(root.get(), path, file, volume)) return false;
  }
  const Result<size_t> count = CountFiles(root.get(), kMaxCountedDepth);
  return count.ok() && *count == volume.files.size();
}

// As Kubernetes names it: by the time, and a number where there is one of that name.
Result<std::string> MakeVersion(int folder) {
  struct timespec now = {};
  struct tm parts = {};
  if (::clock_gettime(CLOCK_REALTIME, &now) != 0) return Failure("ask the time for", kData);
  ::gmtime_r(&now.tv_sec, &parts);
  char stamp[64];
  if (std::strftime(stamp, sizeof(stamp), "..%Y_%m_%d_%H_%M_%S.", &parts) == 0) {
    return InternalError("the time has no name");
  }
  for (int number = 0; number < kMaxSameTime; ++number) {
    std::string name = stamp + std::to_string(now.tv_nsec + number);
    if (::mkdirat(folder, name.c_str(), kVersionMode) == 0) return name;
    if (errno != EEXIST) return Failure("make", name);
  }
  return UnavailableError("no name is free for a new version of a volume");
}

Status WriteVersion(int folder, const std::string& version, const FilesVolume& volume) {
  const Result<UniqueFd> root = OpenFolder(folder, version, false);
  if (!root.ok()) return root.status();
  for (const auto& [path, file] : volume.files) {
    std::string name;
    const Result<UniqueFd> inner = FolderOf(root->get(), path, volume, true, &name);
    if (!inner.ok()) return inner.status();
    RETURN_IF_ERROR(WriteFile(inner->get(), name, file, volume));
  }
  return SetFolderRights(root->get(), volume);
}

// From here on readers see the new version.
Status PutInForce(int folder, const std::string& version) {
  if (::unlinkat(folder, kNewData, 0) != 0 && errno != ENOENT) return Failure("clear", kNewData);
  if (::symlinkat(version.c_str(), folder, kNewData) != 0) return Failure("link", kNewData);
  if (::renameat(folder, kNewData, folder, kData) != 0) return Failure("rename", kNewData);
  return OkStatus();
}

Status Change(int folder, const FilesVolume& volume) {
  const Result<std::string> version = MakeVersion(folder);
  if (!version.ok()) return version.status();
  RETURN_IF_ERROR(WriteVersion(folder, *version, volume));
  return PutInForce(folder, *version);
}

// The names that users see: a link for each first name of a path.
Status LinkNames(int folder, const std::set<std::string>& firsts) {
  for (const std::string& name : firsts) {
    const std::string target = std::string(kData) + "/" + name;
    if (LinkTarget(folder, name) == target) continue;
    if (::unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT) return Failure("clear", name);
    if (::symlinkat(target.c_str(), folder, name.c_str()) != 0) return Failure("link", name);
  }
  return OkStatus();
}

Status RemoveOthers(int folder, const std::string& version, const std::set<std::string>& firsts) {
  const Result<std::vector<std::string>> names = NamesIn(folder);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (name == kData || name == version || firsts.contains(name)) continue;
    const bool is_ours = name.starts_with(kReserved) ||
                         LinkTarget(folder, name).starts_with(std::string(kData) + "/");
    if (is_ours) RETURN_IF_ERROR(RemoveTreeIn(folder, name));
  }
  return OkStatus();
}

}  // namespace

Status ReplaceVolumeFiles(int folder, const FilesVolume& volume) {
  std::set<std::string> firsts;
  for (const auto& [path, file] : volume.files) firsts.insert(path.substr(0, path.find('/')));
  if (!IsInForce(folder, volume)) {
    RETURN_IF_ERROR(RemoveUnfinished(folder));
    if (const Status changed = Change(folder, volume); !changed.ok()) {
      (void)RemoveUnfinished(folder);  // else the next change does it
      return changed;
    }
  }
  // Also what an interrupted change left.
  RETURN_IF_ERROR(LinkNames(folder, firsts));
  RETURN_IF_ERROR(RemoveOthers(folder, LinkTarget(folder, kData), firsts));
  return SetFolderRights(folder, volume);
}

Status GiveFolderToGroup(int folder, int64_t group) {
  constexpr mode_t kOfGroup = S_ISGID | 0770;
  struct stat info = {};
  if (::fstat(folder, &info) != 0) return Failure("look at", "its folder");
  const bool has_it = info.st_gid == static_cast<gid_t>(group);
  if (!has_it && ::fchown(folder, static_cast<uid_t>(-1), static_cast<gid_t>(group)) != 0) {
    return Failure("give to fsGroup", "its folder");
  }
  if (has_it && (info.st_mode & kOfGroup) == kOfGroup) return OkStatus();
  return ::fchmod(folder, (info.st_mode & 07777) | kOfGroup) == 0
             ? OkStatus()
             : Failure("set the mode of", "its folder");
}

}  // namespace reconcile
