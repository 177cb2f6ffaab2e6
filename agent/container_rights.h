#pragma once

#include <string>

#include "base/status.h"
#include "runtime/container_runtime.h"
#include "schema/pod.h"

namespace reconcile {

// PURE. Invalid, in the kubelet's words, for a container that must not run as root and would, or of
// which that cannot be told: `image_user` is the image's, "name", "1000:1000" or "". Source:
// Kubernetes pkg/kubelet/kuberuntime, verifyRunAsNonRoot.
Status CheckNonRoot(const Pod& pod, const Container& container, const std::string& image_user);

// PURE. Invalid for a container with an AppArmor profile of the host's where there is no AppArmor.
Status CheckAppArmor(const Pod& pod, const Container& container, bool host_has_apparmor);

// Where seccompProfile's localhostProfile names files, in the agent's data folder.
inline constexpr std::string_view kSeccompFolder = "seccomp";
inline constexpr size_t kMaxSeccompBytes = 1 << 20;
// PURE. The file of the container's own filter of system calls, for HostFiles; "" it has none.
std::string SeccompFileOf(const PodSpec& spec, const Container& container);

// PURE. What the container's processes are and may do, but for what is in the file of
// SeccompFileOf.
ContainerRights RightsOf(const PodSpec& spec, const Container& container,
                         const std::string& image_user);

// PURE. The processes that a container sees that is the only one of its pod or, `in_sandbox`, joins
// the pod's sandbox.
ProcessView ProcessViewOf(const PodSpec& spec, bool in_sandbox);

}  // namespace reconcile
