#pragma once

#include <set>

#include "reconciler/scheduler/filters.h"
#include "reconciler/scheduler/topology.h"
#include "reconciler/scheduler/usage_cache.h"
#include "schema/pod_affinity.h"

namespace reconcile {

inline constexpr int64_t kPodAffinityWeight = 2;

// Which pods a pod is to be near to or away from, by what it says and by what others say of it
// (SEMANTICS 19.7), for pods that say the same and have the same labels; with the pods that are
// meant, counted by domain. Refers to `usage` and `topologies`, which must outlive it. Source:
// kube-scheduler's plugin interpodaffinity.
class AffinityRules {
 public:
  // For what the pod says, counts the pods that were bound at the last Update of `usage`; for what
  // others say, those that were placed since as well.
  AffinityRules(const PodNeeds& needs, const UsageCache& usage, Topologies* topologies);

  // Counts a pod that was placed on the node with this number: for what this pod says, and for what
  // it says itself, null when nothing.
  void CountOwn(const Pod& placed, size_t node);
  void CountOthers(const PodAffinities* placed, size_t node);
  // Whether neither side says anything.
  bool IsIdle() const;

  // The filter; Refuses is WhyNot without words.
  bool Refuses(size_t node) const;
  std::vector<Refusal> WhyNot(size_t node) const;
  // Adds the score to `totals`, by node: nothing for the node that is liked least, full for the one
  // that is liked most. Nodes whose total is negative are passed over: they cannot take the pod.
  void AddScores(std::vector<int32_t>* totals) const;

 private:
  struct Counted {
    PodAffinityTerm term;
    std::set<std::string> namespaces;  // that are meant
    const Topology* topology = nullptr;
    std::vector<int32_t> pods;  // by domain
    int64_t weight = 0;         // of a preferred one; negative to keep away
  };
  struct Sum {
    const Topology* topology = nullptr;
    std::vector<int64_t> by_domain;
  };
  using Sums = std::map<std::string, Sum>;  // by the label that others name

  Counted CountedOf(const PodAffinityTerm& term, int64_t weight);
  bool Means(const Counted& counted, const Pod& pod) const;
  bool MeansThis(const PodAffinityTerm& term) const;
  bool IsNearAll(const Pod& pod) const;
  void CountNear(const Pod& pod, size_t node);
  void CountBound();
  void AddOther(const PodAffinityTerm& term, int64_t weight, size_t node, Sums* sums);
  int64_t Liking(size_t node) const;

  const UsageCache& usage_;
  Topologies* topologies_;
  std::string namespace_name_;
  StringMap labels_;
  StringMap namespace_labels_;
  std::vector<Counted> near_;
  std::vector<Counted> apart_;
  std::vector<Counted> preferred_;
  bool is_near_itself_ = false;  // the pod is one of those it is to be near to
  int64_t near_pods_ = 0;        // that it is to be near to, anywhere
  Sums kept_away_;               // pods that it must not be near to, by what they say
  Sums liked_;                   // weights of others that it is meant by
};

}  // namespace reconcile
