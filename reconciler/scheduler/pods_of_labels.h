#pragma once

#include <memory>

#include "schema/cluster_state.h"
#include "schema/workload.h"

namespace reconcile {

// Calls fn(const Pod&) for every pod of the namespace that the selector selects.
template <typename Function>
void ForEachSelected(const ClusterState& state, const std::string& namespace_name,
                     const LabelSelector& selector, Function fn) {
  const auto look = [&](const ObjectPtr& object) {
    const Pod& pod = *As<Pod>(*object);
    if (Matches(selector, pod.metadata.labels)) fn(pod);
  };
  if (!selector.match_labels.empty()) {
    const auto& [key, value] = *selector.match_labels.begin();
    state.pods_by_label().ForEach(LabelWord(namespace_name, key, value),
                                  [&](const ObjectKey& pod) { look(state.Find(pod)); });
    return;
  }
  const ObjectMap& pods = state.Objects(Kind::kPod);
  for (auto at = pods.lower_bound({Kind::kPod, namespace_name, ""});
       at != pods.end() && at->first.namespace_name == namespace_name; ++at) {
    look(at->second);
  }
}

}  // namespace reconcile
