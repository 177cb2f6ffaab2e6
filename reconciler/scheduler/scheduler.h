#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "schema/cluster_state.h"
#include "schema/core.h"

namespace reconcile {

// Where a pod goes, or why it goes nowhere.
struct Binding {
  std::shared_ptr<const Pod> pod;
  std::string node;  // empty: does not fit
  // Without a node, what kube-scheduler would say, then each host by name: "0/3 nodes are
  // available: 1 Insufficient cpu, 2 node(s) were unschedulable. host-1: needs 500m cpu, 350m free;
  // host-2:
  // ...". Else how the node was chosen.
  std::string explanation;
  // Without a node: what is in the way, without counts, amounts and hosts ("0/3 nodes are
  // available: Insufficient cpu, node(s) were unschedulable"). Stays the same while only the usage
  // of nodes changes.
  std::string refusal;
  // Without a node: what is said of the pod, when not that no node takes it.
  std::string reason;
};

// The hosts that a plan names for pods that are placed later in its course (reconciler/foresee.h).
using Foreseen = std::map<ObjectKey, std::string>;

// PURE. Places pending pods (no node, active) one after the other, those of the highest priority
// first, of these the oldest (ties by uid), each placement counting for the next. What does not fit
// is explained by what is free when all others are placed. Filters: node Ready, unschedulable,
// taints, nodeSelector, required node affinity, ports of the host, fit by requests and max pods
// (default 110), topology spread that must hold, required affinity and anti-affinity of pods,
// theirs to others and others' to them. Scores: least allocated (SEMANTICS 19.3), preferred node
// affinity, preferred affinity of pods, PreferNoSchedule taints, images that are there, preferred
// topology spread, without which siblings (same controller) are spread over nodes. Ties break by
// hash(pod uid, node).
std::vector<Binding> Place(const std::vector<std::shared_ptr<const Pod>>& pending,
                           const ClusterState& state);
// The same; `usage`, new or as any earlier call left it, saves looking at what did not change. A
// pod that `foreseen` names a node for goes there when the filters let it, whatever the scores say.
class UsageCache;
std::vector<Binding> Place(const std::vector<std::shared_ptr<const Pod>>& pending,
                           const ClusterState& state, UsageCache* usage,
                           const Foreseen* foreseen = nullptr);

}  // namespace reconcile
