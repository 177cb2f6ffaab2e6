#pragma once

#include "schema/cluster_state.h"

namespace reconcile {

// Finds the topmost owner of a pod: the Deployment of its ReplicaSet, its ReplicationController, or
// itself. Refers to the state, which must outlive it.
class Owners {
 public:
  explicit Owners(const ClusterState& state) : state_(state) {}
  // `object` itself when nobody controls it; an owner that is not in the state ends the way there.
  ObjectPtr TopOf(const ObjectPtr& object) const;

 private:
  const ClusterState& state_;
};

}  // namespace reconcile
