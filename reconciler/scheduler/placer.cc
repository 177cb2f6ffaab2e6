#include "reconciler/scheduler/placer.h"

#include <algorithm>
#include <set>

#include "base/ids.h"
#include "reconciler/scheduler/declared_node.h"
#include "reconciler/scheduler/filters.h"
#include "reconciler/scheduler/node_affinity.h"
#include "reconciler/scheduler/scores.h"
#include "reconciler/scheduler/taints.h"
#include "schema/selector_text.h"

namespace reconcile {
namespace {

constexpr size_t kMaxExplainedNodes = 20;
constexpr size_t kMaxAsks = 64;     // kept; each has a number for every node
constexpr size_t kMaxRules = 1024;  // kept; each has a number for every node and constraint
constexpr size_t kMaxImages = 64;   // kept; each has a number for every node
constexpr int32_t kRefused = INT32_MIN;
// Of a node that a placement after this pod's made fit: the next call places it.
constexpr const char* kTakesItNow = "fits since other pods were placed";

std::string TextOfRefusals(const std::vector<Refusal>& refusals) {
  std::string text;
  for (const Refusal& refusal : refusals) text += (text.empty() ? "" : ", ") + refusal.text;
  return text;
}

// As kube-scheduler orders them (FitError.Error): as texts, the count first.
std::string CountsText(const std::map<std::string, int>& nodes_by_kind) {
  std::set<std::string> counts;
  for (const auto& [kind, count] : nodes_by_kind) {
    counts.insert(std::to_string(count) + " " + kind);
  }
  std::string text;
  for (const std::string& each : counts) text += (text.empty() ? "" : ", ") + each;
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

Placer::Placer(UsageCache* usage, const Foreseen* foreseen)
    : usage_(usage),
      foreseen_(foreseen),
      topologies_(&usage->nodes()),
      totals_(usage->nodes().size()) {}

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
  if (needs.is_best_effort) text += "best effort\n";
  return text + NodeAffinityText(pod.spec) + '\n' + TolerationsText(pod.spec) + '\n';
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
    Like(needs, &found->second);
    found->second.seen = placements_.size();
  }
  Ask& ask = found->second;
  for (; ask.seen < placements_.size(); ++ask.seen) Judge(needs, placements_[ask.seen].node, &ask);
  return ask;
}

// What placements do not change.
void Placer::Like(const PodNeeds& needs, Ask* ask) const {
  const bool has_preferences = needs.node_affinity && !needs.node_affinity->preferred.empty();
  bool avoids = false;
  for (const NodeUsage& node : usage_->nodes()) {
    if (has_preferences) {
      ask->preferred.push_back(static_cast<int32_t>(PreferredWeight(needs, node)));
    }
    ask->avoided.push_back(static_cast<int32_t>(AvoidedTaints(needs, node)));
    avoids = avoids || ask->avoided.back() > 0;
  }
  if (!avoids) ask->avoided.clear();
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

bool Placer::Rules::Refuses(size_t node) const {
  return (spread && spread->Refuses(node)) || (affinity && affinity->Refuses(node));
}

std::vector<Refusal> Placer::Rules::WhyNot(size_t node) const {
  std::vector<Refusal> refusals;
  if (spread) refusals = spread->WhyNot(node);
  if (refusals.empty() && affinity) refusals = affinity->WhyNot(node);
  return refusals;
}

// The same for pods whose rules are the same and that those of others cannot tell apart.
std::string Placer::TextOfRules(const PodNeeds& needs, bool has_affinity) {
  const Pod& pod = *needs.pod;
  std::string text =
      pod.metadata.namespace_name + '\n' + TextOf(needs) + TopologySpreadText(pod.spec);
  for (const TopologySpread& spread : needs.spreads) {
    const bool counts = spread.selector.has_value();
    const bool counts_itself = counts && Matches(*spread.selector, pod.metadata.labels);
    text += counts_itself ? "\nself " : "\n";
    if (counts) text += FormatLabelSelector(*spread.selector);
  }
  if (!has_affinity) return text;
  for (const auto& [key, value] : pod.metadata.labels) text += '\n' + key + '=' + value;
  return text + '\n' + PodAffinitiesText(pod.spec);
}

Placer::Rules Placer::MakeRules(const PodNeeds& needs, bool has_affinity) {
  Rules rules;
  if (!needs.spreads.empty()) {
    rules.spread.emplace(needs, usage_->nodes(), &topologies_);
    rules.spread->CountBound(usage_->state(), usage_->numbers());
    for (const Placement& each : placements_) rules.spread->Count(*each.pod, each.node);
  }
  if (has_affinity) {
    rules.affinity.emplace(needs, *usage_, &topologies_);
    for (const Placement& each : placements_) rules.affinity->CountOwn(*each.pod, each.node);
  }
  rules.seen = placements_.size();
  return rules;
}

void Placer::CatchUp(Rules* rules) const {
  for (; rules->seen < placements_.size(); ++rules->seen) {
    const Placement& placement = placements_[rules->seen];
    if (rules->spread) rules->spread->Count(*placement.pod, placement.node);
    if (!rules->affinity) continue;
    rules->affinity->CountOwn(*placement.pod, placement.node);
    rules->affinity->CountOthers(placement.affinities.get(), placement.node);
  }
  if (rules->spread) rules->spread->Prepare();
}

Placer::Rules* Placer::RulesOf(const PodNeeds& needs) {
  const bool has_affinity = needs.affinities != nullptr || !usage_->affine_nodes().empty();
  if (needs.spreads.empty() && !has_affinity) return nullptr;
  const std::string text = TextOfRules(needs, has_affinity);
  auto found = rules_.find(text);
  if (found == rules_.end()) {
    if (rules_.size() >= kMaxRules) rules_.clear();
    found = rules_.emplace(text, MakeRules(needs, has_affinity)).first;
  }
  Rules& rules = found->second;
  CatchUp(&rules);
  return !rules.spread && rules.affinity->IsIdle() ? nullptr : &rules;
}

// Takes the nodes out that the rules refuse.
Placer::Left Placer::Narrow(const Ask& ask, const Rules* rules) {
  if (rules == nullptr) return {&ask.scores, ask.feasible};
  size_t feasible = 0;
  narrowed_ = ask.scores;
  for (size_t i = 0; i < narrowed_.size(); ++i) {
    if (narrowed_[i] == kRefused) continue;
    if (rules->Refuses(i)) {
      narrowed_[i] = kRefused;
    } else {
      ++feasible;
    }
  }
  return {&narrowed_, feasible};
}

// These add to the totals of the nodes that can take the pod.
void Placer::AddPreferences(const Ask& ask) {
  int32_t highest = 0;
  for (size_t i = 0; i < ask.preferred.size(); ++i) {
    if (totals_[i] != kRefused) highest = std::max(highest, ask.preferred[i]);
  }
  if (highest == 0) return;
  for (size_t i = 0; i < ask.preferred.size(); ++i) {
    if (totals_[i] == kRefused) continue;
    totals_[i] +=
        static_cast<int32_t>(kNodeAffinityWeight * NodeAffinityScore(ask.preferred[i], highest));
  }
}

void Placer::AddTaints(const Ask& ask) {
  int32_t most = 0;
  for (size_t i = 0; i < ask.avoided.size(); ++i) {
    if (totals_[i] != kRefused) most = std::max(most, ask.avoided[i]);
  }
  if (most == 0) return;
  for (size_t i = 0; i < ask.avoided.size(); ++i) {
    if (totals_[i] == kRefused) continue;
    totals_[i] += static_cast<int32_t>(kTaintWeight * TaintScore(ask.avoided[i], most));
  }
}

const std::vector<int32_t>& Placer::ImageScoresOf(const PodNeeds& needs) {
  const ImagePlaces& places = usage_->images();
  const uint64_t version = places.VersionOf(needs.images);
  auto found = images_.find(needs.images);
  if (found == images_.end()) {
    if (images_.size() >= kMaxImages) images_.clear();
    found = images_.emplace(needs.images, Images()).first;
  } else if (found->second.version == version) {
    return found->second.scores;
  }
  found->second = {places.Scores(needs.images, usage_->nodes().size()), version};
  return found->second.scores;
}

void Placer::AddImages(const PodNeeds& needs) {
  const std::vector<int32_t>& scores = ImageScoresOf(needs);
  for (size_t i = 0; i < scores.size(); ++i) {
    if (totals_[i] != kRefused) {
      totals_[i] += static_cast<int32_t>(kImageLocalityWeight * scores[i]);
    }
  }
}

// Nothing when they played no part.
std::string Placer::ImagesText(const PodNeeds& needs, size_t node) {
  const std::vector<int32_t>& scores = ImageScoresOf(needs);
  if (scores.empty() || scores[node] == 0) return "";
  return ", has " + std::to_string(usage_->images().CountOn(node, needs.images)) + " of " +
         std::to_string(needs.images.size()) + " images (" +
         std::to_string((scores[node] + 50) / 100) + " of 100 for them)";
}

void Placer::AddSiblings(const PodNeeds& needs, const Left& left) {
  const std::map<size_t, int>& siblings = usage_->SiblingsOf(needs.siblings);
  const std::vector<int32_t>& scores = *left.scores;
  size_t feasible_siblings = 0;
  int fewest = INT32_MAX;
  for (const auto& [node, count] : siblings) {
    if (scores[node] == kRefused) continue;
    ++feasible_siblings;
    fewest = std::min(fewest, count);
  }
  if (feasible_siblings < left.feasible) fewest = 0;
  const int32_t without = SpreadPart(0, fewest);
  for (size_t i = 0; i < totals_.size(); ++i) {
    totals_[i] = scores[i] == kRefused ? kRefused : scores[i] + without;
  }
  for (const auto& [node, count] : siblings) {
    if (scores[node] != kRefused) totals_[node] = scores[node] + SpreadPart(count, fewest);
  }
}

// The node with the highest total; ties by hash(pod uid, node).
size_t Placer::BestNode(const Pod& pod) const {
  const int32_t best = *std::max_element(totals_.begin(), totals_.end());
  const uint64_t hash = Fnv1a64(pod.metadata.uid + "/");
  size_t chosen = totals_.size();
  uint64_t best_tie = 0;
  for (size_t i = 0; i < totals_.size(); ++i) {
    if (totals_[i] != best) continue;
    const uint64_t tie = Fnv1a64(usage_->nodes()[i].node->metadata.name, hash);
    if (chosen != totals_.size() && tie <= best_tie) continue;
    best_tie = tie;
    chosen = i;
  }
  return chosen;
}

std::optional<size_t> Placer::ForeseenNode(const Pod& pod, const Left& left) const {
  if (foreseen_ == nullptr) return std::nullopt;
  const auto foreseen = foreseen_->find(pod.key());
  if (foreseen == foreseen_->end()) return std::nullopt;
  const auto node = usage_->numbers().find(foreseen->second);
  if (node == usage_->numbers().end()) return std::nullopt;
  const bool is_left = (*left.scores)[node->second] != kRefused;
  return is_left ? std::optional(node->second) : std::nullopt;
}

Placer::Choice Placer::Choose(const PodNeeds& needs, const Ask& ask, const Rules* rules,
                              const Left& left) {
  // What a pod says of its spread stands in the place of what is done without.
  if (rules != nullptr && rules->spread && rules->spread->has_preferences()) {
    totals_ = *left.scores;
    rules->spread->AddScores(&totals_);
  } else {
    AddSiblings(needs, left);
  }
  if (rules != nullptr && rules->affinity) rules->affinity->AddScores(&totals_);
  AddPreferences(ask);
  AddTaints(ask);
  AddImages(needs);
  Choice choice{.node = ForeseenNode(*needs.pod, left).value_or(BestNode(*needs.pod))};
  const std::map<size_t, int>& siblings = usage_->SiblingsOf(needs.siblings);
  const auto here = siblings.find(choice.node);
  choice.siblings = here == siblings.end() ? 0 : here->second;
  return choice;
}

// Room is made for the pod on a node: what comes after it, of no higher priority, does not get it.
Binding Placer::Reserve(const PodNeeds& needs, Binding binding) {
  const auto node = usage_->numbers().find(binding.pod->status.nominated_node_name);
  if (node == usage_->numbers().end()) return binding;
  usage_->Place(node->second, needs);
  placements_.push_back({binding.pod, needs.affinities, node->second});
  return binding;
}

Binding Placer::Place(const std::shared_ptr<const Pod>& pod) {
  Binding binding{.pod = pod, .node = {}, .explanation = {}, .refusal = {}};
  const PodNeeds needs = PendingNeedsOf(*pod);
  if (!pod->spec.declared_node_name.empty()) {
    PlaceAsDeclared(needs, &binding);
    return binding;
  }
  const Ask& ask = AskOf(needs);
  if (ask.feasible == 0) return Reserve(needs, std::move(binding));
  const Rules* rules = RulesOf(needs);
  const Left left = Narrow(ask, rules);
  if (left.feasible == 0) return Reserve(needs, std::move(binding));
  const Choice choice = Choose(needs, ask, rules, left);
  const std::vector<NodeUsage>& nodes = usage_->nodes();
  binding.node = nodes[choice.node].node->metadata.name;
  binding.explanation = ExplainChoice(needs, left.feasible, nodes.size(), choice.siblings,
                                      LeastAllocatedScore(needs, nodes[choice.node]));
  if (!ask.preferred.empty()) {
    binding.explanation +=
        ", preferred node affinity of weight " + std::to_string(ask.preferred[choice.node]);
  }
  binding.explanation += ImagesText(needs, choice.node);
  usage_->Place(choice.node, needs);
  placements_.push_back({pod, needs.affinities, choice.node});
  return binding;
}

void Placer::PlaceAsDeclared(const PodNeeds& needs, Binding* binding) {
  const auto number = usage_->numbers().find(binding->pod->spec.declared_node_name);
  if (number == usage_->numbers().end()) return;
  if (!WhyNotAdmitted(needs, usage_->nodes()[number->second]).empty()) return;
  binding->node = number->first;
  binding->explanation = "spec.nodeName says so";
  usage_->Place(number->second, needs);
  placements_.push_back({binding->pod, needs.affinities, number->second});
}

void Placer::Explain(Binding* binding) {
  const std::string& declared = binding->pod->spec.declared_node_name;
  if (!declared.empty()) {
    const auto number = usage_->numbers().find(declared);
    const bool is_known = number != usage_->numbers().end();
    return ExplainDeclared(is_known ? &usage_->nodes()[number->second] : nullptr, binding);
  }
  if (usage_->nodes().empty()) {
    binding->refusal = "no node has registered yet";
    binding->explanation = "0/0 nodes are available: " + binding->refusal;
    return;
  }
  const PodNeeds needs = PendingNeedsOf(*binding->pod);
  const auto say = [&](const Rules* rules, auto* said) {
    if (said->explanation.empty()) ExplainAll(needs, rules, said);
    binding->refusal = said->refusal;
    binding->explanation = said->explanation;
  };
  Rules* rules = RulesOf(needs);
  if (rules == nullptr) {
    say(rules, &AskOf(needs));
  } else {
    say(rules, rules);
  }
}

template <typename Said>
void Placer::ExplainAll(const PodNeeds& needs, const Rules* rules, Said* said) const {
  const std::vector<NodeUsage>& nodes = usage_->nodes();
  std::map<std::string, int> nodes_by_kind;
  std::string hosts;
  for (size_t i = 0; i < nodes.size(); ++i) {
    std::vector<Refusal> refusals = WhyNot(needs, nodes[i]);
    if (refusals.empty() && rules != nullptr) refusals = rules->WhyNot(i);
    if (refusals.empty()) refusals.push_back({.kind = "node(s) take it now", .text = kTakesItNow});
    for (const Refusal& refusal : refusals) ++nodes_by_kind[refusal.kind];
    if (i >= kMaxExplainedNodes) continue;
    hosts += (i > 0 ? "; " : "") + nodes[i].node->metadata.name + ": " + TextOfRefusals(refusals);
  }
  if (nodes.size() > kMaxExplainedNodes) {
    hosts += "; and " + std::to_string(nodes.size() - kMaxExplainedNodes) + " more";
  }
  const std::string head = "0/" + std::to_string(nodes.size()) + " nodes are available: ";
  said->explanation = head + CountsText(nodes_by_kind) + ". " + hosts;
  said->refusal = head;
  for (const auto& [kind, count] : nodes_by_kind) {
    said->refusal += (kind == nodes_by_kind.begin()->first ? "" : ", ") + kind;
  }
}

}  // namespace reconcile
