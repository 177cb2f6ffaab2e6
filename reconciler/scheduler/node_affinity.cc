#include "reconciler/scheduler/node_affinity.h"

#include <algorithm>

namespace reconcile {
namespace {

constexpr size_t kShownTerms = 3;

std::string WhyNone(const std::vector<NodeSelectorTerm>& terms, const Node& node) {
  std::string text;
  for (size_t i = 0; i < std::min(terms.size(), kShownTerms); ++i) {
    const NodeRequirement* unmet = FirstUnmet(terms[i], node);
    text += (i > 0 ? " or " : "") + (unmet == nullptr ? "an empty term" : ToString(*unmet));
  }
  if (terms.size() > kShownTerms) {
    text += " or " + std::to_string(terms.size() - kShownTerms) + " more terms";
  }
  return text.empty() ? "no terms" : text;
}

}  // namespace

std::vector<Refusal> NodeAffinityFilter(const PodNeeds& needs, const NodeUsage& node) {
  if (!needs.node_affinity || !needs.node_affinity->required) return {};
  const std::vector<NodeSelectorTerm>& terms = *needs.node_affinity->required;
  const auto holds = [&](const NodeSelectorTerm& term) { return Matches(term, *node.node); };
  if (std::any_of(terms.begin(), terms.end(), holds)) return {};
  return {{.kind = kNodeAffinityWords,
           .text = std::string(kNodeAffinityWords) + ": " + WhyNone(terms, *node.node)}};
}

int64_t PreferredWeight(const PodNeeds& needs, const NodeUsage& node) {
  int64_t weight = 0;
  if (!needs.node_affinity) return weight;
  for (const PreferredNodeTerm& preferred : needs.node_affinity->preferred) {
    if (Matches(preferred.term, *node.node)) weight += preferred.weight;
  }
  return weight;
}

int64_t NodeAffinityScore(int64_t weight, int64_t highest) {
  return highest <= 0 ? 0 : weight * kMaxScore / highest;
}

}  // namespace reconcile
