#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/scheduler/affinity_rules.h"
#include "reconciler/scheduler/scheduler.h"
#include "reconciler/scheduler/spread_rules.h"
#include "reconciler/scheduler/usage_cache.h"

namespace reconcile {

// Places pods one after the other. Pods that ask for the same share what filters and scores say of
// the nodes; a placement changes that for one node.
class Placer {
 public:
  // `foreseen` may be null; both must outlive it.
  explicit Placer(UsageCache* usage, const Foreseen* foreseen = nullptr);

  // Without a node when none takes the pod.
  Binding Place(const std::shared_ptr<const Pod>& pod);
  // Says of a pod that no node takes why, node by node.
  void Explain(Binding* binding);

 private:
  // What a pod asks for, and how each node stands to it.
  struct Ask {
    std::vector<int32_t> scores;     // by node: LeastAllocatedScore; kRefused when a filter refuses
    std::vector<int32_t> preferred;  // by node: PreferredWeight; empty when nothing is preferred
    std::vector<int32_t> avoided;    // by node: AvoidedTaints; empty when nothing is avoided
    size_t feasible = 0;
    size_t seen = 0;  // placements that are in the scores
    std::string refusal;
    std::string explanation;
  };
  // What pods that ask for the same say about where other pods are.
  struct Rules {
    bool Refuses(size_t node) const;
    std::vector<Refusal> WhyNot(size_t node) const;
    std::optional<SpreadRules> spread;
    std::optional<AffinityRules> affinity;
    size_t seen = 0;  // placements that are counted
    std::string refusal;
    std::string explanation;
  };
  // What images count for pods that use the same, by node; empty when no node has any.
  struct Images {
    std::vector<int32_t> scores;
    uint64_t version = 0;  // of what they were made from
  };
  // The nodes that are left, by all that a pod asks for.
  struct Left {
    const std::vector<int32_t>* scores;  // by node, as in Ask
    size_t feasible;
  };
  struct Choice {
    size_t node = 0;
    int siblings = 0;
  };
  struct Placement {
    std::shared_ptr<const Pod> pod;
    std::shared_ptr<const PodAffinities> affinities;
    size_t node;
  };

  // Where its manifest says, if that node admits it.
  void PlaceAsDeclared(const PodNeeds& needs, Binding* binding);
  static std::string TextOf(const PodNeeds& needs);
  static std::string TextOfRules(const PodNeeds& needs, bool has_affinity);
  Ask& AskOf(const PodNeeds& needs);
  void Judge(const PodNeeds& needs, size_t node, Ask* ask) const;
  // Null for a pod that says nothing about others, nor they about it.
  Rules* RulesOf(const PodNeeds& needs);
  Rules MakeRules(const PodNeeds& needs, bool has_affinity);
  void CatchUp(Rules* rules) const;
  Left Narrow(const Ask& ask, const Rules* rules);
  void AddPreferences(const Ask& ask);
  void AddTaints(const Ask& ask);
  void Like(const PodNeeds& needs, Ask* ask) const;
  const std::vector<int32_t>& ImageScoresOf(const PodNeeds& needs);
  void AddImages(const PodNeeds& needs);
  std::string ImagesText(const PodNeeds& needs, size_t node);
  void AddSiblings(const PodNeeds& needs, const Left& left);
  size_t BestNode(const Pod& pod) const;
  // Where a plan has it, when that node is left.
  std::optional<size_t> ForeseenNode(const Pod& pod, const Left& left) const;
  Choice Choose(const PodNeeds& needs, const Ask& ask, const Rules* rules, const Left& left);
  Binding Reserve(const PodNeeds& needs, Binding binding);
  // `said` has a refusal and an explanation.
  template <typename Said>
  void ExplainAll(const PodNeeds& needs, const Rules* rules, Said* said) const;

  UsageCache* usage_;
  const Foreseen* foreseen_;
  std::map<std::string, Ask> asks_;
  Topologies topologies_;
  std::map<std::string, Rules> rules_;
  std::map<std::vector<ImageId>, Images> images_;
  std::vector<Placement> placements_;  // in order
  std::vector<int32_t> totals_;        // of the pod that is placed, by node
  std::vector<int32_t> narrowed_;      // scores of the nodes that its rules leave
};

}  // namespace reconcile
