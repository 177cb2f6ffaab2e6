#pragma once

#include <string>
#include <variant>
#include <vector>

namespace reconcile {

// PURE: what is changed in a network namespace, as data. net/netlink.h applies it; ToText writes it
// the way `ip -batch` reads it, which is what golden files and messages show.

// Two ends of a cable, of one MTU: `device` here, dormant (RFC 2863: up and not running) until a
// WakeLink; `peer` in the host's namespace.
struct AddPair {
  std::string device;
  std::string mac;
  std::string peer;
  std::string peer_mac;
  int mtu = 0;
  std::string host_namespace;  // path of the peer's namespace
};
struct AddBridge {
  std::string device;
};
// A VXLAN device without learning and without multicast: it sends only where ReplaceForwarding
// says.
struct AddVxlan {
  std::string device;
  std::string mac;
  std::string local;  // the host's own address
  int id = 0;
  int port = 0;  // UDP, of all hosts
  int mtu = 0;
};
struct DeleteLink {
  std::string device;
};
struct SetUp {
  std::string device;
};
struct WakeLink {
  std::string device;
};
struct SetMtu {
  std::string device;
  int mtu = 0;
};
// An address that is there already is no error of ReplaceAddress.
struct ReplaceAddress {
  std::string device;
  std::string address;
  int prefix = 32;
};
struct AddAddress {
  std::string device;
  std::string address;
  int prefix = 32;
};
struct DeleteAddress {
  std::string device;
  std::string address;
  int prefix = 32;
};
struct ReplaceNeighbour {  // permanent
  std::string device;
  std::string address;
  std::string mac;
};
struct DeleteNeighbour {
  std::string device;
  std::string address;
};
// Frames for `mac` go to the host at `destination`; permanent.
struct ReplaceForwarding {
  std::string device;
  std::string mac;
  std::string destination;
};
struct DeleteForwarding {
  std::string device;
  std::string mac;
  std::string destination;
};
// The mark of routes to other hosts and to Services: those that carry it are ours.
inline constexpr int kRouteProtocol = 142;
struct SetRoute {
  std::string destination;  // its first address; empty: the default route
  int prefix = 32;
  std::string device;      // empty: packets are refused (ICMP host unreachable)
  std::string via;         // empty: the destination is on the link
  std::string source;      // preferred; empty: the kernel's choice
  bool replaces = false;   // otherwise one that is there is an error
  bool is_onlink = false;  // `via` is on the link, whatever addresses the device has
  int protocol = 0;        // 0: as `ip route` does it
};
struct DeleteRoute {
  std::string destination;
  int prefix = 32;
  std::string device;  // empty: the one that refuses
};

using LinkChange =
    std::variant<AddPair, AddBridge, AddVxlan, DeleteLink, SetUp, WakeLink, ReplaceAddress,
                 AddAddress, DeleteAddress, ReplaceNeighbour, DeleteNeighbour, ReplaceForwarding,
                 DeleteForwarding, SetRoute, DeleteRoute, SetMtu>;

std::string ToText(const LinkChange& change);  // one line, without its end
std::string ToText(const std::vector<LinkChange>& changes);

}  // namespace reconcile
