#pragma once

#include <string>

#include "agent/step.h"

namespace reconcile {

// Folder of a pod's files, relative to the agent's data folder.
inline constexpr std::string_view kPodsFolder = "pods";
std::string PodFolder(const std::string& pod_uid);

// PURE. The pod's /etc/hosts: localhost and itself.
std::string HostsFile(const std::string& hostname, const std::string& address);
// PURE. The pod's /etc/resolv.conf from the host's: name servers on the host's loopback are left
// out, a pod cannot reach them. "" when nothing useful is left.
std::string ResolverFile(const std::string& host_resolv_conf);

}  // namespace reconcile
