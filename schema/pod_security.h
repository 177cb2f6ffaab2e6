#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/core.h"
#include "schema/pod.h"

namespace reconcile {

// What a namespace allows its pods: Kubernetes' Pod Security Standards, by the label of the
// Namespace that pod security admission enforces. Without the label everything is allowed.
inline constexpr std::string_view kPodSecurityLabel = "pod-security.kubernetes.io/enforce";

enum class PodSecurityLevel {
  kPrivileged,  // everything
  kBaseline,    // nothing by which a pod is known to get hold of its host
  kRestricted,  // as little as a program needs
};

// PURE. `space` may be nullptr. A level that nobody knows allows least, as in Kubernetes.
PodSecurityLevel PodSecurityLevelOf(const Namespace* space);

// PURE. What keeps the pod out of a namespace of this level, in the words of Kubernetes:
// `privileged (container "web" must not set securityContext.privileged=true)`. Empty: it is let
// in. Not looked at is what no host here gives anybody: SELinux labels, Windows.
std::vector<std::string> PodSecurityViolations(PodSecurityLevel level, const PodSpec& spec);

// The reason of conditions and Events about it, and their message, with what to do.
inline constexpr std::string_view kForbiddenByPodSecurity = "ForbiddenByPodSecurity";
std::string PodSecurityMessage(const std::string& space, PodSecurityLevel level,
                               const std::vector<std::string>& violations);

}  // namespace reconcile
