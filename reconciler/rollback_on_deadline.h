#pragma once

#include <string>
#include <string_view>

#include "reconciler/deployment.h"
#include "reconciler/desired.h"

namespace reconcile {

// A Deployment that asks for it goes back to its previous template when a rollout has made no
// progress for progressDeadlineSeconds, and is held there until a commit changes its template (or
// what of it restarts pods), or takes the annotation away. Kubernetes has nothing such: there the
// deadline only reports. PURE.
//
// What it is held at is in two annotations of the Deployment in the model, so a controller that
// starts anew goes on holding it. Once held it is not rolled back again: when the previous template
// does not come to run either, that is reported. A lost database loses the hold with it.

inline constexpr std::string_view kRollbackOnDeadline = "reconcile.dev/rollback-on-deadline";
// The controller's own: names of the ReplicaSet whose template did not come to run, and of the one
// in whose template's place it is.
inline constexpr char kRolledBackFrom[] = "reconcile.dev/rolled-back-from";
inline constexpr char kRolledBackTo[] = "reconcile.dev/rolled-back-to";
inline constexpr std::string_view kRolledBack = "RolledBack";  // type of condition

// Whether an object's own annotation asks for it.
bool RollsBackOnDeadline(const ObjectMeta& metadata);

// Gives a rollout that is held the set that it is held at as its newest; ends a hold that no longer
// is for the template that is declared.
void FollowRollback(Rollout* rollout);

// Begins to hold a rollout whose deadline has passed, if it asks for that and has another template
// to go to: of those whose pods are available the newest, else the newest. Takes effect in the next
// pass.
void RollBackIfOverdue(Rollout* rollout);

// Whether the set is of the template that was left: it is kept, so that it is known again.
bool IsRolledBackFrom(const Deployment& deployment, const ReplicaSet& set);

// What people are told of a Deployment that is held; empty when it is not.
std::string WhyRolledBack(const Deployment& deployment);

// Warns of what a commit declares and leaves held.
void WarnOfRolledBack(const DesiredState& desired, const ClusterState& state, Problems* problems);

}  // namespace reconcile
