#pragma once

#include "reconciler/scheduler/filters.h"
#include "reconciler/scheduler/scheduler.h"

namespace reconcile {

// Pods whose manifests name their node (spec.nodeName): the scheduler does not choose, and a cordon
// does not keep them away. PURE.

// What keeps such a pod from its node: what the kubelet checks when it admits one (room, ports of
// the host, nodeSelector and required node affinity, taints with NoExecute; Kubernetes'
// pkg/kubelet/lifecycle), and that the node is there to run it. A kubelet fails the pod, and its
// controller makes another one at once; here it waits.
std::vector<Refusal> WhyNotAdmitted(const PodNeeds& needs, const NodeUsage& node);

// Says of one that waits why; `node` is null when there is none of that name.
void ExplainDeclared(const NodeUsage* node, Binding* binding);

}  // namespace reconcile
