#include "net/compile.h"
#include "net/overlay.h"

namespace reconcile {
namespace {

// Nobody outside the cluster is answered, whichever host they route its address to.
std::string DnsGuard(const HostNetworkConfig& config) {
  const Result<std::string> dns = DnsAddress(config.service_cidr);
  if (!dns.ok()) return "";
  return "  chain prerouting {\n"
         "    type filter hook prerouting priority raw; policy accept;\n"
         "    ip daddr " +
         *dns +
         " iifname != \"lo\" iifname != \"rc*\" drop comment \"DNS is for pods and this host\"\n"
         "  }\n";
}

}  // namespace

std::string CompileHostRules(const HostNetworkConfig& config) {
  return "add table ip reconcile\n"
         "delete table ip reconcile\n"
         "table ip reconcile {\n" +
         DnsGuard(config) +
         "  chain postrouting {\n"
         "    type nat hook postrouting priority srcnat; policy accept;\n"
         "    ip saddr " +
         config.node_pod_cidr + " ip daddr != " + config.cluster_pod_cidr +
         " fib daddr type != { broadcast, multicast } masquerade fully-random"
         " comment \"pods to the outside\"\n"
         "  }\n"
         "}\n";
}

std::string CompileRemoveRules() {
  return "add table ip reconcile\n"
         "delete table ip reconcile\n";
}

}  // namespace reconcile
