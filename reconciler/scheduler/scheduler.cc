#include "reconciler/scheduler/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "reconciler/scheduler/filters.h"
#include "reconciler/scheduler/node_usage.h"
#include "reconciler/scheduler/scores.h"

namespace reconcile {
namespace {

constexpr size_t kMaxExplainedNodes = 20;

struct Choice {
  NodeUsage* node = nullptr;
  size_t feasible = 0;
  int siblings = 0;
};

bool OlderFirst(const std::shared_ptr<const Pod>& a, const std::shared_ptr<const Pod>& b) {
  const auto created = [](const Pod& pod) {
    return pod.metadata.creation_timestamp.value_or(WallTime());
  };
  if (created(*a) != created(*b)) return created(*a) < created(*b);
  return a->metadata.uid < b->metadata.uid;
}

std::string Explain(const std::vector<std::pair<const NodeUsage*, std::string>>& refusals) {
  if (refusals.empty()) return "0/0 nodes are available: no node has registered yet";
  std::string text = "0/" + std::to_string(refusals.size()) + " nodes are available: ";
  for (size_t i = 0; i < refusals.size() && i < kMaxExplainedNodes; ++i) {
    if (i > 0) text += "; ";
    text += refusals[i].first->node->metadata.name + ": " + refusals[i].second;
  }
  if (refusals.size() > kMaxExplainedNodes) {
    text += "; and " + std::to_string(refusals.size() - kMaxExplainedNodes) + " more";
  }
  return text;
}

std::string Explain(const Choice& choice, const PodNeeds& needs, size_t nodes) {
  std::string text =
      std::to_string(choice.feasible) + " of " + std::to_string(nodes) + " nodes fit";
  if (!needs.siblings.empty()) {
    text += ", " + std::to_string(choice.siblings) +
            (choice.siblings == 1 ? " sibling" : " siblings") + " there";
  }
  const auto percent = [](int64_t score) { return std::to_string((score + 50) / 100) + "%"; };
  return text + ", " + percent(LeastAllocatedScore(needs, *choice.node)) + " free after it";
}

// Of the nodes that can take the pod, the one with the highest score; ties by hash(pod uid, node).
Choice Choose(const PodNeeds& needs, const std::vector<NodeUsage*>& feasible) {
  Choice choice;
  choice.feasible = feasible.size();
  int fewest = feasible.front()->SiblingsOf(needs);
  for (const NodeUsage* node : feasible) fewest = std::min(fewest, node->SiblingsOf(needs));
  int64_t best_score = -1;
  uint64_t best_tie = 0;
  for (NodeUsage* node : feasible) {
    const int siblings = node->SiblingsOf(needs);
    const int64_t score = kLeastAllocatedWeight * LeastAllocatedScore(needs, *node) +
                          kSpreadWeight * SpreadScore(siblings, fewest);
    if (score < best_score) continue;
    const uint64_t tie = Fnv1a64(needs.pod->metadata.uid + "/" + node->node->metadata.name);
    if (score == best_score && tie <= best_tie) continue;
    best_score = score;
    best_tie = tie;
    choice.node = node;
    choice.siblings = siblings;
  }
  return choice;
}

Binding PlaceOne(const std::shared_ptr<const Pod>& pod, std::vector<NodeUsage>* nodes) {
  const PodNeeds needs = NeedsOf(*pod);
  std::vector<NodeUsage*> feasible;
  std::vector<std::pair<const NodeUsage*, std::string>> refusals;
  for (NodeUsage& node : *nodes) {
    std::string why = WhyNot(needs, node);
    if (why.empty()) {
      feasible.push_back(&node);
    } else if (feasible.empty()) {
      refusals.emplace_back(&node, std::move(why));
    }
  }
  if (feasible.empty()) return {pod, "", Explain(refusals)};
  const Choice choice = Choose(needs, feasible);
  Binding binding{pod, choice.node->node->metadata.name, Explain(choice, needs, nodes->size())};
  choice.node->Add(needs);
  return binding;
}

}  // namespace

std::vector<Binding> Place(const std::vector<std::shared_ptr<const Pod>>& pending,
                           const ClusterState& state) {
  std::vector<Binding> bindings;
  if (pending.empty()) return bindings;
  std::vector<std::shared_ptr<const Pod>> ordered = pending;
  std::sort(ordered.begin(), ordered.end(), OlderFirst);
  std::vector<NodeUsage> nodes = UsageOf(state);
  bindings.reserve(ordered.size());
  for (const auto& pod : ordered) bindings.push_back(PlaceOne(pod, &nodes));
  return bindings;
}

}  // namespace reconcile
