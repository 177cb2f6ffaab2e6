#pragma once

#include <map>
#include <string>

#include "schema/cluster_state.h"

namespace reconcile {

// Finds the topmost owner of a pod: the Deployment of its ReplicaSet, its ReplicationController, or
// itself. Refers to the state, which must outlive it.
class Owners {
 public:
  explicit Owners(const ClusterState& state);
  // `object` itself when nobody controls it; an owner that is not in the state ends the way there.
  ObjectPtr TopOf(const ObjectPtr& object) const;

 private:
  std::map<std::string, ObjectPtr> controllers_;  // by uid
};

}  // namespace reconcile
