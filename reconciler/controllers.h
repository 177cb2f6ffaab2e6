#pragma once

#include <vector>

#include "reconciler/scheduler/scheduler.h"
#include "reconciler/turn.h"

namespace reconcile {

// The kinds' controllers. Each makes one pass over its objects and writes what is due; the turn
// repeats them until none has anything to write. Callers rely on: no write when nothing is due.

void SyncReplicaSets(Turn* turn);
void SyncReplicationControllers(Turn* turn);
void SyncDeployments(Turn* turn);

// Gives Services their addresses and ports, and keeps the EndpointSlices of each.
void SyncServices(Turn* turn);

// The namespaces that always exist, the label that each carries, and the content of those that are
// going (SEMANTICS 22.1).
void SyncNamespaces(Turn* turn);
inline constexpr std::string_view kBuiltInNamespaces[] = {"default", "kube-public", "kube-system"};
bool IsBuiltInNamespace(std::string_view name);

// Of those that no manifest declares, as upstream's pod garbage collector has it.
inline constexpr size_t kMaxEndedPods = 12'500;

// Background deletion: objects none of whose owners exist go, dangling references of the others are
// dropped (SEMANTICS 22.3). Pods of nodes that are not in the model go too, and, when everything is
// looked at, the oldest of those that have ended and that no manifest declares (8.11).
void CollectGarbage(Turn* turn);

// Takes pods away from nodes that are silent or have NoExecute taints (SEMANTICS 19.9, 23;
// reconciler/eviction.h), and from those that are drained (reconciler/drain.h).
void SyncNodes(Turn* turn);

// Keeps the status of PodDisruptionBudgets (SEMANTICS 20.3; reconciler/disruption.h).
void SyncDisruptionBudgets(Turn* turn);

// Binds pending pods; returns those that fit nowhere.
std::vector<Binding> SchedulePods(Turn* turn);
// Has pods of lower priority go where that makes room for these (SEMANTICS 20.2).
void MakeRoom(Turn* turn, std::vector<Binding>* unplaced);
// Says on each pod that fits nowhere why, once for each change of it. For the end of a turn: what
// is bound in between changes the reasons.
void ExplainUnplaced(Turn* turn, const std::vector<Binding>& unplaced);

}  // namespace reconcile
