#pragma once

#include <functional>
#include <string>

#include "reconciler/turn.h"
#include "schema/workload.h"

namespace reconcile {

// What ReplicaSet and ReplicationController have in common: a number of equal pods.
struct ReplicaDemand {
  const Object& owner;
  int32_t replicas = 0;
  int32_t min_ready_seconds = 0;
  std::function<bool(const StringMap& labels)> matches;
  const PodTemplateSpec& pod_template;
  std::string component;  // in Events
};

struct ReplicaOutcome {
  ReplicaSetStatus status;
  int64_t incarnation = 0;  // of the owner, after the creations
};

// Adopts and releases, creates what is missing, removes what is too much, and counts (SEMANTICS 3).
// Writes pods; the outcome is the caller's to write onto the owner.
ReplicaOutcome SyncReplicas(Turn* turn, const ReplicaDemand& demand,
                            const ReplicaSetStatus& before);

}  // namespace reconcile
