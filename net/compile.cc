#include "net/compile.h"

#include <algorithm>

#include "base/ids.h"
#include "net/ipam.h"
#include "net/overlay.h"

namespace reconcile {
namespace {

constexpr std::string_view kDevicePrefix = "rc";
constexpr size_t kDeviceHashLength = 13;  // with the prefix, IFNAMSIZ - 1
constexpr std::string_view kPodDevice = "eth0";

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// Everything that both ways of attaching need, checked: only these go into a change.
struct Parts {
  std::string device;
  std::string host_mac;
  std::string pod_mac;
  std::string address;
  std::string host_address;
  int mtu = 0;
  std::string host_namespace;
};

Result<Parts> MakeParts(const PodAttachment& attachment, const HostNetworkConfig& config,
                        std::string_view host_namespace) {
  const Result<std::string> host = HostAddress(config);
  if (!host.ok()) return host.status();
  const Result<uint32_t> address = ParseIpv4(attachment.address);
  if (!address.ok()) return address.status().WithContext("pod " + attachment.pod_uid);
  const Result<Cidr> subnet = Cidr::Parse(config.node_pod_cidr);
  if (!subnet->Contains(*address) || attachment.address == *host) {
    return InvalidError("pod " + attachment.pod_uid + ": address " + attachment.address +
                        " is not one of this host's pod subnet " + config.node_pod_cidr);
  }
  if (attachment.pod_uid.empty()) return InvalidError("an attachment without a pod's uid");
  return Parts{.device = HostDeviceName(attachment.pod_uid),
               .host_mac = HostDeviceMac(attachment.pod_uid),
               .pod_mac = PodDeviceMac(attachment.pod_uid),
               .address = attachment.address,
               .host_address = *host,
               .mtu = config.mtu,
               .host_namespace = std::string(host_namespace)};
}

LinkChange Pair(const Parts& parts) {
  return AddPair{.device = std::string(kPodDevice),
                 .mac = parts.pod_mac,
                 .peer = parts.device,
                 .peer_mac = parts.host_mac,
                 .mtu = parts.mtu,
                 .host_namespace = parts.host_namespace};
}

std::vector<LinkChange> ConfigureSandbox(const Parts& parts) {
  const std::string device(kPodDevice);
  const std::string gateway(kPodGateway);
  return {SetUp{"lo"},
          ReplaceAddress{device, parts.address},
          SetUp{device},
          ReplaceNeighbour{device, gateway, parts.host_mac},
          SetRoute{.destination = gateway, .device = device, .replaces = true},
          SetRoute{.device = device, .via = gateway, .replaces = true}};
}

std::vector<LinkChange> BringUp(const Parts& parts, bool replaces) {
  return {SetUp{parts.device}, ReplaceNeighbour{parts.device, parts.address, parts.pod_mac},
          SetRoute{.destination = parts.address,
                   .device = parts.device,
                   .source = parts.host_address,
                   .replaces = replaces}};
}

std::vector<LinkChange> Wake() { return {WakeLink{std::string(kPodDevice)}}; }

void Append(const std::vector<LinkChange>& more, std::vector<LinkChange>* changes) {
  changes->insert(changes->end(), more.begin(), more.end());
}

}  // namespace

std::string HostDeviceName(const std::string& pod_uid) {
  return std::string(kDevicePrefix) + Sha256Hex(pod_uid).substr(0, kDeviceHashLength);
}

bool IsHostDeviceName(std::string_view name) {
  if (name.size() != kDevicePrefix.size() + kDeviceHashLength) return false;
  if (name.substr(0, kDevicePrefix.size()) != kDevicePrefix) return false;
  return std::all_of(name.begin() + kDevicePrefix.size(), name.end(), IsLowerHex);
}

std::string MacFrom(std::string_view bytes) {
  const std::string hash = Sha256Hex(bytes);
  std::string mac = "02";  // locally administered, unicast
  for (size_t i = 0; i < 5; ++i) mac += ":" + hash.substr(2 * i, 2);
  return mac;
}
std::string HostDeviceMac(const std::string& pod_uid) { return MacFrom("host " + pod_uid); }
std::string PodDeviceMac(const std::string& pod_uid) { return MacFrom("pod " + pod_uid); }

Result<std::string> HostAddress(const HostNetworkConfig& config) {
  const Result<Cidr> cluster = Cidr::Parse(config.cluster_pod_cidr);
  if (!cluster.ok()) return cluster.status().WithContext("cluster's pod addresses");
  const Result<Cidr> node = Cidr::Parse(config.node_pod_cidr);
  if (!node.ok()) return node.status().WithContext("host's pod subnet");
  if (node->prefix > 29 || !cluster->Contains(node->base) || cluster->prefix > node->prefix) {
    return InvalidError("host's pod subnet " + node->ToString() +
                        " is no block of at least a /29 inside the cluster's " +
                        cluster->ToString());
  }
  if (node->ToString() != config.node_pod_cidr || cluster->ToString() != config.cluster_pod_cidr) {
    return InvalidError("pod subnets are written by their first address: " + cluster->ToString() +
                        ", " + node->ToString());
  }
  constexpr int kMinMtu = 576;  // RFC 791
  constexpr int kMaxMtu = 65535;
  if (config.mtu < kMinMtu || config.mtu > kMaxMtu) {
    return InvalidError("mtu " + std::to_string(config.mtu) + " is not between 576 and 65535");
  }
  return FormatIpv4(node->base + 1);
}

std::string RangeClash(const HostNetworkConfig& config, const std::vector<RouteSeen>& routes) {
  const std::pair<const char*, const std::string*> ranges[] = {{"pods", &config.cluster_pod_cidr},
                                                               {"Services", &config.service_cidr}};
  for (const RouteSeen& route : routes) {
    const bool is_ours = route.protocol == kRouteProtocol || route.device == kHostBridge ||
                         IsHostDeviceName(route.device);
    const bool has_prefix = route.destination.find('/') != std::string::npos;
    const Result<Cidr> block = Cidr::Parse(route.destination + (has_prefix ? "" : "/32"));
    if (is_ours || !block.ok()) continue;
    for (const auto& [what, text] : ranges) {
      const Result<Cidr> range = Cidr::Parse(*text);
      if (!range.ok() || block->prefix < range->prefix || !range->Contains(block->base)) continue;
      return "this host routes " + route.destination + " to " + route.device +
             ", inside the cluster's addresses for " + what + ", " + *text +
             ": begin the cluster with other addresses (--pod-cidr, --service-cidr), or take that "
             "route away";
    }
  }
  return "";
}

Result<std::vector<LinkChange>> CompileHostBridge(const HostNetworkConfig& config,
                                                  const std::vector<LinkSeen>& links,
                                                  const std::vector<AddressSeen>& addresses) {
  const Result<std::string> host = HostAddress(config);
  if (!host.ok()) return host.status();
  const std::string bridge(kHostBridge);
  std::vector<AddressSeen> wanted = {{bridge, *host, Cidr::Parse(config.node_pod_cidr)->prefix}};
  if (!config.service_cidr.empty()) {
    const Result<std::string> dns = DnsAddress(config.service_cidr);
    if (!dns.ok()) return dns.status();
    wanted.push_back({bridge, *dns, 32});
  }
  const LinkSeen* link = FindLink(links, bridge);
  if (link != nullptr && link->kind != "bridge") {
    return ConflictError("a device named " + bridge + " exists and is no bridge: rename it, the" +
                         " host's address in its pod subnet belongs there");
  }
  std::vector<LinkChange> changes;
  if (link == nullptr) changes.push_back(AddBridge{bridge});
  for (const AddressSeen& address : addresses) {
    if (address.device != bridge) continue;
    if (std::erase(wanted, address) > 0) continue;  // it is there
    changes.push_back(DeleteAddress{bridge, address.address, address.prefix});
  }
  for (const AddressSeen& address : wanted) {
    changes.push_back(AddAddress{bridge, address.address, address.prefix});
  }
  // Harmless when it is up, and what Prepare is asked again for when someone took it down.
  changes.push_back(SetUp{bridge});
  return changes;
}

Result<AttachChanges> CompileAttach(const PodAttachment& attachment,
                                    const HostNetworkConfig& config,
                                    std::string_view host_namespace) {
  const Result<Parts> parts = MakeParts(attachment, config, host_namespace);
  if (!parts.ok()) return parts.status();
  AttachChanges changes{{}, {Pair(*parts)}, BringUp(*parts, false), Wake()};
  Append(ConfigureSandbox(*parts), &changes.sandbox);
  return changes;
}

Result<AttachChanges> CompileRepair(const PodAttachment& attachment,
                                    const HostNetworkConfig& config,
                                    std::string_view host_namespace, const AttachSeen& seen) {
  const Result<Parts> parts = MakeParts(attachment, config, host_namespace);
  if (!parts.ok()) return parts.status();
  const LinkSeen* mine = FindLink(seen.host_links, parts->device);
  const LinkSeen* pod = FindLink(seen.sandbox_links, kPodDevice);
  const bool pair = mine != nullptr && pod != nullptr && pod->mac == parts->pod_mac &&
                    pod->peer_index == mine->index && mine->peer_index == pod->index;
  if (pod != nullptr && !pair && pod->mac != parts->pod_mac) {
    return ConflictError("pod " + attachment.pod_uid + ": its network has a device " +
                         std::string(kPodDevice) + " that is not ours");
  }
  AttachChanges changes;
  for (const RouteSeen& route : seen.host_routes) {
    if (route.destination != parts->address || route.device == parts->device) continue;
    if (!IsHostDeviceName(route.device)) {
      return ConflictError("pod " + attachment.pod_uid + ": this host routes its address " +
                           parts->address + " to device \"" + route.device +
                           "\", which is not ours");
    }
    changes.remove.push_back(DeleteLink{route.device});
  }
  if (!pair) {
    if (mine != nullptr) changes.remove.push_back(DeleteLink{parts->device});
    if (pod != nullptr) changes.sandbox.push_back(DeleteLink{std::string(kPodDevice)});
    changes.sandbox.push_back(Pair(*parts));
  } else if (pod->mtu != parts->mtu) {
    changes.sandbox.push_back(SetMtu{std::string(kPodDevice), parts->mtu});
  }
  Append(ConfigureSandbox(*parts), &changes.sandbox);
  if (pair && mine->mtu != parts->mtu) changes.host = {SetMtu{parts->device, parts->mtu}};
  Append(BringUp(*parts, true), &changes.host);
  changes.wake = Wake();
  return changes;
}

std::vector<LinkChange> CompileRemoveDevices(const std::vector<LinkSeen>& links) {
  std::vector<LinkChange> changes;
  for (const LinkSeen& link : links) {
    const bool bridge = link.name == kHostBridge && link.kind == "bridge";
    const bool pod = IsHostDeviceName(link.name) && link.kind == "veth";
    if (bridge || pod) changes.push_back(DeleteLink{link.name});
  }
  return changes;
}

std::vector<std::string> AttachedAddresses(const std::vector<RouteSeen>& routes) {
  std::vector<std::string> addresses;
  for (const RouteSeen& route : routes) {
    if (IsHostDeviceName(route.device) && ParseIpv4(route.destination).ok()) {
      addresses.push_back(route.destination);
    }
  }
  std::sort(addresses.begin(), addresses.end());
  return addresses;
}

}  // namespace reconcile
