#include "reconciler/scheduler/spread_rules.h"

#include <algorithm>
#include <bit>

#include "reconciler/scheduler/node_affinity.h"
#include "reconciler/scheduler/pods_of_labels.h"
#include "reconciler/scheduler/taints.h"

namespace reconcile {
namespace {

// kube-scheduler's words: people search for them.
constexpr const char* kSpreadWords = "node(s) didn't match pod topology spread constraints";
constexpr const char* kNoLabelWords =
    "node(s) didn't match pod topology spread constraints (missing required label)";
constexpr int64_t kNoScore = -1;

}  // namespace

SpreadRules::SpreadRules(const PodNeeds& needs, const std::vector<NodeUsage>& nodes,
                         Topologies* topologies)
    : nodes_(nodes), namespace_name_(needs.pod->metadata.namespace_name) {
  for (const TopologySpread& spread : needs.spreads) {
    Counted counted;
    counted.spread = spread;
    counted.topology = &topologies->By(spread.topology_key);
    const bool meant = spread.selector && Matches(*spread.selector, needs.pod->metadata.labels);
    counted.self = meant ? 1 : 0;
    has_preferences_ = has_preferences_ || !spread.must_hold;
    constraints_.push_back(std::move(counted));
  }
  for (Counted& counted : constraints_) Include(needs, &counted);
}

// Those that have the labels of all constraints of the kind, hard or soft, and that the pod may go
// to.
void SpreadRules::Include(const PodNeeds& needs, Counted* counted) const {
  counted->included.resize(nodes_.size());
  counted->pods.resize(counted->topology->values.size());
  counted->reckoned.resize(counted->topology->values.size());
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const auto has_label = [&](const Counted& other) {
      return other.spread.must_hold != counted->spread.must_hold ||
             other.topology->domains[i] != kNoDomain;
    };
    counted->included[i] =
        std::all_of(constraints_.begin(), constraints_.end(), has_label) &&
        !IsRevoked(*nodes_[i].node) &&
        (!counted->spread.honours_taints || (NodeUnschedulableFilter(needs, nodes_[i]).empty() &&
                                             TaintFilter(needs, nodes_[i]).empty())) &&
        (!counted->spread.honours_affinity || (NodeSelectorFilter(needs, nodes_[i]).empty() &&
                                               NodeAffinityFilter(needs, nodes_[i]).empty()));
    if (!counted->included[i]) continue;
    const auto domain = static_cast<size_t>(counted->topology->domains[i]);
    if (!counted->reckoned[domain]) ++counted->domains;
    counted->reckoned[domain] = true;
  }
}

void SpreadRules::CountOne(size_t node, Counted* counted) const {
  if (counted->included[node]) {
    ++counted->pods[static_cast<size_t>(counted->topology->domains[node])];
  }
}

void SpreadRules::Count(const Pod& pod, size_t node) {
  if (pod.metadata.namespace_name != namespace_name_) return;
  for (Counted& counted : constraints_) {
    const auto& selector = counted.spread.selector;
    if (selector && Matches(*selector, pod.metadata.labels)) CountOne(node, &counted);
  }
}

void SpreadRules::CountBound(const ClusterState& state,
                             const std::unordered_map<std::string, size_t>& numbers) {
  for (Counted& counted : constraints_) {
    if (!counted.spread.selector) continue;
    ForEachSelected(state, namespace_name_, *counted.spread.selector, [&](const Pod& pod) {
      const auto number = numbers.find(pod.spec.node_name);
      if (IsActive(pod) && number != numbers.end()) CountOne(number->second, &counted);
    });
  }
}

void SpreadRules::Prepare() {
  for (Counted& counted : constraints_) {
    counted.fewest = 0;
    if (!counted.spread.must_hold || counted.domains < counted.spread.min_domains) continue;
    int32_t fewest = INT32_MAX;
    for (size_t i = 0; i < counted.pods.size(); ++i) {
      if (counted.reckoned[i]) fewest = std::min(fewest, counted.pods[i]);
    }
    if (counted.domains > 0) counted.fewest = fewest;
  }
}

int64_t SpreadRules::Excess(const Counted& counted, int32_t domain) {
  return counted.pods[static_cast<size_t>(domain)] + counted.self - counted.fewest -
         counted.spread.max_skew;
}

bool SpreadRules::Refuses(size_t node) const {
  return std::any_of(constraints_.begin(), constraints_.end(), [&](const Counted& counted) {
    if (!counted.spread.must_hold) return false;
    const int32_t domain = counted.topology->domains[node];
    return domain == kNoDomain || Excess(counted, domain) > 0;
  });
}

std::vector<Refusal> SpreadRules::WhyNot(size_t node) const {
  for (const Counted& counted : constraints_) {
    if (!counted.spread.must_hold) continue;
    const std::string& key = counted.spread.topology_key;
    const int32_t domain = counted.topology->domains[node];
    if (domain == kNoDomain) {
      return {{.kind = kNoLabelWords, .text = std::string(kNoLabelWords) + ": no label " + key}};
    }
    if (Excess(counted, domain) <= 0) continue;
    const auto index = static_cast<size_t>(domain);
    return {{.kind = kSpreadWords,
             .text = std::string(kSpreadWords) + ": " + key + "=" +
                     counted.topology->values[index] + " has " +
                     std::to_string(counted.pods[index]) + " of these pods, the fewest are " +
                     std::to_string(counted.fewest) + ", maxSkew " +
                     std::to_string(counted.spread.max_skew)}};
  }
  return {};
}

// How many pods are where the node is, by the constraints that are preferred; one over few domains
// counts less, as there are more pods in each. kNoScore for a node without their labels.
int64_t SpreadRules::Crowd(size_t node) const {
  int64_t crowd = 0;
  for (const Counted& counted : constraints_) {
    if (counted.spread.must_hold) continue;
    const int32_t domain = counted.topology->domains[node];
    if (domain == kNoDomain) return kNoScore;
    const auto weight = std::bit_width(static_cast<uint64_t>(counted.domains) + 2);
    crowd += counted.pods[static_cast<size_t>(domain)] * weight + counted.spread.max_skew - 1;
  }
  return crowd;
}

void SpreadRules::AddScores(std::vector<int32_t>* totals) const {
  std::vector<int64_t> crowds(totals->size(), kNoScore);
  int64_t most = 0;
  int64_t fewest = INT64_MAX;
  for (size_t i = 0; i < crowds.size(); ++i) {
    if ((*totals)[i] < 0) continue;
    crowds[i] = Crowd(i);
    if (crowds[i] == kNoScore) continue;
    most = std::max(most, crowds[i]);
    fewest = std::min(fewest, crowds[i]);
  }
  for (size_t i = 0; i < crowds.size(); ++i) {
    if (crowds[i] == kNoScore) continue;
    const int64_t score = most == 0 ? kMaxScore : kMaxScore * (most + fewest - crowds[i]) / most;
    (*totals)[i] += static_cast<int32_t>(kTopologySpreadWeight * score);
  }
}

}  // namespace reconcile
