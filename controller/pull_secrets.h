#pragma once

#include <memory>
#include <string>
#include <vector>

#include "schema/all_kinds.h"
#include "schema/cluster_state.h"

namespace reconcile {

// The ServiceAccount that a pod runs as: "default" when it names none.
ObjectKey ServiceAccountOf(const Pod& pod);

// The names of the Secrets with which a pod's images are pulled: its own imagePullSecrets, or when
// it has none, those of its ServiceAccount.
std::vector<std::string> PullSecretsOf(const Pod& pod, const ClusterState& state);
// A pod as its agent gets it: one that names no imagePullSecrets has those of its ServiceAccount,
// as Kubernetes' admission gives them. Here they follow the ServiceAccount, and no container is
// restarted for it. `pod` itself when there is nothing to add.
std::shared_ptr<const Pod> WithPullSecrets(std::shared_ptr<const Pod> pod,
                                           const ClusterState& state);

}  // namespace reconcile
