#include "schema/pod_affinity.h"

#include "schema/selector_value.h"

namespace reconcile {

namespace {

// Adds that the labels named in the list have the pod's own values, or have others.
void AddKeys(const Value& written, std::string_view list, SelectorOperator op,
             const StringMap& labels, LabelSelector* selector) {
  for (const Value& key : written.GetList(list)) {
    const auto label = key.IsString() ? labels.find(key.AsString()) : labels.end();
    if (label == labels.end()) continue;
    selector->match_expressions.push_back(
        {.key = label->first, .op = op, .values = {label->second}});
  }
}

PodAffinityTerm ReadPodTerm(const Value& written, const Pod& pod) {
  PodAffinityTerm term;
  term.topology_key = written.GetString("topologyKey");
  if (const Value* selector = written.Find("labelSelector")) {
    term.selector = SelectorOf(*selector);
    const StringMap& labels = pod.metadata.labels;
    AddKeys(written, "matchLabelKeys", SelectorOperator::kIn, labels, &*term.selector);
    AddKeys(written, "mismatchLabelKeys", SelectorOperator::kNotIn, labels, &*term.selector);
  }
  for (const Value& name : written.GetList("namespaces")) {
    if (name.IsString()) term.namespaces.push_back(name.AsString());
  }
  if (const Value* selector = written.Find("namespaceSelector")) {
    term.namespace_selector = SelectorOf(*selector);
  } else if (term.namespaces.empty()) {
    term.namespaces.push_back(pod.metadata.namespace_name);
  }
  return term;
}

PodAffinity ReadAffinity(const Value* written, const Pod& pod) {
  PodAffinity affinity;
  if (written == nullptr) return affinity;
  for (const Value& term : written->GetList("requiredDuringSchedulingIgnoredDuringExecution")) {
    affinity.required.push_back(ReadPodTerm(term, pod));
  }
  for (const Value& each : written->GetList("preferredDuringSchedulingIgnoredDuringExecution")) {
    const Value* term = each.Find("podAffinityTerm");
    if (term == nullptr) continue;
    affinity.preferred.push_back({each.GetInt("weight"), ReadPodTerm(*term, pod)});
  }
  return affinity;
}

}  // namespace

std::shared_ptr<const PodAffinities> PodAffinitiesOf(const Pod& pod) {
  const Value* affinity = pod.spec.others.Find("affinity");
  if (affinity == nullptr) return nullptr;
  const Value* near = affinity->Find("podAffinity");
  const Value* apart = affinity->Find("podAntiAffinity");
  if (near == nullptr && apart == nullptr) return nullptr;
  return std::make_shared<PodAffinities>(
      PodAffinities{ReadAffinity(near, pod), ReadAffinity(apart, pod)});
}

std::string PodAffinitiesText(const PodSpec& spec) {
  std::string text;
  const Value* affinity = spec.others.Find("affinity");
  for (const std::string_view name : {"podAffinity", "podAntiAffinity"}) {
    const Value* written = affinity == nullptr ? nullptr : affinity->Find(name);
    text += (written == nullptr ? "" : WriteJson(*written)) + '\n';
  }
  return text;
}

}  // namespace reconcile
