#include "agent/disk_host_files.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "agent/disk_folder.h"
#include "agent/file_sealer.h"
#include "agent/host_path.h"

namespace reconcile {
namespace {

// Below the names of a HostFiles path, what others put into a pod's folder.
constexpr int kMaxRemoveDepth = 64;

class DiskHostFiles final : public HostFiles {
 public:
  DiskHostFiles(const std::string& root, const std::string& key_file)
      : root_(std::filesystem::absolute(root).lexically_normal().string()), sealer_(key_file) {}

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

  Status RemoveTree(const std::string& path) override {
    const Result<std::vector<std::string>> names = SplitHostPath(path);
    if (!names.ok()) return names.status();
    const Result<DiskFolder> folder = FolderOf(*names);
    if (folder.status().code() == StatusCode::kNotFound) return OkStatus();
    if (!folder.ok()) return folder.status();
    return folder->RemoveTree(names->back(), kMaxRemoveDepth);
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

 private:
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
};

}  // namespace

std::unique_ptr<HostFiles> MakeDiskHostFiles(const std::string& root, const std::string& key_file) {
  return std::make_unique<DiskHostFiles>(root, key_file);
}

}  // namespace reconcile
