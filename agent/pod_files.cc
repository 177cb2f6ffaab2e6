#include "agent/pod_files.h"

#include "net/overlay.h"

namespace reconcile {

std::string PodFolder(const std::string& pod_uid) {
  return std::string(kPodsFolder) + "/" + pod_uid;
}

std::string HostsFile(const std::string& hostname, const std::string& address) {
  return "# Written by reconcile.\n"
         "127.0.0.1\tlocalhost\n"
         "::1\tlocalhost ip6-localhost ip6-loopback\n" +
         address + "\t" + hostname + "\n";
}

std::string HostAliasLines(const PodSpec& spec) {
  const Value* aliases = spec.others.Find("hostAliases");
  if (aliases == nullptr || !aliases->IsList() || aliases->AsList().empty()) return "";
  std::string lines = "# Entries added by HostAliases.\n";
  for (const Value& alias : aliases->AsList()) {
    lines += alias.GetString("ip");
    for (const Value& name : alias.GetList("hostnames")) {
      if (name.IsString()) lines += "\t" + name.AsString();
    }
    lines += "\n";
  }
  return lines;
}

ClusterDns ClusterDnsOf(const Assignment& assignment) {
  const Result<std::string> address = DnsAddress(assignment.service_cidr);
  return {address.ok() ? *address : "", assignment.cluster_domain};
}

}  // namespace reconcile
