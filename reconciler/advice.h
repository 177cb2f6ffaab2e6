#pragma once

#include "reconciler/desired.h"
#include "schema/codec.h"

namespace reconcile {

// PURE. Warnings about what comes or changes that is legal and that people regret: images whose tag
// moves, containers that request nothing; and about workloads whose pods nobody starts, as they ask
// for what is not acted on yet. One for each object and each kind of advice.
void AdviseOn(const ObjectChanges& changes, Problems* problems);
// Likewise about images that are never pulled (imagePullPolicy Never) and that no host has. None
// while there is no host, or one that may have more than it told.
void AdviseOnImages(const ObjectChanges& changes, const ClusterState& state, Problems* problems);

// PURE. Likewise about workloads that come or change and whose pods their namespace forbids;
// `after` is the model with these changes.
void AdviseOnForbidden(const ObjectChanges& changes, const ClusterState& after, Problems* problems);

}  // namespace reconcile
