#pragma once

#include <string>
#include <vector>

#include "schema/cluster_state.h"

namespace reconcile {

enum class NetworkItem { kName, kAddress, kNodePort, kHostPort };
std::string_view ToString(NetworkItem item);  // "name", "address", "node port", "host port"

// What of an object clients reach it by, before and after; "" where there is nothing. Several are
// joined by ", ".
struct NetworkChange {
  ObjectKey key;
  NetworkItem item = NetworkItem::kName;
  std::string before;
  std::string after;
};

// PURE. What differs between two states, sorted by object and item: names in DNS, addresses and
// node ports of Services, ports of hosts that workloads ask for.
std::vector<NetworkChange> NetworkChangesOf(const ClusterState& before, const ClusterState& after);

}  // namespace reconcile
