#include "agent/folder_size.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>

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
    if (depth_left == 0) is_too_deep_ = true;
    if (is_too_deep_) return;
    const std::unique_ptr<DIR, CloseListing> folder(::fdopendir(fd.get()));
    if (folder == nullptr) return;
    const int here = fd.Release();  // the listing's now
    while (const dirent* entry = ::readdir(folder.get())) {
      if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
      struct stat info = {};
      if (::fstatat(here, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
      if (!S_ISDIR(info.st_mode)) {
        // A file with several names is in this folder with all of them: no link leads out of a
        // mount. Its share for each, so that no list of such files is kept.
        const auto names = static_cast<int64_t>(std::max<nlink_t>(info.st_nlink, 1));
        bytes_ += info.st_blocks * kBlockBytes / names;
        continue;
      }
      bytes_ += info.st_blocks * kBlockBytes;
      Result<UniqueFd> inner = OpenOnSameMount(here, entry->d_name, kMeasuredFlags);
      if (inner.ok()) Add(std::move(inner).value(), depth_left - 1);
    }
  }
  int64_t bytes() const { return is_too_deep_ ? std::numeric_limits<int64_t>::max() : bytes_; }

 private:
  int64_t bytes_ = 0;
  bool is_too_deep_ = false;
};

}  // namespace

int64_t FolderBytes(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), kMeasuredFlags));
  Measure measure;
  if (fd.ok()) measure.Add(std::move(fd), kMaxMeasuredDepth);
  return measure.bytes();
}

}  // namespace reconcile
