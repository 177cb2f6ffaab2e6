#pragma once

#include <map>
#include <string>
#include <vector>

#include "reconciler/desired.h"
#include "reconciler/turn.h"

namespace reconcile {

// The order of what a commit applies. Creations and changes come by sync wave (schema/sync_wave.h),
// the lowest first; a wave waits until the one before is finished: what it changes is applied, and
// all that the source declares in it is healthy (reconciler/health.h). Then deletions come, the
// highest wave first; a wave's wait until what goes of higher ones is gone, with its pods. It rests
// on the model and the changes alone: whatever was done before, by another commit or another
// process, counts.

// The order of changes within a wave, all of which become durable together: namespaces, what
// belongs to the cluster, configuration, Services and the like, workloads, what watches over
// workloads; then deletions the other way round.
bool ComesBefore(const ObjectChange& a, const ObjectChange& b);

// The wave of what it declares or, for one that takes away, of what is there.
int32_t WaveOf(const ObjectChange& change);
// The source whose change it is.
const std::string& SourceOf(const ObjectChange& change);

// The changes of those sources that have a wave other than 0, in their order. Such changes are to
// be complete: with those that are unchanged.
std::map<std::string, std::vector<const ObjectChange*>> InWaves(const ObjectChanges& changes);

// Applies what the present wave of one source allows. True while something is left to do; when that
// waits for another wave, why is added to `waits`.
bool ApplyInWaves(Turn* turn, const std::vector<const ObjectChange*>& changes,
                  std::vector<WaveWait>* waits);

}  // namespace reconcile
