#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "schema/cluster_state.h"
#include "schema/core.h"

namespace reconcile {

// Whose pods come first (SEMANTICS 20.1): by PriorityClasses as they are now.
class Priorities {
 public:
  explicit Priorities(const ClusterState& state);
  // Of the class that the pod names, or of the globalDefault; of a pod that names none and was
  // given a number, that. 0 when there is no such class.
  int64_t Of(const PodSpec& spec) const;
  // What preemptionPolicy says, the pod's or else its class's.
  bool MayPreempt(const PodSpec& spec) const;

 private:
  std::map<std::string, int64_t> by_class_;
  std::set<std::string> peaceful_;  // classes whose pods push nobody out
  int64_t otherwise_ = 0;
};

}  // namespace reconcile
