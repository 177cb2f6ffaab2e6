#pragma once

#include <string>
#include <vector>

#include "reconciler/scheduler/node_usage.h"

namespace reconcile {

// Why a node cannot take a pod, once for each thing in its way. `kind` is in kube-scheduler's
// words, which people search for, and stays the same for as long as the thing is in the way; `text`
// has the amounts of the moment too.
struct Refusal {
  std::string kind;  // "Insufficient cpu"
  std::string text;  // "needs 500m cpu, 350m free"
};
// A filter lets a pod pass by refusing nothing.
using Filter = std::vector<Refusal> (*)(const PodNeeds& needs, const NodeUsage& node);

std::vector<Refusal> NodeReadyFilter(const PodNeeds& needs, const NodeUsage& node);
std::vector<Refusal> NodeUnschedulableFilter(const PodNeeds& needs, const NodeUsage& node);
std::vector<Refusal> NodeSelectorFilter(const PodNeeds& needs, const NodeUsage& node);
std::vector<Refusal> NodePortsFilter(const PodNeeds& needs, const NodeUsage& node);
std::vector<Refusal> FitFilter(const PodNeeds& needs, const NodeUsage& node);

// What the first filter that refuses says; empty when the node can take the pod.
std::vector<Refusal> WhyNot(const PodNeeds& needs, const NodeUsage& node);

}  // namespace reconcile
