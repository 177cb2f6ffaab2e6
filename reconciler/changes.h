#pragma once

#include <string_view>
#include <vector>

#include "reconciler/turn.h"

namespace reconcile {

// Who says in Events what Git brought.
inline constexpr std::string_view kSourceComponent = "source-controller";

// Brings the turn's model to what `changes` declare, whatever it is now: applying them twice is
// applying them once. Those of a source with sync waves come wave by wave (reconciler/waves.h).
// Returns those to be given again by the next pass: they wait for a pod that is still going, a
// namespace or a wave, and then all of their source's come with them. `waits` gets why waves wait,
// one for a source.
ObjectChanges ApplyChanges(Turn* turn, const ObjectChanges& changes, std::vector<WaveWait>* waits,
                           WaveRule waves = WaveRule::kHold);

// One object of it. True when it has to wait: for a pod that is still going, or a namespace.
bool DeclareObject(Turn* turn, const Object& declared);
// Takes away `planned`, the object that is meant by its uid, unless it goes already.
void PruneObject(Turn* turn, const Object& planned);

}  // namespace reconcile
