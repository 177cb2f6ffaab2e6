#include "source/confinement.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

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

Status AllowReading(int ruleset_fd, const std::string& folder) {
  const UniqueFd fd(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return SystemError("open " + folder);
  PathBeneathAttributes rule;
  rule.allowed = kReadFile | kReadDir;
  rule.folder_fd = fd.get();
  if (syscall(SYS_landlock_add_rule, ruleset_fd, kRulePathBeneath, &rule, 0) != 0) {
    return SystemError("Landlock rule for " + folder);
  }
  return OkStatus();
}

Result<Confinement> TakeLandlock(const std::vector<std::string>& folders) {
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
  for (const std::string& folder : folders) RETURN_IF_ERROR(AllowReading(ruleset.get(), folder));
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return SystemError("Landlock");
  return Confinement::kComplete;
}

// Only what it takes to read the files of several users in a repository of root's.
Status DropCapabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> held = {};
  if (syscall(SYS_capget, &header, held.data()) != 0) return SystemError("capget");
  const uint32_t kept = held[0].permitted & (1U << CAP_DAC_READ_SEARCH);
  held[0] = {kept, kept, 0};
  held[1] = {};
  if (syscall(SYS_capset, &header, held.data()) != 0) return SystemError("capset");
  return OkStatus();
}

}  // namespace

Result<Confinement> ConfineToReading(const std::vector<std::string>& folders) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return SystemError("no_new_privs");
  Result<Confinement> landlock = TakeLandlock(folders);
  if (!landlock.ok()) return landlock;
  RETURN_IF_ERROR(DropCapabilities());
  return landlock;
}

}  // namespace reconcile
