#include "agent/mounts.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

// <sys/mount.h> and <linux/mount.h> cannot be had together.
extern "C" int mount(const char*, const char*, const char*, unsigned long, const void*) noexcept;
extern "C" int umount2(const char*, int) noexcept;

namespace reconcile {
namespace {

constexpr int kOpenTries = 100;  // while others rename what is on the way
constexpr int kUnmountDetach = 2;
constexpr int kUnmountNoFollow = 8;
constexpr int kMountRounds = 100;  // mounts on one path

Result<UniqueFd> Open(int root, const std::string& path, int flags, uint64_t resolve) {
  struct open_how how = {};
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
  how.resolve = resolve;
  for (int i = 0; i < kOpenTries; ++i) {
    const long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how));
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno != EAGAIN && errno != EINTR) break;
  }
  const std::string why = "\"" + path + "\": " + std::strerror(errno);
  if (errno == ENOENT) return NotFoundError("open " + why);
  if (errno == EXDEV && (resolve & RESOLVE_NO_XDEV) != 0) {
    return UnavailableError("open " + why + ": something is mounted there");
  }
  if (errno == EXDEV || errno == ELOOP) {
    return InvalidError("\"" + path + "\" leads out of the volume");
  }
  return UnavailableError("open " + why);
}

// A path as /proc/self/mountinfo writes it: \040 is a space.
std::string Unescaped(const std::string& text) {
  std::string path;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      path += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                (text[i + 3] - '0'));
      i += 3;
    } else {
      path += text[i];
    }
  }
  return path;
}

std::vector<std::string> MountsBelow(const std::string& folder) {
  std::vector<std::string> found;
  std::ifstream mounts("/proc/thread-self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string word;
    for (int i = 0; i < 5; ++i) words >> word;
    const std::string path = Unescaped(word);
    if (path == folder || path.starts_with(folder + "/")) found.push_back(path);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a > b; });
  return found;
}

}  // namespace

Result<UniqueFd> OpenBeneath(int root, const std::string& path, int flags) {
  return Open(root, path, flags, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
}

Result<UniqueFd> OpenOnSameMount(int root, const std::string& name, int flags) {
  return Open(root, name, flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

Status MountAt(int source, int target) {
  const UniqueFd tree(static_cast<int>(
      ::syscall(SYS_open_tree, source, "",
                OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE)));
  if (!tree.ok()) return UnavailableError(std::string("copy the mount: ") + std::strerror(errno));
  // What is unmounted here must not be unmounted there.
  struct mount_attr attributes = {};
  attributes.propagation = 1 << 19;  // MS_SLAVE
  if (::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                sizeof(attributes)) != 0) {
    return UnavailableError(std::string("set the mount's propagation: ") + std::strerror(errno));
  }
  if (::syscall(SYS_move_mount, tree.get(), "", target, "",
                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    return UnavailableError(std::string("mount: ") + std::strerror(errno));
  }
  return OkStatus();
}

Status MountTmpfs(const std::string& path, int64_t max_bytes, int mode) {
  std::ostringstream options;
  options << "mode=" << std::oct << mode << std::dec;
  if (max_bytes > 0) options << ",size=" << max_bytes;
  constexpr unsigned long kFlags = 2 | 4;  // MS_NOSUID, MS_NODEV
  const std::string plain = options.str();
  for (const std::string& text : {plain + ",noswap", plain}) {
    if (::mount("tmpfs", path.c_str(), "tmpfs", kFlags, text.c_str()) == 0) return OkStatus();
    if (errno != EINVAL) break;
  }
  return UnavailableError("mount a tmpfs on " + path + ": " + std::strerror(errno));
}

bool IsTmpfs(int folder) {
  struct statfs system = {};
  struct stat here = {};
  struct stat above = {};
  return ::fstatfs(folder, &system) == 0 && system.f_type == TMPFS_MAGIC &&
         ::fstat(folder, &here) == 0 && ::fstatat(folder, "..", &above, 0) == 0 &&
         here.st_dev != above.st_dev;
}

Status UnmountBelow(const std::string& written) {
  // As the kernel lists it: without links above us.
  std::error_code error;
  const std::string path = std::filesystem::canonical(written, error).string();
  if (error) return OkStatus();  // nothing is there
  for (int round = 0; round < kMountRounds; ++round) {
    const std::vector<std::string> mounts = MountsBelow(path);
    if (mounts.empty()) return OkStatus();
    for (const std::string& each : mounts) {
      if (::umount2(each.c_str(), kUnmountDetach | kUnmountNoFollow) != 0 && errno != EINVAL &&
          errno != ENOENT) {
        return UnavailableError("unmount " + each + ": " + std::strerror(errno));
      }
    }
  }
  return UnavailableError("unmount " + path + ": something is mounted there again and again");
}

}  // namespace reconcile
