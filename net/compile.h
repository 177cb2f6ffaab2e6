#pragma once

#include <string>
#include <vector>

#include "net/host_network.h"

namespace reconcile {

// PURE: what the adapter feeds to `nft -f -` and `ip -batch -`. Golden-testable text.
std::string CompileHostRules(
    const HostNetworkConfig& config);  // our nft table, atomically replaced
std::string CompileRemoveRules();      // takes it away, harmless when absent
// Batch for the host's side, and the one for inside the sandbox's namespace.
struct AttachBatch {
  std::string host;     // `ip -batch -` on the host
  std::string sandbox;  // `ip -batch -` in the pod's namespace
};
AttachBatch CompileAttach(const PodAttachment& attachment, const HostNetworkConfig& config);

}  // namespace reconcile
