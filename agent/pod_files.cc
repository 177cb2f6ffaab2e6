#include "agent/pod_files.h"

#include <sstream>

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

std::string ResolverFile(const std::string& host_resolv_conf) {
  std::istringstream lines(host_resolv_conf);
  std::string line;
  std::string kept;
  bool has_server = false;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string keyword;
    std::string value;
    words >> keyword >> value;
    if (keyword == "nameserver") {
      if (value.starts_with("127.") || value == "::1") continue;
      has_server = true;
    }
    if (keyword == "nameserver" || keyword == "search" || keyword == "options") kept += line + "\n";
  }
  return has_server ? kept : "";
}

}  // namespace reconcile
