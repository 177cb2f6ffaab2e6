#include "reconciler/scheduler/placer.h"

#include <algorithm>
#include <set>

#include "base/ids.h"
#include "reconciler/scheduler/filters.h"
#include "reconciler/scheduler/node_affinity.h"
#include "reconciler/scheduler/scores.h"

namespace reconcile {
namespace {

constexpr size_t kMaxExplainedNodes = 20;
constexpr size_t kMaxAsks = 64;  // kept; each has a number for every node
constexpr int32_t kRefused = INT32_MIN;

std::string TextOfRefusals(const std::vector<Refusal>& refusals) {
  std::string text;
  for (const Refusal& refusal : refusals) text += (text.empty() ? "" : ", ") + refusal.text;
  return text;
}

std::string ExplainChoice(const PodNeeds& needs, size_t feasible, size_t nodes, int siblings,
                          int64_t score) {
  std::string text = std::to_string(feasible) + " of " + std::to_string(nodes) + " nodes fit";
  if (!needs.siblings.empty()) {
    text += ", " + std::to_string(siblings) + (siblings == 1 ? " sibling" : " siblings") + " there";
  }
  return text + ", " + std::to_string((score + 50) / 100) + "% free after it";
}

int32_t SpreadPart(int siblings, int fewest) {
  return static_cast<int32_t>(kSpreadWeight * SpreadScore(siblings, fewest));
}

}  // namespace

Placer::Placer(UsageCache* usage) : usage_(usage), totals_(usage->nodes().size()) {}

// The same for pods that filters and scores cannot tell apart, but for their siblings.
std::string Placer::TextOf(const PodNeeds& needs) {
  const Pod& pod = *needs.pod;
  std::string text;
  for (const auto& [resource, quantity] : RequestsOf(pod.spec)) {
    text += resource + '=' + quantity.ToString() + '\n';
  }
  for (const auto& [label, value] : pod.spec.node_selector) text += label + ':' + value + '\n';
  for (const HostPortClaim& claim : needs.host_ports) {
    text += std::string(ToString(claim.protocol)) + ' ' + std::to_string(claim.port) + ' ' +
            claim.address + '\n';
  }
  return text + NodeAffinityText(pod.spec) + '\n';
}

Placer::Ask& Placer::AskOf(const PodNeeds& needs) {
  const std::string text = TextOf(needs) + std::to_string(needs.scored_cpu_milli) + '/' +
                           std::to_string(needs.scored_memory_bytes);
  auto found = asks_.find(text);
  if (found == asks_.end()) {
    if (asks_.size() >= kMaxAsks) asks_.clear();
    found = asks_.emplace(text, Ask()).first;
    found->second.scores.assign(usage_->nodes().size(), kRefused);
    for (size_t i = 0; i < usage_->nodes().size(); ++i) Judge(needs, i, &found->second);
    if (needs.node_affinity && !needs.node_affinity->preferred.empty()) {
      for (const NodeUsage& node : usage_->nodes()) {
        found->second.preferred.push_back(static_cast<int32_t>(PreferredWeight(needs, node)));
      }
    }
    found->second.seen = placements_.size();
  }
  Ask& ask = found->second;
  for (; ask.seen < placements_.size(); ++ask.seen) Judge(needs, placements_[ask.seen], &ask);
  return ask;
}

void Placer::Judge(const PodNeeds& needs, size_t node, Ask* ask) const {
  const NodeUsage& usage = usage_->nodes()[node];
  int32_t& score = ask->scores[node];
  if (score != kRefused) --ask->feasible;
  score = kRefused;
  if (!WhyNot(needs, usage).empty()) return;
  score = static_cast<int32_t>(kLeastAllocatedWeight * LeastAllocatedScore(needs, usage));
  ++ask->feasible;
}

// Adds to the totals of the nodes that can take the pod.
void Placer::AddPreferences(const Ask& ask) {
  int32_t highest = 0;
  for (size_t i = 0; i < ask.preferred.size(); ++i) {
    if (ask.scores[i] != kRefused) highest = std::max(highest, ask.preferred[i]);
  }
  if (highest == 0) return;
  for (size_t i = 0; i < ask.preferred.size(); ++i) {
    if (ask.scores[i] == kRefused) continue;
    totals_[i] +=
        static_cast<int32_t>(kNodeAffinityWeight * NodeAffinityScore(ask.preferred[i], highest));
  }
}

// Of the nodes that can take the pod, the one with the highest score; ties by hash(pod uid, node).
Placer::Choice Placer::Choose(const PodNeeds& needs, const Ask& ask) {
  const std::map<size_t, int>& siblings = usage_->SiblingsOf(needs.siblings);
  size_t feasible_siblings = 0;
  int fewest = INT32_MAX;
  for (const auto& [node, count] : siblings) {
    if (ask.scores[node] == kRefused) continue;
    ++feasible_siblings;
    fewest = std::min(fewest, count);
  }
  if (feasible_siblings < ask.feasible) fewest = 0;
  const int32_t without = SpreadPart(0, fewest);
  for (size_t i = 0; i < totals_.size(); ++i) {
    totals_[i] = ask.scores[i] == kRefused ? kRefused : ask.scores[i] + without;
  }
  for (const auto& [node, count] : siblings) {
    if (ask.scores[node] != kRefused) {
      totals_[node] = ask.scores[node] + SpreadPart(count, fewest);
    }
  }
  AddPreferences(ask);
  const int32_t best = *std::max_element(totals_.begin(), totals_.end());
  const uint64_t hash = Fnv1a64(needs.pod->metadata.uid + "/");
  Choice choice{.node = totals_.size()};
  uint64_t best_tie = 0;
  for (size_t i = 0; i < totals_.size(); ++i) {
    if (totals_[i] != best) continue;
    const uint64_t tie = Fnv1a64(usage_->nodes()[i].node->metadata.name, hash);
    if (choice.node != totals_.size() && tie <= best_tie) continue;
    best_tie = tie;
    choice.node = i;
  }
  const auto here = siblings.find(choice.node);
  choice.siblings = here == siblings.end() ? 0 : here->second;
  return choice;
}

Binding Placer::Place(const std::shared_ptr<const Pod>& pod) {
  Binding binding{.pod = pod, .node = {}, .explanation = {}, .refusal = {}};
  const PodNeeds needs = PendingNeedsOf(*pod);
  const Ask& ask = AskOf(needs);
  if (ask.feasible == 0) return binding;
  const Choice choice = Choose(needs, ask);
  const std::vector<NodeUsage>& nodes = usage_->nodes();
  binding.node = nodes[choice.node].node->metadata.name;
  binding.explanation = ExplainChoice(needs, ask.feasible, nodes.size(), choice.siblings,
                                      LeastAllocatedScore(needs, nodes[choice.node]));
  if (!ask.preferred.empty()) {
    binding.explanation +=
        ", preferred node affinity of weight " + std::to_string(ask.preferred[choice.node]);
  }
  usage_->Place(choice.node, needs);
  placements_.push_back(choice.node);
  return binding;
}

void Placer::Explain(Binding* binding) {
  if (usage_->nodes().empty()) {
    binding->refusal = "no node has registered yet";
    binding->explanation = "0/0 nodes are available: " + binding->refusal;
    return;
  }
  const PodNeeds needs = PendingNeedsOf(*binding->pod);
  Ask& ask = AskOf(needs);
  if (ask.explanation.empty()) ExplainAll(needs, &ask);
  binding->refusal = ask.refusal;
  binding->explanation = ask.explanation;
}

void Placer::ExplainAll(const PodNeeds& needs, Ask* ask) const {
  const std::vector<NodeUsage>& nodes = usage_->nodes();
  std::set<std::string> kinds;
  std::string text;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const std::vector<Refusal> refusals = WhyNot(needs, nodes[i]);
    for (const Refusal& refusal : refusals) kinds.insert(refusal.kind);
    if (i >= kMaxExplainedNodes) continue;
    text += (i > 0 ? "; " : "") + nodes[i].node->metadata.name + ": " + TextOfRefusals(refusals);
  }
  if (nodes.size() > kMaxExplainedNodes) {
    text += "; and " + std::to_string(nodes.size() - kMaxExplainedNodes) + " more";
  }
  ask->explanation = "0/" + std::to_string(nodes.size()) + " nodes are available: " + text;
  ask->refusal.clear();
  for (const std::string& kind : kinds) {
    ask->refusal += (ask->refusal.empty() ? "no node takes it: " : ", ") + kind;
  }
}

}  // namespace reconcile
