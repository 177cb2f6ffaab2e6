#include "agent/disk_volumes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "agent/disk_folder.h"
#include "agent/host_path.h"
#include "agent/host_paths.h"
#include "agent/mounts.h"
#include "agent/volume_files.h"

namespace reconcile {
namespace {

constexpr int kEmptyDirMode = 0777;
constexpr int kFilesMode = 0755;
constexpr mode_t kNewMode = 0100;  // that nobody gives a folder: it was made, and no more
constexpr int64_t kFilesTmpfsBytes = int64_t{3} * kMaxVolumeBytes;  // two versions, and their names
constexpr mode_t kTargetMode = 0600;

// The folder at `path`, made as needed with those above it.
Result<DiskFolder> FolderAt(const std::string& root, const std::vector<std::string>& names) {
  Result<DiskFolder> folder = DiskFolder::OpenRoot(root);
  for (size_t i = 0; folder.ok() && i < names.size(); ++i) folder = folder->OpenOrMake(names[i]);
  return folder;
}

// A volume's folder, on a tmpfs where it is to be.
Result<DiskFolder> VolumeFolder(const std::string& root, const std::string& path, bool in_memory,
                                int64_t max_bytes, int mode) {
  const Result<std::vector<std::string>> names = SplitHostPath(path);
  if (!names.ok()) return names.status();
  const Result<DiskFolder> above = FolderAt(root, {names->begin(), names->end() - 1});
  if (!above.ok()) return above.status();
  if (::mkdirat(above->fd(), names->back().c_str(), kNewMode) != 0 && errno != EEXIST) {
    return ErrnoError("make folder", path);
  }
  Result<DiskFolder> folder = above->Open(names->back());
  if (!folder.ok() || !in_memory || IsTmpfs(folder->fd())) return folder;
  const Status mounted = MountTmpfs(root + "/" + path, max_bytes, mode);
  return mounted.ok() ? above->Open(names->back()) : mounted;
}

Status SetUp(const std::string& root, const std::string& path, const FolderVolume& volume) {
  const Result<DiskFolder> folder =
      VolumeFolder(root, path, volume.in_memory, volume.max_bytes, kEmptyDirMode);
  if (!folder.ok()) return folder.status();
  struct stat info = {};
  if (::fstat(folder->fd(), &info) != 0) return ErrnoError("look at", path);
  // Later it is as its users leave it.
  if ((info.st_mode & 07777) == kNewMode && ::fchmod(folder->fd(), kEmptyDirMode) != 0) {
    return ErrnoError("set the mode of", path);
  }
  return volume.group ? GiveFolderToGroup(folder->fd(), *volume.group) : OkStatus();
}

Status SetUp(const std::string& root, const std::string& path, const FilesVolume& volume) {
  const Result<DiskFolder> folder =
      VolumeFolder(root, path, volume.in_memory, kFilesTmpfsBytes, kFilesMode);
  if (!folder.ok()) return folder.status();
  return ReplaceVolumeFiles(folder->fd(), volume);
}

Status SetUp(const std::string&, const std::string&, const HostPathVolume& volume) {
  return NeedHostPath(volume);
}

// Makes the folders of a path that are not there yet, with the rights of the volume itself, and
// never beyond it.
Status MakeFoldersBeneath(int volume, const std::string& path) {
  struct stat info = {};
  if (::fstat(volume, &info) != 0) return ErrnoError("look at", "the volume");
  for (size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    if (OpenBeneath(volume, part, O_PATH).ok()) continue;
    const size_t slash = part.rfind('/');
    const std::string above = slash == std::string::npos ? "." : part.substr(0, slash);
    const std::string name = slash == std::string::npos ? part : part.substr(slash + 1);
    const Result<UniqueFd> folder = OpenBeneath(volume, above, O_RDONLY | O_DIRECTORY);
    if (!folder.ok()) return folder.status();
    if (::mkdirat(folder->get(), name.c_str(), 0700) != 0) {
      if (errno == EEXIST) continue;
      return ErrnoError("make folder", part);
    }
    const Result<UniqueFd> made =
        OpenOnSameMount(folder->get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!made.ok()) return made.status();
    if (::fchmod(made->get(), info.st_mode & 07777) != 0) return ErrnoError("make folder", part);
  }
  return OkStatus();
}

Result<UniqueFd> OpenPart(const PartOrder& order) {
  const UniqueFd volume(::open(order.base.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!volume.ok()) return ErrnoError("open", order.base);
  Result<UniqueFd> part = OpenBeneath(volume.get(), order.sub_path, O_PATH);
  if (part.status().code() != StatusCode::kNotFound || !order.may_make) return part;
  RETURN_IF_ERROR(MakeFoldersBeneath(volume.get(), order.sub_path));
  return OpenBeneath(volume.get(), order.sub_path, O_PATH);
}

// A folder or a file of ours, to be mounted on.
Result<UniqueFd> OpenTarget(const std::string& root, const std::string& path, bool is_folder) {
  Result<std::vector<std::string>> names = SplitHostPath(path);
  if (!names.ok()) return names.status();
  const std::string name = names->back();
  names->pop_back();
  const Result<DiskFolder> folder = FolderAt(root, *names);
  if (!folder.ok()) return folder.status();
  RETURN_IF_ERROR(UnmountBelow(root + "/" + path));
  RETURN_IF_ERROR(folder->RemoveTree(name));
  if (is_folder && ::mkdirat(folder->fd(), name.c_str(), 0700) != 0) {
    return ErrnoError("make folder", path);
  }
  const int flags = is_folder ? O_PATH | O_DIRECTORY : O_RDONLY | O_CREAT | O_EXCL;
  UniqueFd fd(::openat(folder->fd(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, kTargetMode));
  if (!fd.ok()) return ErrnoError("open", path);
  return fd;
}

Status MountPart(const std::string& root, const PartOrder& order) {
  const Result<UniqueFd> part = OpenPart(order);
  if (!part.ok()) return part.status();
  struct stat info = {};
  if (::fstat(part->get(), &info) != 0) return ErrnoError("look at", order.sub_path);
  // Not what a link is: openat2 has followed it. What else it is, the engine mounts as a file.
  const Result<UniqueFd> target = OpenTarget(root, order.target, S_ISDIR(info.st_mode));
  if (!target.ok()) return target.status();
  return MountAt(part->get(), target->get());
}

}  // namespace

std::vector<Status> SetUpVolumesBelow(const std::string& root,
                                      const std::vector<VolumeOrder>& orders) {
  std::vector<Status> made;
  for (const VolumeOrder& order : orders) {
    made.push_back(
        std::visit([&](const auto& what) { return SetUp(root, order.path, what); }, order.what));
  }
  return made;
}

Status MountPartsBelow(const std::string& root, const std::vector<PartOrder>& orders) {
  for (const PartOrder& order : orders) {
    RETURN_IF_ERROR(MountPart(root, order)
                        .WithContext("failed to prepare subPath \"" + order.sub_path +
                                     "\" of volume \"" + order.volume + "\""));
  }
  return OkStatus();
}

Status TakeAwayBelow(const std::string& root, const std::string& path) {
  const Result<std::vector<std::string>> names = SplitHostPath(path);
  if (!names.ok()) return names.status();
  Result<DiskFolder> folder = DiskFolder::OpenRoot(root);
  for (size_t i = 0; folder.ok() && i + 1 < names->size(); ++i) folder = folder->Open((*names)[i]);
  if (folder.status().code() == StatusCode::kNotFound) return OkStatus();
  if (!folder.ok()) return folder.status();
  RETURN_IF_ERROR(UnmountBelow(root + "/" + path));
  return folder->RemoveTree(names->back());
}

}  // namespace reconcile
