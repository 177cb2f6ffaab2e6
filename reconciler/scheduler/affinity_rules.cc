#include "reconciler/scheduler/affinity_rules.h"

#include <algorithm>

#include "reconciler/scheduler/pods_of_labels.h"
#include "reconciler/scheduler/scores.h"
#include "schema/selector_text.h"

namespace reconcile {
namespace {

// kube-scheduler's words: people search for them.
constexpr const char* kNearWords = "node(s) didn't match pod affinity rules";
constexpr const char* kApartWords = "node(s) didn't match pod anti-affinity rules";
constexpr const char* kOthersWords = "node(s) didn't satisfy existing pods anti-affinity rules";
// What a pod that requires to be near to this one counts for. Source: hardPodAffinityWeight.
constexpr int64_t kRequiredByOthersWeight = 1;

StringMap LabelsOfNamespace(const std::string& name, const ClusterState& state) {
  const auto space = state.Find<Namespace>("", name);
  return space == nullptr ? StringMap() : space->metadata.labels;
}

Refusal Because(const std::string& words, const std::string& detail) {
  return {.kind = words, .text = words + ": " + detail};
}

std::string TextOfSelector(const PodAffinityTerm& term) {
  if (!term.selector) return "no pods";
  const std::string text = FormatLabelSelector(*term.selector);
  return text.empty() ? "any pod" : text;
}

// "zone=a", of the domain that the node is in.
std::string TextOfDomain(const std::string& key, const Topology& topology, size_t node) {
  return key + "=" + topology.values[static_cast<size_t>(topology.domains[node])];
}

// False when the node is in no domain.
bool AddTo(std::vector<int32_t>* by_domain, const Topology& topology, size_t node) {
  const int32_t domain = topology.domains[node];
  if (domain == kNoDomain) return false;
  ++(*by_domain)[static_cast<size_t>(domain)];
  return true;
}

template <typename Number>
Number At(const std::vector<Number>& by_domain, const Topology& topology, size_t node) {
  const int32_t domain = topology.domains[node];
  return domain == kNoDomain ? 0 : by_domain[static_cast<size_t>(domain)];
}

}  // namespace

AffinityRules::AffinityRules(const PodNeeds& needs, const UsageCache& usage, Topologies* topologies)
    : usage_(usage),
      topologies_(topologies),
      namespace_name_(needs.pod->metadata.namespace_name),
      labels_(needs.pod->metadata.labels),
      namespace_labels_(LabelsOfNamespace(namespace_name_, usage.state())) {
  if (const PodAffinities* own = needs.affinities.get()) {
    for (const auto& term : own->near.required) near_.push_back(CountedOf(term, 0));
    for (const auto& term : own->apart.required) apart_.push_back(CountedOf(term, 0));
    for (const auto& each : own->near.preferred) {
      preferred_.push_back(CountedOf(each.term, each.weight));
    }
    for (const auto& each : own->apart.preferred) {
      preferred_.push_back(CountedOf(each.term, -each.weight));
    }
  }
  is_near_itself_ = IsNearAll(*needs.pod);
  CountBound();
  for (const size_t node : usage_.affine_nodes()) {
    for (const auto& others : usage_.nodes()[node].affinities) CountOthers(others.get(), node);
  }
}

AffinityRules::Counted AffinityRules::CountedOf(const PodAffinityTerm& term, int64_t weight) {
  Counted counted{.term = term, .namespaces = {}, .topology = &topologies_->By(term.topology_key)};
  counted.weight = weight;
  counted.namespaces.insert(term.namespaces.begin(), term.namespaces.end());
  if (term.namespace_selector) {
    usage_.state().ForEach<Namespace>([&](const std::shared_ptr<const Namespace>& space) {
      if (Matches(*term.namespace_selector, space->metadata.labels)) {
        counted.namespaces.insert(space->metadata.name);
      }
    });
  }
  counted.pods.resize(counted.topology->values.size());
  return counted;
}

bool AffinityRules::Means(const Counted& counted, const Pod& pod) const {
  return counted.term.selector && counted.namespaces.count(pod.metadata.namespace_name) > 0 &&
         Matches(*counted.term.selector, pod.metadata.labels);
}

// Whether another pod's term means this one.
bool AffinityRules::MeansThis(const PodAffinityTerm& term) const {
  if (!term.selector || !Matches(*term.selector, labels_)) return false;
  const auto& names = term.namespaces;
  return std::find(names.begin(), names.end(), namespace_name_) != names.end() ||
         (term.namespace_selector && Matches(*term.namespace_selector, namespace_labels_));
}

// Whether the pod is one that this must be near to: of several terms, all mean it.
bool AffinityRules::IsNearAll(const Pod& pod) const {
  return std::all_of(near_.begin(), near_.end(),
                     [&](const Counted& counted) { return Means(counted, pod); });
}

void AffinityRules::CountBound() {
  const auto for_each = [&](const Counted& counted, const auto& fn) {
    if (!counted.term.selector) return;
    for (const std::string& space : counted.namespaces) {
      ForEachSelected(usage_.state(), space, *counted.term.selector, [&](const Pod& pod) {
        const auto number = usage_.numbers().find(pod.spec.node_name);
        if (number != usage_.numbers().end() && !IsTerminal(pod)) fn(pod, number->second);
      });
    }
  };
  if (!near_.empty()) {
    for_each(near_[0], [&](const Pod& pod, size_t node) { CountNear(pod, node); });
  }
  for (std::vector<Counted>* list : {&apart_, &preferred_}) {
    for (Counted& counted : *list) {
      for_each(counted,
               [&](const Pod&, size_t node) { AddTo(&counted.pods, *counted.topology, node); });
    }
  }
}

void AffinityRules::CountNear(const Pod& pod, size_t node) {
  if (near_.empty() || !IsNearAll(pod)) return;
  for (Counted& counted : near_) {
    if (AddTo(&counted.pods, *counted.topology, node)) ++near_pods_;
  }
}

void AffinityRules::CountOwn(const Pod& placed, size_t node) {
  CountNear(placed, node);
  for (std::vector<Counted>* list : {&apart_, &preferred_}) {
    for (Counted& counted : *list) {
      if (Means(counted, placed)) AddTo(&counted.pods, *counted.topology, node);
    }
  }
}

void AffinityRules::AddOther(const PodAffinityTerm& term, int64_t weight, size_t node, Sums* sums) {
  if (!MeansThis(term)) return;
  const Topology& topology = topologies_->By(term.topology_key);
  const int32_t domain = topology.domains[node];
  if (domain == kNoDomain) return;
  Sum& sum = (*sums)[term.topology_key];
  sum.topology = &topology;
  sum.by_domain.resize(topology.values.size());
  sum.by_domain[static_cast<size_t>(domain)] += weight;
}

void AffinityRules::CountOthers(const PodAffinities* placed, size_t node) {
  if (placed == nullptr) return;
  for (const auto& term : placed->apart.required) AddOther(term, 1, node, &kept_away_);
  for (const auto& term : placed->near.required) {
    AddOther(term, kRequiredByOthersWeight, node, &liked_);
  }
  for (const auto& each : placed->near.preferred) AddOther(each.term, each.weight, node, &liked_);
  for (const auto& each : placed->apart.preferred) {
    AddOther(each.term, -each.weight, node, &liked_);
  }
}

bool AffinityRules::IsIdle() const {
  return near_.empty() && apart_.empty() && preferred_.empty() && kept_away_.empty() &&
         liked_.empty();
}

bool AffinityRules::Refuses(size_t node) const {
  // The first of pods that are to be near to each other goes anywhere.
  const bool is_first = near_pods_ == 0 && is_near_itself_;
  for (const Counted& counted : near_) {
    if (counted.topology->domains[node] == kNoDomain) return true;
    if (!is_first && At(counted.pods, *counted.topology, node) == 0) return true;
  }
  for (const Counted& counted : apart_) {
    if (At(counted.pods, *counted.topology, node) > 0) return true;
  }
  return std::any_of(kept_away_.begin(), kept_away_.end(), [&](const auto& each) {
    return At(each.second.by_domain, *each.second.topology, node) > 0;
  });
}

std::vector<Refusal> AffinityRules::WhyNot(size_t node) const {
  const bool is_first = near_pods_ == 0 && is_near_itself_;
  for (const Counted& counted : near_) {
    const std::string& key = counted.term.topology_key;
    if (counted.topology->domains[node] == kNoDomain) {
      return {Because(kNearWords, "no label " + key)};
    }
    if (is_first || At(counted.pods, *counted.topology, node) > 0) continue;
    return {Because(kNearWords, TextOfDomain(key, *counted.topology, node) + " has none of " +
                                    TextOfSelector(counted.term))};
  }
  for (const Counted& counted : apart_) {
    const int32_t pods = At(counted.pods, *counted.topology, node);
    if (pods == 0) continue;
    const std::string domain = TextOfDomain(counted.term.topology_key, *counted.topology, node);
    return {Because(kApartWords, domain + " has " + std::to_string(pods) + " of " +
                                     TextOfSelector(counted.term))};
  }
  for (const auto& [key, pods] : kept_away_) {
    if (At(pods.by_domain, *pods.topology, node) == 0) continue;
    const std::string domain = TextOfDomain(key, *pods.topology, node);
    return {Because(kOthersWords, "those of " + domain + " keep it away")};
  }
  return {};
}

int64_t AffinityRules::Liking(size_t node) const {
  int64_t liking = 0;
  for (const Counted& counted : preferred_) {
    liking += counted.weight * At(counted.pods, *counted.topology, node);
  }
  for (const auto& [key, weights] : liked_) {
    liking += At(weights.by_domain, *weights.topology, node);
  }
  return liking;
}

void AffinityRules::AddScores(std::vector<int32_t>* totals) const {
  if (preferred_.empty() && liked_.empty()) return;
  std::vector<int64_t> likings(totals->size());
  int64_t most = INT64_MIN;
  int64_t least = INT64_MAX;
  for (size_t i = 0; i < likings.size(); ++i) {
    if ((*totals)[i] < 0) continue;
    likings[i] = Liking(i);
    most = std::max(most, likings[i]);
    least = std::min(least, likings[i]);
  }
  if (most <= least) return;
  for (size_t i = 0; i < likings.size(); ++i) {
    if ((*totals)[i] < 0) continue;
    const int64_t score = kMaxScore * (likings[i] - least) / (most - least);
    (*totals)[i] += static_cast<int32_t>(kPodAffinityWeight * score);
  }
}

}  // namespace reconcile
