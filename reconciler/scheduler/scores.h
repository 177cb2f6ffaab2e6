#pragma once

#include <cstdint>

#include "reconciler/scheduler/node_usage.h"

namespace reconcile {

// Scores are points times 100 (two decimals without floating point), 0 to 10,000.
inline constexpr int64_t kMaxScore = 10'000;
inline constexpr int64_t kLeastAllocatedWeight = 1;
inline constexpr int64_t kSpreadWeight = 2;

// Mean over cpu and memory of the free share, the pod counted in (SEMANTICS 19.3).
int64_t LeastAllocatedScore(const PodNeeds& needs, const NodeUsage& node);

// Full for the nodes with the fewest siblings, half with one more, nothing beyond. By its weight
// one sibling more outweighs any difference in allocation: replicas go over the hosts evenly.
int64_t SpreadScore(int siblings_here, int fewest_siblings);

}  // namespace reconcile
