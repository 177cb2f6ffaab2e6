#pragma once

#include <functional>

#include "controller/controller.h"
#include "schema/cluster_state.h"

namespace reconcile {

// What is known of hosts only now, as it is shown: in lists and by name, never stored, and no
// change that a watch tells of.

// Where the Leases of nodes are, as in Kubernetes.
inline constexpr std::string_view kNodeLeaseNamespace = "kube-node-lease";

using HeartbeatReader = std::function<Controller::Heartbeats()>;

// `json`, a Node or a list of them, whose conditions then tell when the agent was heard last
// (lastHeartbeatTime): no field of the model's, which would change with every word of an agent.
std::string WithHeartbeats(const std::string& json, const Controller::Heartbeats& heartbeats);
// An agent's own lease: that it was heard, and for how long that counts. Null when it was not, or
// its node is not in the model.
ObjectPtr NodeLease(const std::string& node, const Controller::Heartbeats& heartbeats,
                    const ClusterState& state);
// Adds those of all nodes to what the model has.
void AddNodeLeases(const Controller::Heartbeats& heartbeats, const ClusterState& state,
                   ObjectMap* leases);

}  // namespace reconcile
