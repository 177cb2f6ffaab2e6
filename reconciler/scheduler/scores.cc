#include "reconciler/scheduler/scores.h"

#include <algorithm>

namespace reconcile {
namespace {

int64_t FreeShare(int64_t allocatable, int64_t used) {
  if (allocatable <= 0 || used >= allocatable) return 0;
  // Halved until the product fits: the share of hosts beyond 9e14 needs no more digits.
  while (allocatable > INT64_MAX / kMaxScore) {
    allocatable /= 2;
    used /= 2;
  }
  return (allocatable - used) * kMaxScore / allocatable;
}

int64_t AllocatableMilli(const NodeUsage& node, const char* resource) {
  const auto found = node.allocatable_milli.find(resource);
  return found == node.allocatable_milli.end() ? 0 : found->second;
}

}  // namespace

int64_t LeastAllocatedScore(const PodNeeds& needs, const NodeUsage& node) {
  const int64_t cpu =
      FreeShare(AllocatableMilli(node, "cpu"), node.scored_cpu_milli + needs.scored_cpu_milli);
  const int64_t memory = FreeShare(AllocatableMilli(node, "memory") / 1000,
                                   node.scored_memory_bytes + needs.scored_memory_bytes);
  return (cpu + memory) / 2;
}

int64_t SpreadScore(int siblings_here, int fewest_siblings) {
  const int64_t more = siblings_here - fewest_siblings;
  return std::max<int64_t>(0, kMaxScore - more * (kMaxScore / 2));
}

}  // namespace reconcile
