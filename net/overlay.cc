#include "net/overlay.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "net/compile.h"
#include "net/ipam.h"

namespace reconcile {
namespace {

// The host's own address is in the network of `address`: they are on one segment.
const AddressSeen* FindSegment(const std::vector<AddressSeen>& addresses,
                               const std::string& host_address, uint32_t peer) {
  for (const AddressSeen& address : addresses) {
    const Result<Cidr> block = Cidr::Parse(address.address + "/" + std::to_string(address.prefix));
    if (block.ok() && address.address == host_address && block->Contains(peer)) return &address;
  }
  return nullptr;
}

struct PeerParts {
  NetworkPeer peer;
  std::string gateway;  // the first address of its pods' subnet
  int prefix = 0;
  std::string mac;
};

using Routes = std::vector<SetRoute>;

// What is wanted of one host.
struct Wanted {
  Routes routes;
  std::vector<PeerParts> through_overlay;
};

class Compiler {
 public:
  Compiler(const HostNetworkConfig& config, const std::string& node, const OverlaySeen& seen,
           std::string host_in_pods)
      : config_(config), node_(node), seen_(seen), host_in_pods_(std::move(host_in_pods)) {}

  Status Run(const std::vector<NetworkPeer>& peers) {
    for (const NetworkPeer& peer : peers) {
      if (peer.name != node_) Want(peer);
    }
    WantServices();
    WantRefusals();
    if (wanted_.through_overlay.empty()) {
      RemoveDevice();
    } else {
      RETURN_IF_ERROR(MakeDevice());
      MakeEntries();
    }
    MakeRoutes();
    return OkStatus();
  }
  OverlayChanges Take() { return std::move(result_); }

 private:
  void Want(const NetworkPeer& peer) {
    const Result<Cidr> pods = Cidr::Parse(peer.pod_cidr);
    const Result<uint32_t> address = ParseIpv4(peer.address);
    const std::string host = "host " + peer.name;
    if (!pods.ok() || !address.ok()) {
      result_.problems.push_back(host + ": " +
                                 (pods.ok() ? address.status() : pods.status()).message());
      return;
    }
    if (peer.address == config_.host_address) {
      result_.problems.push_back(host + " says that it has this host's address " + peer.address +
                                 ": give each host its own (--host-ip)");
      return;
    }
    SetRoute route;
    route.destination = FormatIpv4(pods->base);
    route.prefix = pods->prefix;
    route.source = host_in_pods_;
    route.replaces = true;
    route.protocol = kRouteProtocol;
    if (config_.backend == NetworkBackend::kHostGw) {
      const AddressSeen* segment = FindSegment(seen_.addresses, config_.host_address, *address);
      if (segment == nullptr) {
        result_.problems.push_back(host + " at " + peer.address + " is not on the segment of " +
                                   config_.host_address +
                                   ": backend host-gw cannot reach it, vxlan can");
        return;
      }
      route.device = segment->device;
      route.via = peer.address;
    } else {
      route.device = std::string(kOverlayDevice);
      route.via = route.destination;
      route.is_onlink = true;
      wanted_.through_overlay.push_back(
          {peer, route.destination, route.prefix, OverlayMac(peer.name)});
    }
    wanted_.routes.push_back(std::move(route));
  }

  // Programs of the host need a route before a rule can change where they go.
  void WantServices() {
    const Result<Cidr> services = Cidr::Parse(config_.service_cidr);
    if (!services.ok()) return;
    SetRoute route;
    route.destination = FormatIpv4(services->base);
    route.prefix = services->prefix;
    route.device = std::string(kHostBridge);
    route.source = host_in_pods_;
    route.replaces = true;
    route.protocol = kRouteProtocol;
    wanted_.routes.push_back(std::move(route));
  }

  // What nobody has of this host's own pod subnet is refused at once, from here and from other
  // hosts; by the bridge's own route the host would look for a neighbour for three seconds. That
  // route has the subnet's length: its halves go before it, and the routes of pods before them.
  void WantRefusals() {
    const Result<Cidr> subnet = Cidr::Parse(config_.node_pod_cidr);
    if (!subnet.ok()) return;
    for (const uint32_t half : {0U, 1U}) {
      SetRoute route;
      route.destination =
          FormatIpv4(subnet->base + half * static_cast<uint32_t>(subnet->size() / 2));
      route.prefix = subnet->prefix + 1;
      route.replaces = true;
      route.protocol = kRouteProtocol;
      wanted_.routes.push_back(std::move(route));
    }
  }

  void RemoveDevice() {
    const LinkSeen* device = FindLink(seen_.links, kOverlayDevice);
    if (device == nullptr || device->kind != "vxlan") return;
    Change(DeleteLink{std::string(kOverlayDevice)});
    fresh_ = true;
  }

  Status MakeDevice() {
    const std::string name(kOverlayDevice);
    const LinkSeen* device = FindLink(seen_.links, kOverlayDevice);
    const VxlanSeen vxlan = {kOverlayId, kOverlayPort, config_.host_address, false};
    if (device != nullptr && device->kind != "vxlan") {
      return ConflictError("a device named " + name +
                           " exists and is no VXLAN: rename it, the overlay needs that name");
    }
    const bool right = device != nullptr && device->vxlan == vxlan && device->mtu == config_.mtu &&
                       device->mac == OverlayMac(node_);
    if (device != nullptr && !right) Change(DeleteLink{name});
    if (!right) {
      fresh_ = true;
      Change(AddVxlan{name, OverlayMac(node_), config_.host_address, kOverlayId, kOverlayPort,
                      config_.mtu});
    }
    if (!right || !device->is_up) {
      fresh_ = true;  // its routes went when it was taken down
      Change(SetUp{name});
    }
    return OkStatus();
  }

  void MakeEntries() {
    const std::string device(kOverlayDevice);
    std::set<std::pair<std::string, std::string>> neighbours;
    std::set<std::pair<std::string, std::string>> entries;
    const bool known = !fresh_;
    for (const NeighbourSeen& seen : seen_.neighbours) {
      if (known && seen.is_permanent) neighbours.emplace(seen.address, seen.mac);
    }
    for (const ForwardingSeen& seen : seen_.entries) {
      if (known) entries.emplace(seen.mac, seen.destination);
    }
    std::set<std::string> addresses;
    for (const PeerParts& peer : wanted_.through_overlay) {
      addresses.insert(peer.gateway);
      if (entries.erase({peer.mac, peer.peer.address}) == 0) {
        Change(ReplaceForwarding{device, peer.mac, peer.peer.address});
        Forget(peer.mac, &entries);  // replaced
      }
      if (neighbours.erase({peer.gateway, peer.mac}) == 0) {
        Change(ReplaceNeighbour{device, peer.gateway, peer.mac});
      }
    }
    for (const auto& [address, mac] : neighbours) {
      if (!addresses.contains(address)) Change(DeleteNeighbour{device, address});
    }
    for (const auto& [mac, destination] : entries) {
      if (!destination.empty()) Change(DeleteForwarding{device, mac, destination});
    }
  }

  static void Forget(const std::string& mac,
                     std::set<std::pair<std::string, std::string>>* entries) {
    std::erase_if(*entries, [&](const auto& entry) { return entry.first == mac; });
  }

  void MakeRoutes() {
    std::vector<RouteSeen> ours;
    for (const RouteSeen& route : seen_.routes) {
      const bool went = fresh_ && route.device == kOverlayDevice;
      if (route.protocol == kRouteProtocol && !went) ours.push_back(route);
    }
    std::set<std::string> destinations;
    for (const SetRoute& route : wanted_.routes) {
      const RouteSeen seen = {route.destination + "/" + std::to_string(route.prefix), route.device,
                              route.via, route.source, kRouteProtocol};
      destinations.insert(seen.destination);
      if (std::find(ours.begin(), ours.end(), seen) == ours.end()) Change(route);
    }
    for (const RouteSeen& route : ours) {
      if (destinations.contains(route.destination)) continue;
      const Result<Cidr> block =
          Cidr::Parse(route.destination.find('/') == std::string::npos ? route.destination + "/32"
                                                                       : route.destination);
      if (block.ok()) Change(DeleteRoute{FormatIpv4(block->base), block->prefix, route.device});
    }
  }

  void Change(LinkChange change) { result_.changes.push_back(std::move(change)); }

  const HostNetworkConfig& config_;
  const std::string& node_;
  const OverlaySeen& seen_;
  const std::string host_in_pods_;
  Wanted wanted_;
  bool fresh_ = false;  // the device has nothing of what was seen
  OverlayChanges result_;
};

}  // namespace

std::string_view ToString(NetworkBackend backend) {
  switch (backend) {
    case NetworkBackend::kVxlan:
      return "vxlan";
    case NetworkBackend::kHostGw:
      return "host-gw";
  }
  return "";
}

Result<NetworkBackend> ParseNetworkBackend(std::string_view text) {
  if (text == "vxlan") return NetworkBackend::kVxlan;
  if (text == "host-gw") return NetworkBackend::kHostGw;
  return InvalidError("\"" + std::string(text) + "\" is no network backend: vxlan or host-gw");
}

int PodMtu(int underlay_mtu, NetworkBackend backend) {
  return backend == NetworkBackend::kVxlan ? underlay_mtu - kVxlanHeaderBytes : underlay_mtu;
}

std::string OverlayMac(const std::string& node) { return MacFrom("overlay " + node); }

Result<std::string> DnsAddress(const std::string& service_cidr) {
  constexpr uint32_t kPosition = 10;
  const Result<Cidr> services = Cidr::Parse(service_cidr);
  if (!services.ok()) return services.status().WithContext("service addresses");
  if (services->size() <= kPosition + 1) {
    return InvalidError("service addresses " + service_cidr + " are too few: at least a /28");
  }
  return FormatIpv4(services->base + kPosition);
}

Result<OverlayChanges> CompileOverlay(const HostNetworkConfig& config, const std::string& node,
                                      const std::vector<NetworkPeer>& peers,
                                      const OverlaySeen& seen) {
  const Result<std::string> host = HostAddress(config);
  if (!host.ok()) return host.status();
  Compiler compiler(config, node, seen, *host);
  RETURN_IF_ERROR(compiler.Run(peers));
  return compiler.Take();
}

std::vector<LinkChange> CompileRemoveOverlay(const std::vector<LinkSeen>& links,
                                             const std::vector<RouteSeen>& routes) {
  std::vector<LinkChange> changes;
  for (const LinkSeen& link : links) {
    if (link.name == kOverlayDevice && link.kind == "vxlan") {
      changes.push_back(DeleteLink{link.name});
    }
  }
  for (const RouteSeen& route : routes) {
    const Result<Cidr> block = Cidr::Parse(route.destination);
    // Others go with their devices.
    if (route.protocol != kRouteProtocol || !block.ok()) continue;
    if (route.device == kOverlayDevice || route.device == kHostBridge) continue;
    changes.push_back(DeleteRoute{FormatIpv4(block->base), block->prefix, route.device});
  }
  return changes;
}

std::string CompileOverlayRules(const HostNetworkConfig& config,
                                const std::vector<NetworkPeer>& peers) {
  std::set<uint32_t> addresses;
  for (const NetworkPeer& peer : peers) {
    const Result<uint32_t> address = ParseIpv4(peer.address);
    if (address.ok()) addresses.insert(*address);
  }
  std::string members;
  for (const uint32_t address : addresses) {
    members += (members.empty() ? "" : ", ") + FormatIpv4(address);
  }
  const std::string port = std::to_string(kOverlayPort);
  const bool is_vxlan = config.backend == NetworkBackend::kVxlan;
  const std::string table = "table ip reconcile_overlay";
  std::string text = CompileRemoveOverlayRules();
  if (!is_vxlan) return text;
  text += table + " {\n  set members {\n    type ipv4_addr\n";
  if (!members.empty()) text += "    elements = { " + members + " }\n";
  text +=
      "  }\n  chain prerouting {\n"
      "    type filter hook prerouting priority raw; policy accept;\n"
      "    iifname \"rc*\" udp dport " +
      port +
      " drop comment \"pods send no frames of the overlay\"\n"
      "    fib daddr type local udp dport " +
      port +
      " ip saddr != @members drop comment \"frames of hosts of the cluster alone\"\n"
      "  }\n}\n";
  return text;
}

std::string CompileRemoveOverlayRules() {
  return "add table ip reconcile_overlay\ndelete table ip reconcile_overlay\n";
}

std::string SubnetFile(const HostNetworkConfig& config) {
  const Result<std::string> host = HostAddress(config);
  const Result<Cidr> node = Cidr::Parse(config.node_pod_cidr);
  if (!host.ok() || !node.ok()) return "";
  return "FLANNEL_NETWORK=" + config.cluster_pod_cidr + "\nFLANNEL_SUBNET=" + *host + "/" +
         std::to_string(node->prefix) + "\nFLANNEL_MTU=" + std::to_string(config.mtu) +
         "\nFLANNEL_IPMASQ=true\n";
}

}  // namespace reconcile
