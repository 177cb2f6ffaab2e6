#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/pod.h"

namespace reconcile {

// What the processes of one container are and may do. What is unset is the image's or the engine's.
struct SecurityContext {
  std::optional<int64_t> run_as_user;
  std::optional<int64_t> run_as_group;
  bool run_as_non_root = false;  // refuse to run as root
  bool privileged = false;
  bool read_only_root = false;
  // allowPrivilegeEscalation: what setuid programs and file capabilities give. Unsaid, only of
  // containers that have all rights anyway (Kubernetes: of all).
  bool may_gain_rights = false;
  std::vector<std::string> capabilities_added;
  std::vector<std::string> capabilities_dropped;
  bool has_seccomp_profile = false;  // one is said
  bool is_seccomp_unconfined = false;
  bool is_apparmor_unconfined = false;
  bool is_proc_unmasked = false;  // procMount
  // Of type Localhost: a file below the host's folder of such profiles, and the name of a profile
  // that the host's kernel has. "" when it has none.
  std::string seccomp_profile;
  std::string apparmor_profile;
  std::vector<int64_t> supplemental_groups;
  friend bool operator==(const SecurityContext&, const SecurityContext&) = default;
};

// PURE. Each field is the container's or, where that has none, the pod's. Source: Kubernetes
// pkg/securitycontext, DetermineEffectiveSecurityContext.
SecurityContext EffectiveSecurityContext(const PodSpec& spec, const Container& container);

// PURE. Settings of the kernel for the pod's namespaces, by names with dots: Kubernetes takes
// net/ipv4/tcp_syncookies too.
StringMap SysctlsOf(const PodSpec& spec);

// PURE. hostPID, hostIPC; shareProcessNamespace, without effect beside hostPID.
bool HasHostProcesses(const PodSpec& spec);
bool HasHostIpc(const PodSpec& spec);
bool SharesProcesses(const PodSpec& spec);

}  // namespace reconcile
