#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reconciler/scheduler/scheduler.h"
#include "reconciler/scheduler/usage_cache.h"

namespace reconcile {

// Places pods one after the other. Pods that ask for the same share what filters and scores say of
// the nodes; a placement changes that for one node.
class Placer {
 public:
  explicit Placer(UsageCache* usage);

  // Without a node when none takes the pod.
  Binding Place(const std::shared_ptr<const Pod>& pod);
  // Says of a pod that no node takes why, node by node.
  void Explain(Binding* binding);

 private:
  // What a pod asks for, and how each node stands to it.
  struct Ask {
    std::vector<int32_t> scores;     // by node: LeastAllocatedScore; kRefused when a filter refuses
    std::vector<int32_t> preferred;  // by node: PreferredWeight; empty when nothing is preferred
    size_t feasible = 0;
    size_t seen = 0;  // placements that are in the scores
    std::string refusal;
    std::string explanation;
  };
  struct Choice {
    size_t node = 0;
    int siblings = 0;
  };

  static std::string TextOf(const PodNeeds& needs);
  Ask& AskOf(const PodNeeds& needs);
  void Judge(const PodNeeds& needs, size_t node, Ask* ask) const;
  void AddPreferences(const Ask& ask);
  Choice Choose(const PodNeeds& needs, const Ask& ask);
  void ExplainAll(const PodNeeds& needs, Ask* ask) const;

  UsageCache* usage_;
  std::map<std::string, Ask> asks_;
  std::vector<size_t> placements_;  // nodes, in order
  std::vector<int32_t> totals_;     // of the pod that is placed, by node
};

}  // namespace reconcile
