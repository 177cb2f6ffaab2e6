#include "agent/disk_host_files.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "agent/disk_folder.h"
#include "agent/disk_volumes.h"
#include "agent/file_sealer.h"
#include "agent/folder_size.h"
#include "agent/host_path.h"
#include "agent/mount_namespace.h"

namespace reconcile {
namespace {

FileSystemSpace SpaceOf(const std::string& path) {
  struct statvfs system = {};
  struct stat info = {};
  if (::statvfs(path.c_str(), &system) != 0 || ::stat(path.c_str(), &info) != 0) return {};
  const auto block = static_cast<int64_t>(system.f_frsize);
  const auto reserved = static_cast<int64_t>(system.f_bfree - system.f_bavail);
  FileSystemSpace space;
  space.capacity_bytes = (static_cast<int64_t>(system.f_blocks) - reserved) * block;
  space.available_bytes = static_cast<int64_t>(system.f_bavail) * block;
  space.inodes = static_cast<int64_t>(system.f_files);
  space.inodes_free = static_cast<int64_t>(system.f_favail);
  space.id = info.st_dev;
  return space;
}

class DiskHostFiles final : public HostFiles {
 public:
  DiskHostFiles(const std::string& root, const std::string& key_file, VolumeWork work)
      : root_(std::filesystem::absolute(root).lexically_normal().string()),
        sealer_(key_file),
        work_(std::move(work)) {}

  std::string AbsolutePath(const std::string& path) const override { return root_ + "/" + path; }

  Status Write(const std::string& path, const std::string& bytes, int mode) override {
    return Replace(path, bytes, mode, false);
  }

  Status CheckExecutable(const std::string& path) const override {
    const Result<std::vector<std::string>> names = SplitHostPath(path);
    if (!names.ok()) return names.status();
    struct statvfs system = {};
    if (::statvfs(AbsolutePath(path).c_str(), &system) != 0) {
      return UnavailableError("look at " + AbsolutePath(path) + ": " + std::strerror(errno));
    }
    if ((system.f_flag & ST_NOEXEC) == 0) return OkStatus();
    return InvalidError(root_ + " is on a file system that is mounted noexec");
  }

  Result<std::string> Read(const std::string& path) const override {
    const Result<std::vector<std::string>> names = SplitHostPath(path);
    if (!names.ok()) return names.status();
    const Result<DiskFolder> folder = FolderOf(*names);
    if (!folder.ok()) return folder.status();
    return folder->ReadFile(names->back(), kMaxHostFileBytes);
  }

  Result<std::string> ReadEnd(const std::string& path, size_t max_bytes) const override {
    const Result<std::vector<std::string>> names = SplitHostPath(path);
    if (!names.ok()) return names.status();
    const Result<DiskFolder> folder = FolderOf(*names);
    if (!folder.ok()) return folder.status();
    return folder->ReadEnd(names->back(), max_bytes);
  }

  Status RemoveTree(const std::string& path) override {
    const Result<std::vector<std::string>> names = SplitHostPath(path);
    if (!names.ok()) return names.status();
    const Result<DiskFolder> folder = FolderOf(*names);
    if (folder.status().code() == StatusCode::kNotFound) return OkStatus();
    if (!folder.ok()) return folder.status();
    return folder->RemoveTree(names->back());
  }

  Result<std::vector<std::string>> List(const std::string& path) const override {
    const Result<std::vector<std::string>> names = SplitHostPath(path);
    if (!names.ok()) return names.status();
    const Result<DiskFolder> above = FolderOf(*names);
    if (above.status().code() == StatusCode::kNotFound) return std::vector<std::string>();
    if (!above.ok()) return above.status();
    const Result<DiskFolder> folder = above->Open(names->back());
    if (folder.status().code() == StatusCode::kNotFound) return std::vector<std::string>();
    if (!folder.ok()) return folder.status();
    return folder->List();
  }

  Status WriteSealed(const std::string& path, const std::string& bytes) override {
    const Result<std::string> sealed = sealer_.Seal(path, bytes);
    if (!sealed.ok()) return sealed.status().WithContext("seal " + path);
    return Replace(path, *sealed, 0600, true);
  }

  Result<std::string> ReadSealed(const std::string& path) const override {
    const Result<std::string> sealed = Read(path);
    if (!sealed.ok()) return sealed.status();
    Result<std::string> bytes = sealer_.Open(path, *sealed);
    if (!bytes.ok()) return bytes.status().WithContext(AbsolutePath(path));
    return bytes;
  }

  void SetUpVolumes(std::vector<VolumeOrder> orders,
                    std::function<void(std::vector<Status>)> done) override {
    const size_t count = orders.size();
    Work<std::vector<Status>>(
        work_.workers,
        [root = root_, orders = std::move(orders)] { return SetUpVolumesBelow(root, orders); },
        [count](const Status& status) { return std::vector<Status>(count, status); },
        std::move(done));
  }

  void MountParts(std::vector<PartOrder> orders, DoneStatus done) override {
    Work<Status>(
        work_.workers,
        [root = root_, orders = std::move(orders)] { return MountPartsBelow(root, orders); },
        [](const Status& status) { return status; }, std::move(done));
  }

  void MeasureFolders(std::vector<std::string> paths,
                      std::function<void(std::vector<int64_t>)> done) const override {
    const size_t count = paths.size();
    Work<std::vector<int64_t>>(
        work_.measurers == nullptr ? work_.workers : work_.measurers,
        [root = root_, paths = std::move(paths)] {
          std::vector<int64_t> bytes;
          for (const std::string& path : paths) {
            bytes.push_back(SplitHostPath(path).ok() ? FolderBytes(root + "/" + path) : 0);
          }
          return bytes;
        },
        [count](const Status&) { return std::vector<int64_t>(count, 0); }, std::move(done));
  }

  void MeasureSpace(std::vector<std::string> paths,
                    std::function<void(std::vector<FileSystemSpace>)> done) const override {
    const size_t count = paths.size();
    Work<std::vector<FileSystemSpace>>(
        work_.lookers == nullptr ? work_.workers : work_.lookers,
        [root = root_, paths = std::move(paths)] {
          std::vector<FileSystemSpace> spaces;
          for (const std::string& path : paths)
            spaces.push_back(SpaceOf(path.empty() ? root : path));
          return spaces;
        },
        [count](const Status&) { return std::vector<FileSystemSpace>(count); }, std::move(done));
  }

  void TakeAway(const std::string& path, DoneStatus done) override {
    Work<Status>(
        work_.workers, [root = root_, path] { return TakeAwayBelow(root, path); },
        [](const Status& status) { return status; }, std::move(done));
  }

 private:
  // `work` on `where`, among the engine's mounts; `failed` makes an answer of why it cannot be.
  template <typename T>
  void Work(Executor* where, std::function<T()> work, std::function<T(const Status&)> failed,
            std::function<void(T)> done) const {
    const auto run = [socket = work_.engine_socket, work = std::move(work), failed] {
      const Status there = socket.empty() ? OkStatus() : EnterMountNamespaceBehind(socket);
      return there.ok() ? work() : failed(there);
    };
    if (where == nullptr) return done(run());
    const auto answer = std::make_shared<T>();
    const bool taken = where->Run([answer, run] { *answer = run(); },
                                  [answer, done] { done(std::move(*answer)); });
    if (!taken) done(failed(UnavailableError("too many volumes are being worked on")));
  }

  // The folder that holds the last of `names`.
  Result<DiskFolder> FolderOf(const std::vector<std::string>& names) const {
    Result<DiskFolder> folder = DiskFolder::OpenRoot(root_);
    for (size_t i = 0; folder.ok() && i + 1 < names.size(); ++i) folder = folder->Open(names[i]);
    return folder;
  }

  Status Replace(const std::string& path, const std::string& bytes, int mode, bool durable) const {
    const Result<std::vector<std::string>> names = SplitHostPath(path);
    if (!names.ok()) return names.status();
    if (bytes.size() > kMaxHostFileBytes) {
      return InvalidError(path + ": larger than " + std::to_string(kMaxHostFileBytes) + " bytes");
    }
    Result<DiskFolder> folder = DiskFolder::OpenRoot(root_);
    for (size_t i = 0; folder.ok() && i + 1 < names->size(); ++i) {
      Result<DiskFolder> next = folder->OpenOrMake((*names)[i]);
      // A new folder's name is kept by the folder above it.
      if (next.ok() && durable) RETURN_IF_ERROR(folder->Sync());
      folder = std::move(next);
    }
    if (!folder.ok()) return folder.status();
    return folder->ReplaceFile(names->back(), bytes, mode, durable);
  }

  const std::string root_;
  mutable FileSealer sealer_;  // reads its key when it is first needed
  const VolumeWork work_;
};

}  // namespace

std::unique_ptr<HostFiles> MakeDiskHostFiles(const std::string& root, const std::string& key_file) {
  return MakeDiskHostFiles(root, key_file, {});
}

std::unique_ptr<HostFiles> MakeDiskHostFiles(const std::string& root, const std::string& key_file,
                                             VolumeWork work) {
  return std::make_unique<DiskHostFiles>(root, key_file, std::move(work));
}

}  // namespace reconcile
