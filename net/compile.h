#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/host_network.h"
#include "net/ip_output.h"
#include "net/link_changes.h"

namespace reconcile {

// PURE: what the adapter changes of devices and routes, and what it feeds to `nft -f -`,
// from what it saw on the host. Golden-testable as text.

// A bridge without ports that holds the host's own address in its pod subnet: what pods see as the
// source when the host calls them, and what keeps packets for absent pods from leaving the host.
inline constexpr std::string_view kHostBridge = "reconcile0";

// The first address of the node's pod subnet. Invalid when the configuration cannot be used.
Result<std::string> HostAddress(const HostNetworkConfig& config);
// True for names that HostDeviceName gives.
bool IsHostDeviceName(std::string_view name);
// Locally administered; a function of `bytes`.
std::string MacFrom(std::string_view bytes);
// Likewise, of the pod's uid: the neighbour entries on both sides are known
// without asking.
std::string HostDeviceMac(const std::string& pod_uid);
std::string PodDeviceMac(const std::string& pod_uid);

// Why the cluster's addresses cannot be used on this host: one of its own routes leads into the
// range of pods or Services. A sentence that says what to do; empty when none does. Routes that are
// wider than the range (10.0.0.0/8, the default route) do no harm: ours are closer.
std::string RangeClash(const HostNetworkConfig& config, const std::vector<RouteSeen>& routes);

// What brings the bridge and its address about. Conflict when a device of that name is no bridge.
// `links` and `addresses` are all of the host's.
Result<std::vector<LinkChange>> CompileHostBridge(const HostNetworkConfig& config,
                                                  const std::vector<LinkSeen>& links,
                                                  const std::vector<AddressSeen>& addresses);

// Our nft table, replaced in one transaction: masquerade of what leaves for anywhere but pods.
std::string CompileHostRules(const HostNetworkConfig& config);
std::string CompileRemoveRules();  // takes it away, harmless when absent

// To be made in this order. The address is routed to the pod by the last change of `host`: where
// that route is, everything before it was done. eth0 is made dormant (RFC 2863), which is up and
// not running, until `wake`. `host_namespace`: a path. Of CompileAttach a change fails that finds
// something there (Conflict); then CompileRepair has the answer.
struct AttachChanges {
  std::vector<LinkChange> remove;   // on the host: what is in the way; of a repair alone
  std::vector<LinkChange> sandbox;  // in the pod's namespace
  std::vector<LinkChange> host;     // on the host
  std::vector<LinkChange> wake;     // in the pod's namespace: eth0 is running from then on
};
Result<AttachChanges> CompileAttach(const PodAttachment& attachment,
                                    const HostNetworkConfig& config,
                                    std::string_view host_namespace);

// What there is when an attachment found something in its way.
struct AttachSeen {
  std::vector<LinkSeen> host_links;
  std::vector<LinkSeen> sandbox_links;
  std::vector<RouteSeen> host_routes;
};
// Attaches again: keeps a pair that is right, removes a stale device of ours and one of ours that
// holds this address's route. Conflict when what is in the way is not ours.
Result<AttachChanges> CompileRepair(const PodAttachment& attachment,
                                    const HostNetworkConfig& config,
                                    std::string_view host_namespace, const AttachSeen& seen);

// What removes our devices among `links`, and with them their routes.
std::vector<LinkChange> CompileRemoveDevices(const std::vector<LinkSeen>& links);
// Addresses of pods that are attached: routes to our devices.
std::vector<std::string> AttachedAddresses(const std::vector<RouteSeen>& routes);

}  // namespace reconcile
