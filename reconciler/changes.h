#pragma once

#include "reconciler/turn.h"

namespace reconcile {

// Brings the turn's model to what `changes` declare, whatever it is now: applying them twice is
// applying them once. Returns those that must wait: for a pod that is still going, or a namespace.
ObjectChanges ApplyChanges(Turn* turn, const ObjectChanges& changes);

}  // namespace reconcile
