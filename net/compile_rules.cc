#include <algorithm>
#include <vector>

#include "base/lines.h"
#include "net/compile.h"
#include "net/overlay.h"

namespace reconcile {
namespace {

constexpr std::string_view kDockerChain = "DOCKER-USER";

// The filter table's lines of what iptables-save printed.
std::vector<std::string_view> FilterLines(std::string_view saved) {
  std::vector<std::string_view> filter;
  bool inside = false;
  for (const std::string_view line : SplitLines(saved)) {
    if (line.starts_with("*")) inside = line == "*filter";
    if (inside) filter.push_back(line);
  }
  return filter;
}

// The rest of a line "-A <chain> <rest>"; empty when it is not one.
std::string_view RuleOf(std::string_view line, std::string_view chain) {
  const std::string start = "-A " + std::string(chain) + " ";
  return line.starts_with(start) ? line.substr(start.size()) : std::string_view();
}

bool IsOurs(std::string_view rule) {
  const std::string comment = "-m comment --comment " + std::string(kRuleComment);
  return rule.find(comment + " ") != std::string_view::npos || rule.ends_with(comment);
}

bool HasDockerChain(const std::vector<std::string_view>& filter) {
  const std::string start = ":" + std::string(kDockerChain) + " ";
  return std::any_of(filter.begin(), filter.end(),
                     [&](std::string_view line) { return line.starts_with(start); });
}

std::vector<std::string_view> OurRules(const std::vector<std::string_view>& filter) {
  std::vector<std::string_view> rules;
  for (const std::string_view line : filter) {
    const std::string_view rule = RuleOf(line, kDockerChain);
    if (!rule.empty() && IsOurs(rule)) rules.push_back(rule);
  }
  return rules;
}

// As iptables-save prints them, so that what is there can be compared with what is wanted.
std::vector<std::string> WantedRules(const HostNetworkConfig& config) {
  const std::string end = " -m comment --comment " + std::string(kRuleComment) + " -j ACCEPT";
  const std::string& pods = config.cluster_pod_cidr;
  // A host passes on what comes for pods of others, to ports that it has for them.
  const bool is_routed = config.backend == NetworkBackend::kHostGw;
  return {"-s " + pods + (is_routed ? "" : " -i rc+") + end,
          "-d " + pods + (is_routed ? "" : " -o rc+") + end};
}

std::string Restore(const std::vector<std::string_view>& remove,
                    const std::vector<std::string>& insert) {
  if (remove.empty() && insert.empty()) return "";
  const std::string chain(kDockerChain);
  std::string text = "*filter\n";
  for (const std::string_view rule : remove) text += "-D " + chain + " " + std::string(rule) + "\n";
  int position = 1;
  for (const std::string& rule : insert) {
    text += "-I " + chain + " " + std::to_string(position++) + " " + rule + "\n";
  }
  return text + "COMMIT\n";
}

}  // namespace

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

std::string CompileDockerRules(const HostNetworkConfig& config, std::string_view saved) {
  const std::vector<std::string_view> filter = FilterLines(saved);
  if (!HasDockerChain(filter)) return "";
  const std::vector<std::string_view> ours = OurRules(filter);
  const std::vector<std::string> wanted = WantedRules(config);
  const bool right = std::equal(ours.begin(), ours.end(), wanted.begin(), wanted.end());
  return right ? "" : Restore(ours, wanted);
}

std::string CompileRemoveDockerRules(std::string_view saved) {
  return Restore(OurRules(FilterLines(saved)), {});
}

std::string ForwardRefusal(const HostNetworkConfig& config, std::string_view saved) {
  const std::vector<std::string_view> filter = FilterLines(saved);
  if (HasDockerChain(filter)) return "";
  bool refused = false;
  for (const std::string_view line : filter) {
    if (line.starts_with(":FORWARD DROP")) refused = true;
    // Someone followed the advice below.
    const std::string_view rule = RuleOf(line, "FORWARD");
    if (!rule.empty() && IsOurs(rule)) return "";
  }
  if (!refused) return "";
  std::string advice;
  for (const std::string& rule : WantedRules(config)) {
    advice +=
        (advice.empty() ? "`iptables -I FORWARD " : " and `iptables -I FORWARD ") + rule + "`";
  }
  return "the firewall's FORWARD policy is DROP and there is no chain DOCKER-USER to accept pods' "
         "packets in: start dockerd with --iptables=true, or run " +
         advice;
}

}  // namespace reconcile
