#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controller/controller.h"

namespace reconcile {

// Pods bound to one node, ordered by namespace and name.
using NodePods = std::vector<std::shared_ptr<const Pod>>;
std::map<std::string, NodePods> PodsByNode(const ClusterState& state);

// AssignmentFor when the node's pods are known already.
Assignment AssignmentOf(const std::string& node, const NodePods& pods, const ClusterState& state);

// True when an agent would do the same with both, whatever their revisions.
bool SameForAgent(const Assignment& a, const Assignment& b);

}  // namespace reconcile
