#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/cluster_state.h"

namespace reconcile {

// PURE. What keeps the hosts from looking like the commit, one line each with its reason, most
// important first: held or failing sources, silent hosts and those that do not follow, workloads
// with fewer ready pods than declared and why. Empty when converged.
std::vector<std::string> UnconvergedIn(const ClusterState& state);

// What a person can do about it.
inline constexpr std::string_view kKeepsPodsAdvice =
    "As in Kubernetes, ReplicationControllers and ReplicaSets do not replace pods that run: use a "
    "Deployment, or scale to 0 and back";

// PURE. What is as Kubernetes has it and yet surprises, one line each: pods of an older template
// that keep running, since a ReplicationController or ReplicaSet that Git declares does not replace
// pods; hosts that are short of something; hosts whose containers do not outlive a crash of the
// engine.
std::vector<std::string> NotesOn(const ClusterState& state);

}  // namespace reconcile
