#include "source/confinement.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "base/unique_fd.h"

namespace reconcile {
namespace {

// linux/landlock.h of the build machine may be older than the kernel that runs this: its numbers,
// which never change (Documentation/userspace-api/landlock.rst).
constexpr uint32_t kCreateRulesetVersion = 1;
constexpr int kRulePathBeneath = 1;
constexpr int kRuleNetPort = 2;
constexpr uint64_t kConnectTcp = 1 << 1;
constexpr uint64_t kExecute = 1 << 0;
constexpr uint64_t kMakeSpecialFiles = (1 << 6) | (1 << 9) | (1 << 10) | (1 << 11) | (1 << 12);
constexpr uint64_t kReadFile = 1 << 2;
constexpr uint64_t kReadDir = 1 << 3;
// Number of rights to files that each version of the interface knows, from version 1.
constexpr std::array<int, 5> kFileRights = {13, 14, 15, 15, 16};
constexpr uint64_t kTcp = 0b11;     // bind and connect; version 4
constexpr uint64_t kScopes = 0b11;  // abstract Unix sockets and signals; version 6

struct RulesetAttributes {
  uint64_t files = 0;
  uint64_t network = 0;
  uint64_t scopes = 0;
};

struct __attribute__((packed)) PathBeneathAttributes {
  uint64_t allowed = 0;
  int32_t folder_fd = -1;
};

Status SystemError(const std::string& what) {
  return InternalError("cannot confine the reader: " + what + ": " + strerror(errno));
}

struct NetPortAttributes {
  uint64_t allowed = 0;
  uint64_t port = 0;
};

// What a confined process may do all the same.
struct Permissions {
  std::vector<std::string> readable;
  std::string writable;  // folder, or none
  uint16_t port = 0;     // to connect to, or none
};

Status AllowBeneath(int ruleset_fd, const std::string& folder, uint64_t rights) {
  const UniqueFd fd(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return SystemError("open " + folder);
  PathBeneathAttributes rule;
  rule.allowed = rights;
  rule.folder_fd = fd.get();
  if (syscall(SYS_landlock_add_rule, ruleset_fd, kRulePathBeneath, &rule, 0) != 0) {
    return SystemError("Landlock rule for " + folder);
  }
  return OkStatus();
}

Status AllowPort(int ruleset_fd, uint16_t port) {
  const NetPortAttributes rule = {kConnectTcp, port};
  if (syscall(SYS_landlock_add_rule, ruleset_fd, kRuleNetPort, &rule, 0) == 0) return OkStatus();
  return SystemError("Landlock rule for port " + std::to_string(port));
}

Result<Confinement> TakeLandlock(const Permissions& permissions) {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, kCreateRulesetVersion);
  if (version < 1) return Confinement::kNoLandlock;
  RulesetAttributes attributes;
  const size_t known = std::min<size_t>(static_cast<size_t>(version), kFileRights.size());
  attributes.files = (uint64_t{1} << kFileRights[known - 1]) - 1;
  size_t size = sizeof(attributes.files);
  if (version >= 4) {
    attributes.network = kTcp;
    size = offsetof(RulesetAttributes, scopes);
  }
  if (version >= 6) {
    attributes.scopes = kScopes;
    size = sizeof(attributes);
  }
  const UniqueFd ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  if (!ruleset.ok()) return SystemError("Landlock ruleset");
  for (const std::string& folder : permissions.readable) {
    RETURN_IF_ERROR(AllowBeneath(ruleset.get(), folder, kReadFile | kReadDir));
  }
  if (!permissions.writable.empty()) {
    const uint64_t rights = attributes.files & ~kExecute & ~kMakeSpecialFiles;
    RETURN_IF_ERROR(AllowBeneath(ruleset.get(), permissions.writable, rights));
  }
  if (permissions.port != 0 && version >= 4) {
    RETURN_IF_ERROR(AllowPort(ruleset.get(), permissions.port));
  }
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return SystemError("Landlock");
  return Confinement::kComplete;
}

// Keeps at most `mask` of the capabilities below 32, and none above.
Status KeepCapabilities(uint32_t mask) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> held = {};
  if (syscall(SYS_capget, &header, held.data()) != 0) return SystemError("capget");
  const uint32_t kept = held[0].permitted & mask;
  held[0] = {kept, kept, 0};
  held[1] = {};
  if (syscall(SYS_capset, &header, held.data()) != 0) return SystemError("capset");
  return OkStatus();
}

}  // namespace

Result<Confinement> ConfineToReading(const std::vector<std::string>& folders) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return SystemError("no_new_privs");
  Result<Confinement> landlock = TakeLandlock({.readable = folders, .writable = ""});
  if (!landlock.ok()) return landlock;
  // Only what it takes to read the files of several users in a repository of root's.
  RETURN_IF_ERROR(KeepCapabilities(1U << CAP_DAC_READ_SEARCH));
  return landlock;
}

Status EnterFolder(const std::string& folder, uid_t user, const std::function<Status()>& before) {
  // The path there may be closed to the user: it is walked first.
  if (chdir(folder.c_str()) != 0) return SystemError("enter " + folder);
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return SystemError("keep capabilities");
  if (setgroups(0, nullptr) != 0 || setresgid(user, user, user) != 0 ||
      setresuid(user, user, user) != 0) {
    return SystemError("become user " + std::to_string(user));
  }
  RETURN_IF_ERROR(KeepCapabilities(1U << CAP_SYS_CHROOT));
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return SystemError("no_new_privs");
  RETURN_IF_ERROR(before());
  if (chroot(".") != 0 || chdir("/") != 0) return SystemError("make " + folder + " its root");
  RETURN_IF_ERROR(KeepCapabilities(0));
  // A change of identity clears it: the parent's end ends this process again.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return SystemError("die with its parent");
  return OkStatus();
}

Result<Confinement> ConfineToFetching(const std::string& folder, uint16_t port) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return SystemError("no_new_privs");
  Result<Confinement> landlock = TakeLandlock({.readable = {}, .writable = folder, .port = port});
  if (!landlock.ok()) return landlock;
  RETURN_IF_ERROR(KeepCapabilities(0));
  return landlock;
}

}  // namespace reconcile
