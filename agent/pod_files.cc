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

PodDns DnsOf(const Pod& pod) {
  PodDns dns;
  dns.policy = std::string(ToString(pod.spec.dns_policy));
  dns.host_network = pod.spec.host_network;
  dns.namespace_name = pod.metadata.namespace_name;
  if (!pod.spec.dns_config) return dns;
  dns.config.nameservers = pod.spec.dns_config->nameservers;
  dns.config.searches = pod.spec.dns_config->searches;
  for (const PodDnsOption& option : pod.spec.dns_config->options) {
    dns.config.options.push_back({option.name, option.value.value_or("")});
  }
  return dns;
}

ClusterDns ClusterDnsOf(const Assignment& assignment) {
  const Result<std::string> address = DnsAddress(assignment.service_cidr);
  return {address.ok() ? *address : "", assignment.cluster_domain};
}

}  // namespace reconcile
