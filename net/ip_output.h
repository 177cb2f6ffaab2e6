#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace reconcile {

// What `ip -json` prints, as far as we look at it. PURE. Invalid when it is no such text.

struct LinkSeen {
  std::string name;
  int64_t index = 0;
  int64_t peer_index = 0;  // of a veth's other end; 0 when there is none
  std::string mac;
  std::string kind;  // "veth", "bridge"; empty without `-details`
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
  friend bool operator==(const RouteSeen&, const RouteSeen&) = default;
};

Result<std::vector<LinkSeen>> ParseLinks(std::string_view json);         // ip -json -details link
Result<std::vector<AddressSeen>> ParseAddresses(std::string_view json);  // ip -json -4 address
Result<std::vector<RouteSeen>> ParseRoutes(std::string_view json);       // ip -json -4 route

}  // namespace reconcile
