#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schema/workload.h"

namespace reconcile {

// What a pod says of the pods to be near to or away from, read from PodSpec::others
// (shapes_affinity.cc), where it was checked already (SEMANTICS 19.7).

// Which pods are meant, and what is together.
struct PodAffinityTerm {
  std::string topology_key;
  // labelSelector, and matchLabelKeys and mismatchLabelKeys with the pod's own values. None: no
  // pods are meant.
  std::optional<LabelSelector> selector;
  std::vector<std::string> namespaces;              // the pod's own where it names none
  std::optional<LabelSelector> namespace_selector;  // of further namespaces, by their labels
};
struct PreferredPodTerm {
  int64_t weight = 0;  // 1 to 100
  PodAffinityTerm term;
};
struct PodAffinity {
  std::vector<PodAffinityTerm> required;
  std::vector<PreferredPodTerm> preferred;
};
struct PodAffinities {
  PodAffinity near;   // podAffinity
  PodAffinity apart;  // podAntiAffinity
};
// Null when the pod says nothing about others.
std::shared_ptr<const PodAffinities> PodAffinitiesOf(const Pod& pod);
// The same as one text: equal for pods that say the same.
std::string PodAffinitiesText(const PodSpec& spec);

}  // namespace reconcile
