#include "net/firewall.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/lines.h"
#include "net/compile.h"
#include "net/overlay.h"

namespace reconcile {
namespace {

constexpr std::string_view kDockerChain = "DOCKER-USER";
constexpr std::string_view kForward = "FORWARD";
constexpr std::string_view kInput = "INPUT";
constexpr std::array<std::string_view, 3> kChains = {kDockerChain, kForward, kInput};

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

// One chain, as it was printed.
struct ChainSeen {
  bool exists = false;
  bool refuses = false;  // some packets, maybe: by its policy, or by a rule of somebody else's
  std::vector<std::string_view> ours;
  std::vector<std::string_view> others;
};

ChainSeen LookAt(const std::vector<std::string_view>& filter, std::string_view chain) {
  const std::string head = ":" + std::string(chain) + " ";
  ChainSeen seen;
  for (const std::string_view line : filter) {
    if (line.starts_with(head)) {
      seen.exists = true;
      seen.refuses = line.substr(head.size()).starts_with("DROP");
    }
    const std::string_view rule = RuleOf(line, chain);
    if (!rule.empty()) (IsOurs(rule) ? seen.ours : seen.others).push_back(rule);
  }
  seen.refuses |= !seen.others.empty();
  return seen;
}

// As iptables-save prints them, so that what is there can be compared with what is wanted.
std::string Accept(const std::string& packets) {
  return packets + " -m comment --comment " + std::string(kRuleComment) + " -j ACCEPT";
}

std::vector<std::string> ForwardRules(const HostNetworkConfig& config) {
  const std::string& pods = config.cluster_pod_cidr;
  // A host passes on what comes for pods of others, to ports that it has for them.
  const bool is_routed = config.backend == NetworkBackend::kHostGw;
  return {Accept("-s " + pods + (is_routed ? "" : " -i rc+")),
          Accept("-d " + pods + (is_routed ? "" : " -o rc+"))};
}

std::vector<std::string> InputRules(const HostNetworkConfig& config) {
  std::vector<std::string> rules;
  const Result<std::string> dns = DnsAddress(config.service_cidr);
  for (const char* protocol : {"udp", "tcp"}) {
    if (!dns.ok()) continue;
    const std::string word(protocol);
    rules.push_back(Accept("-d " + *dns + "/32 -i rc+ -p " + word + " -m " + word + " --dport 53"));
  }
  if (config.backend == NetworkBackend::kVxlan) {
    rules.push_back(Accept("-p udp -m udp --dport " + std::to_string(kOverlayPort)));
  }
  const Result<std::string> host = HostAddress(config);
  if (host.ok()) rules.push_back(Accept("-d " + *host + "/32 -p icmp -m icmp --icmp-type 8"));
  return rules;
}

// Appends what makes the chain's rules of ours `wanted`.
void Mend(std::string_view chain, const ChainSeen& seen, const std::vector<std::string>& wanted,
          std::string* text) {
  if (std::equal(seen.ours.begin(), seen.ours.end(), wanted.begin(), wanted.end())) return;
  const std::string name(chain);
  for (const std::string_view rule : seen.ours)
    *text += "-D " + name + " " + std::string(rule) + "\n";
  int position = 1;
  for (const std::string& rule : wanted) {
    *text += "-I " + name + " " + std::to_string(position++) + " " + rule + "\n";
  }
}

std::string Restore(const std::string& rules) {
  return rules.empty() ? "" : "*filter\n" + rules + "COMMIT\n";
}

}  // namespace

std::string CompileFirewallRules(const HostNetworkConfig& config, std::string_view saved) {
  const std::vector<std::string_view> filter = FilterLines(saved);
  const ChainSeen docker = LookAt(filter, kDockerChain);
  const ChainSeen forward = LookAt(filter, kForward);
  const ChainSeen input = LookAt(filter, kInput);
  const bool leads_to_docker =
      std::any_of(forward.others.begin(), forward.others.end(),
                  [](std::string_view rule) { return rule == "-j " + std::string(kDockerChain); });
  const std::vector<std::string> none;
  const std::vector<std::string> pass = ForwardRules(config);
  std::string rules;
  Mend(kDockerChain, docker, docker.exists ? pass : none, &rules);
  Mend(kForward, forward, forward.refuses && !leads_to_docker ? pass : none, &rules);
  Mend(kInput, input, input.refuses ? InputRules(config) : none, &rules);
  return Restore(rules);
}

std::string CompileRemoveFirewallRules(std::string_view saved) {
  const std::vector<std::string_view> filter = FilterLines(saved);
  std::string rules;
  for (const std::string_view chain : kChains) Mend(chain, LookAt(filter, chain), {}, &rules);
  return Restore(rules);
}

std::vector<std::vector<std::string>> FirewalldCommands(const HostNetworkConfig& config,
                                                        const std::string& zone) {
  const std::string command = "firewall-cmd";
  if (config.backend == NetworkBackend::kHostGw) {
    return {{command, "--zone=trusted", "--add-source=" + config.cluster_pod_cidr}};
  }
  std::vector<std::string> frames = {command,
                                     "--add-port=" + std::to_string(kOverlayPort) + "/udp"};
  if (!zone.empty()) frames.push_back("--zone=" + zone);
  return {{command, "--zone=trusted", "--add-interface=rc+"}, std::move(frames)};
}

}  // namespace reconcile
