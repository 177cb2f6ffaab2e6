#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/controller.h"
#include "controller/network_lists.h"

namespace reconcile {

// Pods bound to one node, ordered by namespace and name.
using NodePods = std::vector<std::shared_ptr<const Pod>>;
NodePods PodsOn(const std::string& node, const ClusterState& state);

// Of the nodes that have pods, or had them, those whose agents may need something else of their own
// in `after` than in `before`, whatever the network is; nothing when that may be any of them. Takes
// the time of what differs.
std::optional<std::set<std::string>> NodesConcerned(const ClusterState& before,
                                                    const ClusterState& after);

// AssignmentFor when the node's pods and the network are known already.
Assignment AssignmentOf(const std::string& node, const NodePods& pods, const NetworkLists& network,
                        const ClusterState& state);
// The same for a node that needs nothing else of its own than in `sent`.
Assignment WithNetwork(const Assignment& sent, const NetworkLists& network,
                       const ClusterState& state);

// How many bytes each of an assignment's objects takes in a message.
using ObjectSizes = std::map<ObjectKey, size_t>;
ObjectSizes MeasureObjects(const Assignment& assignment);

// The largest ones, for people: "Secret default/a (3145728 bytes), ...".
std::string LargestObjects(const ObjectSizes& sizes);

// Of an assignment that is too large for one message (kMaxMessageBytes): the same without pods that
// have not begun, as many as it takes. What runs is never left out, nor is the network; nothing
// when it does not fit even so. `pods` are the assignment's, with their statuses.
std::optional<Assignment> FitAssignment(const Assignment& assignment, const ObjectSizes& sizes,
                                        const NodePods& pods, const ClusterState& state);

// True when an agent would do the same with both, whatever their revisions.
bool SameForAgent(const Assignment& a, const Assignment& b);

}  // namespace reconcile
