#pragma once

#include <optional>
#include <string>

#include "schema/cluster_state.h"
#include "schema/pod.h"

namespace reconcile {

// Why no pod is started: the reason of conditions and Events, and their message.
struct PodRefusal {
  std::string reason;
  std::string message;
};

// PURE. What keeps a pod of this spec from being started in a namespace: that no host could run it
// as it is written (schema/not_honoured.h), or that the namespace forbids it
// (schema/pod_security.h). What runs already is left alone by both.
std::optional<PodRefusal> WhyRefused(const PodSpec& spec, const std::string& space,
                                     const ClusterState& state);

// Whether a condition's reason is one of these.
bool IsRefusal(const std::string& reason);

}  // namespace reconcile
