#pragma once

#include <cstdint>
#include <string>

namespace reconcile {

// A store's history: begun when a database is made, restored or rebuilt. Revisions and epochs of
// one say nothing about those of another.
struct LineageClaim {
  std::string cluster_id;
  std::string lineage;
  int64_t began_at_ms = 0;  // wall time
};

// What the cluster's CA signs for a claim; nothing else that it signs looks like it. PURE.
std::string LineageText(const LineageClaim& claim);

}  // namespace reconcile
