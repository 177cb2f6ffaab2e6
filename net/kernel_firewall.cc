#include <array>
#include <utility>

#include "base/log.h"
#include "net/firewall.h"
#include "net/kernel_host.h"
#include "net/netlink.h"

namespace reconcile {
namespace {

// The variants of iptables that dockerd and firewalls may use, also side by side; which of them do
// is seen by where rules are.
constexpr std::array<std::string_view, 2> kVariants = {"iptables-nft", "iptables-legacy"};

}  // namespace

Status KernelHost::PrepareFirewall(const HostNetworkConfig& config) const {
  for (const std::string_view variant : kVariants) {
    const std::string save = std::string(variant) + "-save";
    if (FindProgram(save).empty()) continue;
    // Without `-t filter`, which would create the table in the legacy variant.
    const Result<std::string> saved = OnHost({save});
    if (!saved.ok()) return saved.status();
    const std::string rules = CompileFirewallRules(config, *saved);
    if (rules.empty()) continue;
    const std::string restore = std::string(variant) + "-restore";
    RETURN_IF_ERROR(OnHost({restore, "--noflush", "--wait=5"}, rules).status());
    LogInfo("changed what this host's firewall accepts of the cluster's network",
            {{"variant", std::string(variant)}});
  }
  return OkStatus();
}

// Its table tells that it runs here; firewall-cmd could find that of another host.
Result<bool> KernelHost::HasFirewalld() const {
  if (FindProgram("firewall-cmd").empty()) return false;
  return Netlink::HasInetTable(host_, "firewalld", options_.command_timeout_ms);
}

Status KernelHost::OpenFirewalld(const HostNetworkConfig& config) const {
  const Result<bool> runs = HasFirewalld();
  if (!runs.ok() || !*runs) return runs.status();
  const Result<std::string> printed = OnHost({"ip", "-json", "-4", "address", "show"});
  if (!printed.ok()) return printed.status();
  const Result<std::vector<AddressSeen>> addresses = ParseAddresses(*printed);
  if (!addresses.ok()) return addresses.status();
  constexpr int kNoZone = 2;
  std::string zone;
  for (const AddressSeen& address : *addresses) {
    if (address.address != config.host_address) continue;
    const Result<std::string> of_device =
        Run(host_space(), {"firewall-cmd", "--get-zone-of-interface=" + address.device}, "",
            {0, kNoZone});
    if (!of_device.ok()) return of_device.status();
    zone = of_device->substr(0, of_device->find('\n'));
  }
  for (std::vector<std::string>& command : FirewalldCommands(config, zone)) {
    RETURN_IF_ERROR(OnHost(std::move(command)).status());
  }
  return OkStatus();
}

Status KernelHost::RemoveFirewall() const {
  for (const std::string_view variant : kVariants) {
    const std::string save = std::string(variant) + "-save";
    if (FindProgram(save).empty()) continue;
    const Result<std::string> saved = OnHost({save});
    if (!saved.ok()) return saved.status();
    const std::string rules = CompileRemoveFirewallRules(*saved);
    if (rules.empty()) continue;
    const std::string restore = std::string(variant) + "-restore";
    RETURN_IF_ERROR(OnHost({restore, "--noflush", "--wait=5"}, rules).status());
  }
  return OkStatus();
}

}  // namespace reconcile
