#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schema/workload.h"

namespace reconcile {

// One of spec.topologySpreadConstraints (SEMANTICS 19.8), read from PodSpec::others, where it was
// checked already.
struct TopologySpread {
  std::string topology_key;
  int64_t max_skew = 1;
  int64_t min_domains = 1;
  bool must_hold = false;        // DoNotSchedule; otherwise it is preferred
  bool honours_affinity = true;  // nodes that the pod may not go to are left out of the reckoning
  bool honours_taints = false;   // so are nodes with taints that the pod does not tolerate
  // The pods of the namespace that are counted: labelSelector, and matchLabelKeys with the pod's
  // own values. None: no pods are. Source: podtopologyspread, countPodsMatchSelector.
  std::optional<LabelSelector> selector;
};
// In the order in which they are written. `labels` are the pod's.
std::vector<TopologySpread> TopologySpreadsOf(const PodSpec& spec, const StringMap& labels);
// The constraints as one text: equal for pods that say the same, "" for those that say nothing.
std::string TopologySpreadText(const PodSpec& spec);

}  // namespace reconcile
