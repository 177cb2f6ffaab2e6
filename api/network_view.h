#pragma once

#include <vector>

#include "api/table.h"
#include "controller/controller.h"

namespace reconcile {

// PURE. How each host's network is: {"items": [{"node", "address", "podCIDR", "backend", "mtu",
// "connected", "revision", "wantedRevision", "inSync", "peers", "unreached": [], "problems": []}]},
// sorted by node.
Value EncodeNetworks(const std::vector<Controller::HostNetwork>& networks);
// The same for people.
Table NetworkTable(const std::vector<Controller::HostNetwork>& networks);

}  // namespace reconcile
