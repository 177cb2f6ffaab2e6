#include "reconciler/scheduler/topology.h"

#include <unordered_map>

namespace reconcile {

const Topology& Topologies::By(const std::string& key) {
  const auto [found, is_new] = by_key_.try_emplace(key);
  Topology& topology = found->second;
  if (!is_new) return topology;
  std::unordered_map<std::string, int32_t> numbers;
  topology.domains.reserve(nodes_->size());
  for (const NodeUsage& node : *nodes_) {
    const auto label = node.node->metadata.labels.find(key);
    if (label == node.node->metadata.labels.end()) {
      topology.domains.push_back(kNoDomain);
      continue;
    }
    const auto next = static_cast<int32_t>(topology.values.size());
    const auto number = numbers.try_emplace(label->second, next);
    if (number.second) topology.values.push_back(label->second);
    topology.domains.push_back(number.first->second);
  }
  return topology;
}

}  // namespace reconcile
