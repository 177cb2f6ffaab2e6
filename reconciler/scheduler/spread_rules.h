#pragma once

#include "reconciler/scheduler/filters.h"
#include "reconciler/scheduler/topology.h"
#include "schema/topology_spread.h"

namespace reconcile {

inline constexpr int64_t kTopologySpreadWeight = 2;

// The topologySpreadConstraints of pods that say the same (SEMANTICS 19.8), and how many pods they
// count in each domain. Refers to `nodes` and `topologies`, which must outlive it. A revoked node
// is no host of the cluster and is left out. Source: kube-scheduler's plugin podtopologyspread; the
// logarithm in its score is of whole numbers here.
class SpreadRules {
 public:
  // No pods are counted yet.
  SpreadRules(const PodNeeds& needs, const std::vector<NodeUsage>& nodes, Topologies* topologies);

  // Counts an active pod on the node with this number, when it is one of those that are meant.
  void Count(const Pod& pod, size_t node);
  // Counts those of `state`; `numbers` are the nodes'.
  void CountBound(const ClusterState& state,
                  const std::unordered_map<std::string, size_t>& numbers);

  // Reckons with what was counted since. To be called before what follows.
  void Prepare();
  // The filter, of the constraints that must hold; Refuses is WhyNot without words.
  bool Refuses(size_t node) const;
  std::vector<Refusal> WhyNot(size_t node) const;
  bool has_preferences() const { return has_preferences_; }
  // Adds the score, of the constraints that are preferred, to `totals`, by node: full where the
  // fewest pods are, in proportion for the others. Nodes whose total is negative are passed over:
  // they cannot take the pod.
  void AddScores(std::vector<int32_t>* totals) const;

 private:
  struct Counted {
    TopologySpread spread;
    const Topology* topology = nullptr;
    std::vector<bool> included;  // by node: its pods are counted
    std::vector<int32_t> pods;   // by domain
    std::vector<bool> reckoned;  // by domain: it has a node that is included
    int64_t domains = 0;         // that are reckoned with
    int64_t self = 0;            // 1: the pod counts itself
    int64_t fewest = 0;          // pods in a domain
  };
  void Include(const PodNeeds& needs, Counted* counted) const;
  void CountOne(size_t node, Counted* counted) const;
  // More pods than the domain may have, by how many; not positive when it is well.
  static int64_t Excess(const Counted& counted, int32_t domain);
  int64_t Crowd(size_t node) const;

  const std::vector<NodeUsage>& nodes_;
  std::string namespace_name_;
  std::vector<Counted> constraints_;
  bool has_preferences_ = false;
};

}  // namespace reconcile
