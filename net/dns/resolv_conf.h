#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/dns/forwarder.h"
#include "schema/pod.h"

namespace reconcile {

// resolv.conf(5) of hosts and pods (SEMANTICS 15.8). PURE.

inline constexpr size_t kMaxPodNameservers = 3;
inline constexpr size_t kMaxPodSearches = 32;
inline constexpr size_t kMaxPodSearchBytes = 2048;  // of the searches with a space between each
inline constexpr size_t kMaxUpstreams = 8;

struct DnsOption {  // "ndots:5" is {ndots, 5}; "edns0" has no value
  std::string name;
  std::string value;
  friend bool operator==(const DnsOption&, const DnsOption&) = default;
};
struct ResolvConf {
  std::vector<std::string> nameservers;
  std::vector<std::string> searches;  // the last search or domain line counts
  std::vector<DnsOption> options;
  friend bool operator==(const ResolvConf&, const ResolvConf&) = default;
};
ResolvConf ParseResolvConf(std::string_view text);
std::string FormatResolvConf(const ResolvConf& conf);

struct PodDns {
  DnsPolicy policy = DnsPolicy::kClusterFirst;
  bool host_network = false;
  std::string namespace_name;
  ResolvConf config;  // dnsConfig
};
struct ClusterDns {
  std::string address;  // "": the cluster has none, and ClusterFirst means Default
  std::string domain;
};
struct PodResolvConf {
  std::string text;                   // of the pod's /etc/resolv.conf
  std::vector<std::string> warnings;  // what was left out, and why
};
// Name servers on the host's loopback, which no pod reaches, are left out unless the pod is in the
// host's network.
PodResolvConf MakePodResolvConf(const PodDns& pod, const ClusterDns& cluster,
                                std::string_view host_resolv_conf);

// Whom the cluster's DNS asks for other names: the servers of /etc/resolv.conf; when that names
// only stubs of this host, those that systemd-resolved asks itself (the text of
// /run/systemd/resolve/resolv.conf, "" when there is none). Never `own_address`. Servers on
// loopback count as stubs, and are taken only when there is nothing else: then the host has a
// resolver of its own. systemd-resolved's stub never is: it may lead back here.
std::vector<DnsUpstream> PickUpstreams(std::string_view etc_resolv_conf,
                                       std::string_view systemd_resolv_conf,
                                       const std::string& own_address);

}  // namespace reconcile
