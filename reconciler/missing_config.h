#pragma once

#include <string>

#include "schema/cluster_state.h"
#include "schema/pod.h"

namespace reconcile {

// PURE. What a pod's containers wait for before they start: "ConfigMap shop/words is not there",
// "Secret shop/keys has no key 'token'". Empty when nothing in the model keeps them from it. It is
// the rule by which agents resolve variables (agent/env.h): of env and envFrom, what is not
// optional.
std::string MissingConfigOf(const Pod& pod, const ClusterState& state);

}  // namespace reconcile
