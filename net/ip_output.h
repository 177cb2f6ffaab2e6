#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace reconcile {

// What `ip -json` prints, as far as we look at it. PURE. Invalid when it is no such text.

struct VxlanSeen {
  int id = 0;
  int port = 0;
  std::string local;
  bool learns = false;
  friend bool operator==(const VxlanSeen&, const VxlanSeen&) = default;
};
struct LinkSeen {
  std::string name;
  int64_t index = 0;
  int64_t peer_index = 0;  // of a veth's other end; 0 when there is none
  std::string mac;
  std::string kind;  // "veth", "bridge"; empty without `-details`
  int mtu = 0;
  bool is_up = false;
  std::optional<VxlanSeen> vxlan;
  friend bool operator==(const LinkSeen&, const LinkSeen&) = default;
};
struct AddressSeen {
  std::string device;
  std::string address;
  int prefix = 0;
  friend bool operator==(const AddressSeen&, const AddressSeen&) = default;
};
struct RouteSeen {
  std::string destination;  // "10.42.0.5", "10.42.0.0/24", "default"
  std::string device;
  std::string via;     // empty: on the link
  std::string source;  // preferred; may be empty
  int protocol = 0;    // 0 for those that have a name
  friend bool operator==(const RouteSeen&, const RouteSeen&) = default;
};
struct NeighbourSeen {
  std::string address;
  std::string mac;
  bool is_permanent = false;
  friend bool operator==(const NeighbourSeen&, const NeighbourSeen&) = default;
};
struct ForwardingSeen {  // an entry of a device's forwarding database
  std::string mac;
  std::string destination;  // empty: none
  friend bool operator==(const ForwardingSeen&, const ForwardingSeen&) = default;
};

// nullptr when there is none of that name.
const LinkSeen* FindLink(const std::vector<LinkSeen>& links, std::string_view name);

Result<std::vector<LinkSeen>> ParseLinks(std::string_view json);         // ip -json -details link
Result<std::vector<AddressSeen>> ParseAddresses(std::string_view json);  // ip -json -4 address
Result<std::vector<RouteSeen>> ParseRoutes(std::string_view json);       // ip -json -4 route
// ip -json -4 neighbour show dev D
Result<std::vector<NeighbourSeen>> ParseNeighbours(std::string_view json);
// bridge -json fdb show dev D
Result<std::vector<ForwardingSeen>> ParseForwarding(std::string_view json);

}  // namespace reconcile
