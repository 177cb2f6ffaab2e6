#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/host_network.h"

namespace reconcile {

// PURE: what lets packets of the cluster's network pass a host's firewall, whoever made it.
// Where a chain of iptables refuses anything, our rules stand first in it: as kube-proxy, flannel
// and Calico do it (FORWARD; INPUT for VXLAN). A filter in nftables' own tables, firewalld's
// usually, is no less strict for what iptables accepts, and is asked by its own means.

// The comment by which our rules in others' chains are told from everybody else's.
inline constexpr std::string_view kRuleComment = "reconcile";

// From what iptables-nft-save or iptables-legacy-save printed, for the same variant's restore;
// empty when nothing is to be done. Forwarded packets pass in Docker's chain DOCKER-USER where
// FORWARD leads there, and else in FORWARD, where something may refuse them. In INPUT, likewise,
// pods' questions to DNS pass, other hosts' frames (who else's are dropped before,
// CompileOverlayRules) and their signs of life.
std::string CompileFirewallRules(const HostNetworkConfig& config, std::string_view saved);
std::string CompileRemoveFirewallRules(std::string_view saved);

// What firewalld is asked to let pass until its next reload: all that comes from pods, and other
// hosts' frames in the zone of the device that they come by ("": the default one). As Docker asks
// it for its bridges. By devices where that is enough: addresses can be forged from outside.
std::vector<std::vector<std::string>> FirewalldCommands(const HostNetworkConfig& config,
                                                        const std::string& zone);

}  // namespace reconcile
