#include "agent/host_paths.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/unique_fd.h"

namespace reconcile {
namespace {

constexpr mode_t kHostFolderMode = 0755;
constexpr mode_t kHostFileMode = 0644;

Status MakeFolders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return UnavailableError("make folder " + path + ": " + error.message());
  // create_directories goes by the process's umask.
  if (::chmod(path.c_str(), kHostFolderMode) != 0) return ErrnoError("set the mode of", path);
  return OkStatus();
}

// As in Kubernetes, the folder that it is in must be there.
Status MakeFile(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kHostFileMode));
  if (!fd.ok()) return ErrnoError("make", path);
  return ::fchmod(fd.get(), kHostFileMode) == 0 ? OkStatus() : ErrnoError("set the mode of", path);
}

struct TypeRow {
  std::string_view type;
  mode_t format;
  std::string_view words;
  Status (*make)(const std::string& path);  // nullptr: it must be there
};
constexpr TypeRow kTypes[] = {
    {"", 0, "", MakeFolders},
    {"DirectoryOrCreate", S_IFDIR, "a directory", MakeFolders},
    {"Directory", S_IFDIR, "a directory", nullptr},
    {"FileOrCreate", S_IFREG, "a file", MakeFile},
    {"File", S_IFREG, "a file", nullptr},
    {"Socket", S_IFSOCK, "a socket", nullptr},
    {"CharDevice", S_IFCHR, "a character device", nullptr},
    {"BlockDevice", S_IFBLK, "a block device", nullptr},
};

}  // namespace

Status NeedHostPath(const HostPathVolume& volume) {
  for (const TypeRow& row : kTypes) {
    if (row.type != volume.type) continue;
    struct stat info = {};
    if (::stat(volume.path.c_str(), &info) == 0) {
      if (row.format == 0 || (info.st_mode & S_IFMT) == row.format) return OkStatus();
    } else if (errno == ENOENT && row.make != nullptr) {
      return row.make(volume.path);
    }
    return InvalidError("hostPath type check failed: " + volume.path + " is not " +
                        std::string(row.words.empty() ? "there" : row.words));
  }
  return InvalidError("hostPath type \"" + volume.type + "\" is unknown");
}

}  // namespace reconcile
