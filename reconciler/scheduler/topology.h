#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reconciler/scheduler/node_usage.h"

namespace reconcile {

inline constexpr int32_t kNoDomain = -1;

// Which nodes are together: those whose label has the same value.
struct Topology {
  std::vector<int32_t> domains;     // by node; kNoDomain for one without the label
  std::vector<std::string> values;  // by domain
};

// The topologies of some nodes, each made when it is first asked for.
class Topologies {
 public:
  explicit Topologies(const std::vector<NodeUsage>* nodes) : nodes_(nodes) {}
  // Valid for as long as this.
  const Topology& By(const std::string& key);

 private:
  const std::vector<NodeUsage>* nodes_;
  std::map<std::string, Topology> by_key_;
};

}  // namespace reconcile
