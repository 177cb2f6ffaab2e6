#include "net/link_changes.h"

namespace reconcile {
namespace {

struct Text {
  std::string operator()(const AddPair& pair) const {
    const std::string mtu = " mtu " + std::to_string(pair.mtu);
    return "link add name " + pair.device + mtu + " address " + pair.mac +
           " mode dormant type veth peer name " + pair.peer + mtu + " address " + pair.peer_mac +
           " netns " + pair.host_namespace;
  }
  std::string operator()(const AddBridge& bridge) const {
    return "link add name " + bridge.device + " type bridge";
  }
  std::string operator()(const AddVxlan& vxlan) const {
    return "link add name " + vxlan.device + " mtu " + std::to_string(vxlan.mtu) + " address " +
           vxlan.mac + " type vxlan id " + std::to_string(vxlan.id) + " local " + vxlan.local +
           " dstport " + std::to_string(vxlan.port) + " nolearning";
  }
  std::string operator()(const DeleteLink& link) const { return "link delete dev " + link.device; }
  std::string operator()(const SetUp& link) const { return "link set dev " + link.device + " up"; }
  std::string operator()(const WakeLink& link) const {
    return "link set dev " + link.device + " mode default state up";
  }
  std::string operator()(const SetMtu& link) const {
    return "link set dev " + link.device + " mtu " + std::to_string(link.mtu);
  }
  std::string operator()(const ReplaceAddress& wanted) const {
    return Address("replace", wanted.device, wanted.address, wanted.prefix);
  }
  std::string operator()(const AddAddress& wanted) const {
    return Address("add", wanted.device, wanted.address, wanted.prefix);
  }
  std::string operator()(const DeleteAddress& unwanted) const {
    return Address("delete", unwanted.device, unwanted.address, unwanted.prefix);
  }
  std::string operator()(const ReplaceNeighbour& neighbour) const {
    return "neighbour replace " + neighbour.address + " lladdr " + neighbour.mac + " dev " +
           neighbour.device + " nud permanent";
  }
  std::string operator()(const DeleteNeighbour& neighbour) const {
    return "neighbour delete " + neighbour.address + " dev " + neighbour.device;
  }
  std::string operator()(const ReplaceForwarding& entry) const {
    return Forwarding("replace", entry.device, entry.mac, entry.destination);
  }
  std::string operator()(const DeleteForwarding& entry) const {
    return Forwarding("delete", entry.device, entry.mac, entry.destination);
  }
  std::string operator()(const SetRoute& route) const {
    std::string text = std::string("route ") + (route.replaces ? "replace " : "add ");
    if (route.device.empty()) text += "unreachable ";
    text += Block(route.destination, route.prefix);
    if (!route.via.empty()) text += " via " + route.via;
    if (!route.device.empty()) text += " dev " + route.device;
    if (!route.device.empty() && route.via.empty()) text += " scope link";
    if (!route.source.empty()) text += " src " + route.source;
    if (route.is_onlink) text += " onlink";
    if (route.protocol != 0) text += " protocol " + std::to_string(route.protocol);
    return text;
  }
  std::string operator()(const DeleteRoute& route) const {
    const std::string block = Block(route.destination, route.prefix);
    if (route.device.empty()) return "route delete unreachable " + block;
    return "route delete " + block + " dev " + route.device;
  }
  static std::string Block(const std::string& destination, int prefix) {
    return destination.empty() ? "default" : destination + "/" + std::to_string(prefix);
  }
  // What `bridge -batch` reads.
  static std::string Forwarding(const std::string& verb, const std::string& device,
                                const std::string& mac, const std::string& destination) {
    return "fdb " + verb + " " + mac + " dev " + device + " dst " + destination + " self permanent";
  }
  static std::string Address(const std::string& verb, const std::string& device,
                             const std::string& address, int prefix) {
    return "address " + verb + " " + address + "/" + std::to_string(prefix) + " dev " + device;
  }
};

}  // namespace

std::string ToText(const LinkChange& change) { return std::visit(Text(), change); }

std::string ToText(const std::vector<LinkChange>& changes) {
  std::string text;
  for (const LinkChange& change : changes) text += ToText(change) + "\n";
  return text;
}

}  // namespace reconcile
