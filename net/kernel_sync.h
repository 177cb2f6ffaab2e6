#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/cluster_network.h"
#include "net/kernel_host.h"
#include "net/service_rules.h"

namespace reconcile {

// What a host's kernel was given, so that the next time only the difference is.
struct SyncedNetwork {
  std::shared_ptr<const ServiceTable> services;  // nullptr: not known
  std::string overlay_rules;                     // "": not known
  std::vector<std::string> problems;             // what could not be done though the rest was
};
using ServeNames =
    std::function<std::vector<std::string>(const HostNetworkConfig&, const NetworkState&)>;

// Brings the host to `state` from `before`. Blocks.
Result<SyncedNetwork> SyncNetwork(const KernelHost& host,
                                  const std::optional<HostNetworkConfig>& config,
                                  const NetworkState& state, const SyncedNetwork& before,
                                  const ServeNames& serve_names);

}  // namespace reconcile
