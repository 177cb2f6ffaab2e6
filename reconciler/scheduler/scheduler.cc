#include "reconciler/scheduler/scheduler.h"

#include <algorithm>
#include <set>
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

bool OlderPodFirst(const std::shared_ptr<const Pod>& a, const std::shared_ptr<const Pod>& b) {
  const auto created = [](const Pod& pod) {
    return pod.metadata.creation_timestamp.value_or(WallTime());
  };
  if (created(*a) != created(*b)) return created(*a) < created(*b);
  return a->metadata.uid < b->metadata.uid;
}

std::string TextOf(const std::vector<Refusal>& refusals) {
  std::string text;
  for (const Refusal& refusal : refusals) text += (text.empty() ? "" : ", ") + refusal.text;
  return text;
}

// Says of a pod that no node takes why, node by node.
void ExplainRefusal(const std::vector<NodeUsage>& nodes, Binding* binding) {
  if (nodes.empty()) {
    binding->refusal = "no node has registered yet";
    binding->explanation = "0/0 nodes are available: " + binding->refusal;
    return;
  }
  const PodNeeds needs = NeedsOf(*binding->pod);
  std::set<std::string> kinds;
  std::string text;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const std::vector<Refusal> refusals = WhyNot(needs, nodes[i]);
    for (const Refusal& refusal : refusals) kinds.insert(refusal.kind);
    if (i >= kMaxExplainedNodes) continue;
    text += (i > 0 ? "; " : "") + nodes[i].node->metadata.name + ": " + TextOf(refusals);
  }
  if (nodes.size() > kMaxExplainedNodes) {
    text += "; and " + std::to_string(nodes.size() - kMaxExplainedNodes) + " more";
  }
  binding->explanation =
      "0/" + std::to_string(nodes.size()) + " nodes are available: " + std::move(text);
  for (const std::string& kind : kinds) {
    binding->refusal += (binding->refusal.empty() ? "no node takes it: " : ", ") + kind;
  }
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
  for (NodeUsage& node : *nodes) {
    if (WhyNot(needs, node).empty()) feasible.push_back(&node);
  }
  if (feasible.empty()) return {.pod = pod, .node = {}, .explanation = {}, .refusal = {}};
  const Choice choice = Choose(needs, feasible);
  Binding binding{.pod = pod,
                  .node = choice.node->node->metadata.name,
                  .explanation = Explain(choice, needs, nodes->size()),
                  .refusal = {}};
  choice.node->Add(needs);
  return binding;
}

}  // namespace

std::vector<Binding> Place(const std::vector<std::shared_ptr<const Pod>>& pending,
                           const ClusterState& state) {
  std::vector<Binding> bindings;
  if (pending.empty()) return bindings;
  std::vector<std::shared_ptr<const Pod>> ordered = pending;
  std::sort(ordered.begin(), ordered.end(), OlderPodFirst);
  std::vector<NodeUsage> nodes = UsageOf(state);
  bindings.reserve(ordered.size());
  for (const auto& pod : ordered) bindings.push_back(PlaceOne(pod, &nodes));
  for (Binding& binding : bindings) {
    if (binding.node.empty()) ExplainRefusal(nodes, &binding);
  }
  return bindings;
}

}  // namespace reconcile
