#include "schema/topology_spread.h"

#include <algorithm>

#include "schema/selector_value.h"

namespace reconcile {

namespace {

constexpr std::string_view kField = "topologySpreadConstraints";

TopologySpread ReadSpread(const Value& value, const StringMap& labels) {
  TopologySpread spread;
  spread.topology_key = value.GetString("topologyKey");
  spread.max_skew = value.GetInt("maxSkew", 1);
  spread.min_domains = value.GetInt("minDomains", 1);
  spread.must_hold = value.GetString("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule";
  spread.honours_affinity = value.GetString("nodeAffinityPolicy", "Honor") == "Honor";
  spread.honours_taints = value.GetString("nodeTaintsPolicy") == "Honor";
  const Value* selector = value.Find("labelSelector");
  if (selector == nullptr) return spread;
  LabelSelector counted = SelectorOf(*selector);
  for (const Value& key : value.GetList("matchLabelKeys")) {
    const auto label = key.IsString() ? labels.find(key.AsString()) : labels.end();
    if (label == labels.end()) continue;
    counted.match_expressions.push_back(
        {.key = label->first, .op = SelectorOperator::kIn, .values = {label->second}});
  }
  if (counted != LabelSelector()) spread.selector = std::move(counted);
  return spread;
}

}  // namespace

std::vector<TopologySpread> TopologySpreadsOf(const PodSpec& spec, const StringMap& labels) {
  std::vector<TopologySpread> spreads;
  const Value* written = spec.others.Find(kField);
  if (written == nullptr || !written->IsList()) return spreads;
  for (const Value& each : written->AsList()) spreads.push_back(ReadSpread(each, labels));
  return spreads;
}

std::string TopologySpreadText(const PodSpec& spec) {
  const Value* written = spec.others.Find(kField);
  return written == nullptr ? "" : WriteJson(*written);
}

}  // namespace reconcile
