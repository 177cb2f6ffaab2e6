#include <gtest/gtest.h>

#include "reconciler/scheduler/scheduler.h"
#include "schema/affinity.h"
#include "schema/pod_affinity.h"
#include "schema/topology_spread.h"
#include "tests/property/reconciler/generator.h"

namespace reconcile {
namespace {

constexpr uint64_t kPlacementCases = 600;
constexpr const char* kNodeOperators[] = {"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"};

// A small number as a label's value: few values, so that rules meet.
std::string AnyValue(Generator* generator) { return std::to_string(generator->Int(0, 2)); }
std::string AnyKey(Generator* generator) { return generator->OneIn(2) ? "zone" : "rack"; }

constexpr TaintEffect kTaintEffects[] = {TaintEffect::kNoSchedule, TaintEffect::kPreferNoSchedule,
                                         TaintEffect::kNoExecute};

Value AnyTolerations(Generator* generator) {
  Value toleration = Value::MakeMap();
  const bool is_equal = generator->OneIn(2);
  if (is_equal || generator->OneIn(2)) toleration.Set("key", Value::String(AnyKey(generator)));
  toleration.Set("operator", Value::String(is_equal ? "Equal" : "Exists"));
  if (is_equal) toleration.Set("value", Value::String(AnyValue(generator)));
  if (generator->OneIn(2)) {
    toleration.Set("effect",
                   Value::String(std::string(ToString(kTaintEffects[generator->Int(0, 2)]))));
  }
  return Value::MakeList({std::move(toleration)});
}

World AnyHosts(Generator* generator) {
  World world;
  const int hosts = generator->Int(1, 6);
  for (int i = 1; i <= hosts; ++i) {
    const std::string name = "host-" + std::to_string(i);
    world.AddNode(name, std::to_string(generator->Int(1, 8)), "16Gi");
    world.Edit<Node>("", name, [&](Node* node) {
      for (const char* key : {"zone", "rack"}) {
        if (!generator->OneIn(4)) node->metadata.labels[key] = AnyValue(generator);
      }
      node->spec.unschedulable = generator->OneIn(8);
      if (!generator->OneIn(3)) return;
      node->spec.taints = {{.key = AnyKey(generator),
                            .value = AnyValue(generator),
                            .effect = kTaintEffects[generator->Int(0, 2)],
                            .time_added = std::nullopt}};
    });
  }
  return world;
}

Value AnyNodeTerm(Generator* generator) {
  Value expressions = Value::MakeList();
  for (int i = generator->Int(1, 2); i > 0; --i) {
    const int op = generator->Int(0, 5);
    Value expression = Value::MakeMap();
    expression.Set("key", Value::String(AnyKey(generator)));
    expression.Set("operator", Value::String(kNodeOperators[op]));
    Value values = Value::MakeList();
    if (op != 2 && op != 3) values.Append(Value::String(AnyValue(generator)));
    if (op < 2 && generator->OneIn(2)) values.Append(Value::String(AnyValue(generator)));
    if (!values.AsList().empty()) expression.Set("values", std::move(values));
    expressions.Append(std::move(expression));
  }
  Value term = Value::MakeMap();
  term.Set("matchExpressions", std::move(expressions));
  return term;
}

Value AnyNodeAffinity(Generator* generator) {
  Value affinity = Value::MakeMap();
  if (generator->OneIn(2)) {
    Value terms = Value::MakeList();
    for (int i = generator->Int(1, 2); i > 0; --i) terms.Append(AnyNodeTerm(generator));
    Value required = Value::MakeMap();
    required.Set("nodeSelectorTerms", std::move(terms));
    affinity.Set("requiredDuringSchedulingIgnoredDuringExecution", std::move(required));
  }
  if (generator->OneIn(2)) {
    Value preferred = Value::MakeMap();
    preferred.Set("weight", Value::Int(generator->Int(1, 100)));
    preferred.Set("preference", AnyNodeTerm(generator));
    Value list = Value::MakeList();
    list.Append(std::move(preferred));
    affinity.Set("preferredDuringSchedulingIgnoredDuringExecution", std::move(list));
  }
  return affinity;
}

Value AnySpreads(Generator* generator) {
  Value spreads = Value::MakeList();
  for (const char* key : {"zone", "rack"}) {
    if (generator->OneIn(2)) continue;
    Value spread = Value::MakeMap();
    spread.Set("maxSkew", Value::Int(generator->Int(1, 2)));
    spread.Set("topologyKey", Value::String(key));
    const bool must_hold = generator->OneIn(2);
    spread.Set("whenUnsatisfiable", Value::String(must_hold ? "DoNotSchedule" : "ScheduleAnyway"));
    if (must_hold && generator->OneIn(4)) spread.Set("minDomains", Value::Int(2));
    if (generator->OneIn(3)) spread.Set("nodeTaintsPolicy", Value::String("Honor"));
    if (generator->OneIn(4)) spread.Set("nodeAffinityPolicy", Value::String("Ignore"));
    Value labels = Value::MakeMap();
    labels.Set("app", Value::String("app-" + std::to_string(generator->Int(0, 2))));
    Value selector = Value::MakeMap();
    selector.Set("matchLabels", std::move(labels));
    spread.Set("labelSelector", std::move(selector));
    spreads.Append(std::move(spread));
  }
  return spreads;
}

Value AnyPodTerms(Generator* generator) {
  Value terms = Value::MakeList();
  for (int i = generator->Int(1, 2); i > 0; --i) {
    Value labels = Value::MakeMap();
    labels.Set("app", Value::String("app-" + std::to_string(generator->Int(0, 2))));
    Value selector = Value::MakeMap();
    selector.Set("matchLabels", std::move(labels));
    Value term = Value::MakeMap();
    term.Set("topologyKey", Value::String(AnyKey(generator)));
    term.Set("labelSelector", std::move(selector));
    terms.Append(std::move(term));
  }
  Value affinity = Value::MakeMap();
  affinity.Set("requiredDuringSchedulingIgnoredDuringExecution", std::move(terms));
  return affinity;
}

std::shared_ptr<Pod> AnyPod(Generator* generator, int number) {
  auto pod = MakePod("pod-" + std::to_string(number));
  pod->metadata.uid = "uid-" + std::to_string(number);
  pod->metadata.labels["app"] = "app-" + std::to_string(generator->Int(0, 2));
  pod->metadata.creation_timestamp = WallTime{generator->Int(1, 3)};
  Value affinity = Value::MakeMap();
  if (generator->OneIn(2)) affinity.Set("nodeAffinity", AnyNodeAffinity(generator));
  if (generator->OneIn(4)) affinity.Set("podAffinity", AnyPodTerms(generator));
  if (generator->OneIn(4)) affinity.Set("podAntiAffinity", AnyPodTerms(generator));
  if (generator->OneIn(2)) {
    pod->spec.others.Set("topologySpreadConstraints", AnySpreads(generator));
  }
  if (generator->OneIn(3)) pod->spec.others.Set("tolerations", AnyTolerations(generator));
  if (generator->OneIn(3)) {
    pod->spec.others.Set("priority", Value::Int(generator->Int(-1, 1)));
  }
  if (!affinity.AsMap().empty()) pod->spec.others.Set("affinity", std::move(affinity));
  return pod;
}

// By the reader alone: what the filters make of it is what is under test.
bool NodeSuits(const Pod& pod, const Node& node) {
  const auto affinity = NodeAffinityOf(pod.spec);
  if (!affinity || !affinity->required) return true;
  for (const NodeSelectorTerm& term : *affinity->required) {
    if (Matches(term, node)) return true;
  }
  return false;
}

// As SEMANTICS 19.9 is written.
bool TaintsSuit(const Pod& pod, const Node& node) {
  const Value* tolerations = pod.spec.others.Find("tolerations");
  std::vector<Taint> taints = node.spec.taints;
  if (node.spec.unschedulable) {
    taints.push_back({.key = "node.kubernetes.io/unschedulable",
                      .value = "",
                      .effect = TaintEffect::kNoSchedule,
                      .time_added = std::nullopt});
  }
  for (const Taint& taint : taints) {
    if (taint.effect == TaintEffect::kPreferNoSchedule) continue;
    bool tolerated = false;
    for (const Value& each : tolerations == nullptr ? Value::List() : tolerations->AsList()) {
      const bool of_key = each.Find("key") == nullptr || each.GetString("key") == taint.key;
      const bool of_value =
          each.GetString("operator") == "Exists" || each.GetString("value") == taint.value;
      const std::string effect = each.GetString("effect");
      tolerated =
          tolerated || (of_key && of_value && (effect.empty() || effect == ToString(taint.effect)));
    }
    if (!tolerated) return false;
  }
  return true;
}

std::vector<std::shared_ptr<const Pod>> AnyPods(Generator* generator) {
  std::vector<std::shared_ptr<const Pod>> pods;
  const int count = generator->Int(1, 12);
  for (int i = 0; i < count; ++i) pods.push_back(AnyPod(generator, i));
  return pods;
}

std::string LabelOf(const Node& node, const std::string& key) {
  const auto label = node.metadata.labels.find(key);
  return label == node.metadata.labels.end() ? "" : label->second;
}

// Whether the pod may go to the node by its constraints, as the rule of SEMANTICS 19.8 is written,
// when `bound` are the pods that have a node.
bool SpreadSuits(const Pod& pod, const Node& node, const World& world,
                 const std::vector<std::pair<std::shared_ptr<const Pod>, std::string>>& bound) {
  const auto spreads = TopologySpreadsOf(pod.spec, pod.metadata.labels);
  for (const TopologySpread& spread : spreads) {
    if (!spread.must_hold) continue;
    std::map<std::string, int64_t> counts;
    world.state.ForEach<Node>([&](const std::shared_ptr<const Node>& each) {
      for (const TopologySpread& other : spreads) {
        if (other.must_hold && LabelOf(*each, other.topology_key).empty()) return;
      }
      if (spread.honours_affinity && !NodeSuits(pod, *each)) return;
      if (spread.honours_taints && !TaintsSuit(pod, *each)) return;
      int64_t& count = counts[LabelOf(*each, spread.topology_key)];
      for (const auto& [other, name] : bound) {
        if (name == each->metadata.name) count += Matches(*spread.selector, other->metadata.labels);
      }
    });
    int64_t fewest = INT64_MAX;
    for (const auto& [value, count] : counts) fewest = std::min(fewest, count);
    if (static_cast<int64_t>(counts.size()) < spread.min_domains) fewest = 0;
    const std::string value = LabelOf(node, spread.topology_key);
    const int64_t self = Matches(*spread.selector, pod.metadata.labels) ? 1 : 0;
    if (value.empty() || counts[value] + self - fewest > spread.max_skew) return false;
  }
  return true;
}

using Bound = std::vector<std::pair<std::shared_ptr<const Pod>, std::string>>;

bool AreTogether(const World& world, const std::string& a, const std::string& b,
                 const std::string& key) {
  const std::string value = LabelOf(*world.state.Find<Node>("", a), key);
  return !value.empty() && value == LabelOf(*world.state.Find<Node>("", b), key);
}

// All pods are of one namespace here.
bool MeansPod(const PodAffinityTerm& term, const Pod& pod) {
  return Matches(*term.selector, pod.metadata.labels);
}

bool MeansInAll(const std::vector<PodAffinityTerm>& terms, const Pod& pod) {
  return std::all_of(terms.begin(), terms.end(),
                     [&](const PodAffinityTerm& term) { return MeansPod(term, pod); });
}

// Whether the pod is near to others as it requires, on the node `name`.
bool NearSuits(const Pod& pod, const std::string& name, const World& world, const Bound& bound) {
  const auto affinities = PodAffinitiesOf(pod);
  if (affinities == nullptr) return true;
  const auto& terms = affinities->near.required;
  bool near_all = true;
  bool has_labels = true;
  bool anywhere = false;
  for (const PodAffinityTerm& term : terms) {
    bool near = false;
    for (const auto& [other, node] : bound) {
      if (!MeansInAll(terms, *other)) continue;
      near = near || AreTogether(world, name, node, term.topology_key);
      anywhere = anywhere || AreTogether(world, node, node, term.topology_key);
    }
    near_all = near_all && near;
    has_labels = has_labels && AreTogether(world, name, name, term.topology_key);
  }
  return near_all || (has_labels && !anywhere && MeansInAll(terms, pod));
}

// Whether nobody on the node that is to be away from the pod, or it from them, is near.
bool ApartSuits(const Pod& pod, const std::string& name, const World& world, const Bound& bound) {
  const auto keeps_away = [&](const Pod& one, const Pod& from, const std::string& node) {
    const auto affinities = PodAffinitiesOf(one);
    if (affinities == nullptr) return false;
    for (const PodAffinityTerm& term : affinities->apart.required) {
      if (MeansPod(term, from) && AreTogether(world, name, node, term.topology_key)) return true;
    }
    return false;
  };
  for (const auto& [other, node] : bound) {
    if (keeps_away(pod, *other, node) || keeps_away(*other, pod, node)) return false;
  }
  return true;
}

TEST(PlacementProperty, PodsGoWhereWhatTheyRequireHoldsAndNowhereElse) {
  int placed = 0;
  int refused = 0;
  for (uint64_t seed = 0; seed < kPlacementCases; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    const World world = AnyHosts(&generator);
    std::vector<std::pair<std::shared_ptr<const Pod>, std::string>> bound;
    for (const Binding& binding : Place(AnyPods(&generator), world.state)) {
      bool suits_any = false;
      world.state.ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
        const bool suits = NodeSuits(*binding.pod, *node) && TaintsSuit(*binding.pod, *node) &&
                           SpreadSuits(*binding.pod, *node, world, bound) &&
                           NearSuits(*binding.pod, node->metadata.name, world, bound) &&
                           ApartSuits(*binding.pod, node->metadata.name, world, bound);
        suits_any = suits_any || suits;
        if (node->metadata.name == binding.node) {
          ASSERT_TRUE(suits) << ToString(binding.pod->key()) << ": node affinity "
                             << NodeSuits(*binding.pod, *node) << ", taints "
                             << TaintsSuit(*binding.pod, *node) << ", spread "
                             << SpreadSuits(*binding.pod, *node, world, bound);
        }
      });
      ASSERT_EQ(suits_any, !binding.node.empty()) << binding.explanation;
      if (!binding.node.empty()) bound.emplace_back(binding.pod, binding.node);
      ++(binding.node.empty() ? refused : placed);
    }
  }
  EXPECT_GT(placed, 1'000);
  EXPECT_GT(refused, 100);
}

TEST(PlacementProperty, TheOrderInWhichPodsAreGivenDoesNotMatter) {
  for (uint64_t seed = 0; seed < kPlacementCases; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    const World world = AnyHosts(&generator);
    auto pods = AnyPods(&generator);
    const std::vector<Binding> first = Place(pods, world.state);
    generator.Shuffle(&pods);
    const std::vector<Binding> second = Place(pods, world.state);
    ASSERT_EQ(first.size(), second.size());
    for (size_t i = 0; i < first.size(); ++i) {
      ASSERT_EQ(first[i].pod, second[i].pod);
      ASSERT_EQ(first[i].node, second[i].node);
      ASSERT_EQ(first[i].explanation, second[i].explanation);
    }
  }
}

}  // namespace
}  // namespace reconcile
