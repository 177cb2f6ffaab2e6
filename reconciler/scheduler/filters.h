#pragma once

#include <string>

#include "reconciler/scheduler/node_usage.h"

namespace reconcile {

// A filter says why a node cannot take a pod; an empty text lets it pass.
using Filter = std::string (*)(const PodNeeds& needs, const NodeUsage& node);

std::string NodeReadyFilter(const PodNeeds& needs, const NodeUsage& node);
std::string NodeUnschedulableFilter(const PodNeeds& needs, const NodeUsage& node);
std::string NodeSelectorFilter(const PodNeeds& needs, const NodeUsage& node);
std::string FitFilter(const PodNeeds& needs, const NodeUsage& node);

// The reason of the first filter that refuses; empty when the node can take the pod.
std::string WhyNot(const PodNeeds& needs, const NodeUsage& node);

}  // namespace reconcile
