#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/host_network.h"
#include "net/ip_output.h"
#include "net/link_changes.h"

namespace reconcile {

// PURE: how packets get from this host to other hosts' pods, and to service addresses: devices,
// routes, neighbours and forwarding entries, all static, from the list of hosts. As flannel's
// backends vxlan and host-gw do it (RFC 7348), with nothing learned and nothing multicast.

inline constexpr std::string_view kOverlayDevice = "rcoverlay";
inline constexpr int kOverlayPort = 8472;  // UDP; Linux's own, which flannel uses too
inline constexpr int kOverlayId = 4242;    // VXLAN network identifier
inline constexpr int kVxlanHeaderBytes = 50;

// Of pods' devices, from the MTU of the host's own.
int PodMtu(int underlay_mtu, NetworkBackend backend);
// Of a host's overlay device; a function of its name, so that nobody has to be asked.
std::string OverlayMac(const std::string& node);
// Where DNS answers: the tenth address of the services' (10.96.0.10), as kubeadm has it.
Result<std::string> DnsAddress(const std::string& service_cidr);

// What there is on the host of what Compile... would make.
struct OverlaySeen {
  std::vector<LinkSeen> links;            // all
  std::vector<RouteSeen> routes;          // all
  std::vector<AddressSeen> addresses;     // all
  std::vector<NeighbourSeen> neighbours;  // of the overlay device
  std::vector<ForwardingSeen> entries;    // likewise
};

struct OverlayChanges {
  std::vector<LinkChange> changes;    // to be made in this order
  std::vector<std::string> problems;  // a sentence for each peer that cannot be reached, and why
};

// What changes bring about that `peers`' pods are reached, and nobody else's: those that are right
// stay untouched. `node` is this host's name. Conflict when a device of our name is none of ours.
Result<OverlayChanges> CompileOverlay(const HostNetworkConfig& config, const std::string& node,
                                      const std::vector<NetworkPeer>& peers,
                                      const OverlaySeen& seen);
// What takes all of it away.
std::vector<LinkChange> CompileRemoveOverlay(const std::vector<LinkSeen>& links,
                                             const std::vector<RouteSeen>& routes);

// Our nft table of members: VXLAN is taken from them alone, and pods send none.
std::string CompileOverlayRules(const HostNetworkConfig& config,
                                const std::vector<NetworkPeer>& peers);
std::string CompileRemoveOverlayRules();  // harmless when absent

// The classic file that flannel leaves for others (FLANNEL_NETWORK, ...).
std::string SubnetFile(const HostNetworkConfig& config);

}  // namespace reconcile
