#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/cluster_network.h"
#include "net/kernel_host.h"
#include "net/service_rules.h"
#include "net/service_table.h"

namespace reconcile {

// What routes and entries towards other hosts follow from.
struct OverlayBasis {
  HostNetworkConfig config;
  std::string node;
  std::vector<NetworkPeer> peers;
  friend bool operator==(const OverlayBasis&, const OverlayBasis&) = default;
};

// What a host's kernel was given, so that the next time only the difference is.
struct SyncedNetwork {
  // What the overlay was looked at for, found or made right; it is not looked at again for the
  // same: that takes longer than all the rest of a change. None: not known.
  std::optional<OverlayBasis> overlay;
  size_t overlay_changes = 0;                    // that the last look at it led to
  std::shared_ptr<const ServiceTable> services;  // nullptr: not known
  std::string overlay_rules;                     // "": not known
  std::optional<HostNetworkConfig> firewalld;    // what it was asked to let pass; none: not known
  std::vector<std::string> problems;             // what could not be done though the rest was
};
using ServeNames =
    std::function<std::vector<std::string>(const HostNetworkConfig&, const NetworkState&)>;

// Brings the host to `state` from `before`. Blocks. `tables` are those of the Syncs before it.
Result<SyncedNetwork> SyncNetwork(const KernelHost& host,
                                  const std::optional<HostNetworkConfig>& config,
                                  const NetworkState& state, const SyncedNetwork& before,
                                  ServiceTables* tables, const ServeNames& serve_names);

}  // namespace reconcile
