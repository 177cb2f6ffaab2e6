#pragma once

#include <string>

#include "agent/step.h"

namespace reconcile {

// Folder of a pod's files, relative to the agent's data folder.
inline constexpr std::string_view kPodsFolder = "pods";
std::string PodFolder(const std::string& pod_uid);

// PURE. The pod's /etc/hosts: localhost and itself.
std::string HostsFile(const std::string& hostname, const std::string& address);
// PURE. The further lines that the pod's hostAliases ask for.
std::string HostAliasLines(const PodSpec& spec);
// PURE. The cluster's DNS, for the pod's /etc/resolv.conf (net/dns/resolv_conf.h).
ClusterDns ClusterDnsOf(const Assignment& assignment);

}  // namespace reconcile
