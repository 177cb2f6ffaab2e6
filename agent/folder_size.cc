#include "agent/folder_size.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstring>
#include <memory>
#include <set>

#include "agent/mounts.h"

namespace reconcile {
namespace {

constexpr int kMaxMeasuredDepth = 200;
constexpr int64_t kBlockBytes = 512;  // of st_blocks
constexpr int kMeasuredFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

struct CloseListing {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

class Measure {
 public:
  void Add(UniqueFd fd, int depth_left) {
    const std::unique_ptr<DIR, CloseListing> folder(::fdopendir(fd.get()));
    if (folder == nullptr || depth_left == 0) return;
    const int here = fd.Release();  // the listing's now
    while (const dirent* entry = ::readdir(folder.get())) {
      if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
      struct stat info = {};
      if (::fstatat(here, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      const bool again = info.st_nlink > 1 && !S_ISDIR(info.st_mode) &&
                         !linked_.insert({info.st_dev, info.st_ino}).second;
      if (!again) bytes_ += info.st_blocks * kBlockBytes;
      if (!S_ISDIR(info.st_mode)) continue;
      Result<UniqueFd> inner = OpenOnSameMount(here, entry->d_name, kMeasuredFlags);
      if (inner.ok()) Add(std::move(inner).value(), depth_left - 1);
    }
  }
  int64_t bytes() const { return bytes_; }

 private:
  int64_t bytes_ = 0;
  std::set<std::pair<dev_t, ino_t>> linked_;
};

}  // namespace

int64_t FolderBytes(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), kMeasuredFlags));
  Measure measure;
  if (fd.ok()) measure.Add(std::move(fd), kMaxMeasuredDepth);
  return measure.bytes();
}

}  // namespace reconcile
