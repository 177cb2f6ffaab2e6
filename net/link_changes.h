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
struct DeleteLink {
  std::string device;
};
struct SetUp {
  std::string device;
};
struct WakeLink {
  std::string device;
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
struct SetRoute {
  std::string destination;  // an address, meaning that one alone; empty: the default route
  std::string device;
  std::string via;        // empty: the destination is on the link
  std::string source;     // preferred; empty: the kernel's choice
  bool replaces = false;  // otherwise one that is there is an error
};

using LinkChange = std::variant<AddPair, AddBridge, DeleteLink, SetUp, WakeLink, ReplaceAddress,
                                AddAddress, DeleteAddress, ReplaceNeighbour, SetRoute>;

std::string ToText(const LinkChange& change);  // one line, without its end
std::string ToText(const std::vector<LinkChange>& changes);

}  // namespace reconcile
