#pragma once

#include <string>
#include <vector>

#include "agent/use_counters.h"
#include "link/usage.h"

namespace reconcile {

// Whose a counted container is.
struct ContainerOwner {
  std::string id;
  std::string pod_uid;
  std::string name;
  bool is_sandbox = false;  // what it uses itself is not told; its network is the pod's
};

// PURE: what was used between two looks. A container that the first look did not see is told from
// the next one on.
UsageReport UsageBetween(const UseCounters& before, const UseCounters& after,
                         const std::vector<ContainerOwner>& owners);

}  // namespace reconcile
