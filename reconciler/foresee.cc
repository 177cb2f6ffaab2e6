#include "reconciler/foresee.h"

#include "reconciler/preview_run.h"

namespace reconcile {

Foreseen ForeseeHosts(const ClusterState& state, const ObjectChanges& changes, Now now,
                      const PreviewLimits& limits, Settled* settled) {
  Foreseen foreseen;
  PreviewRun run(state, &changes, now, limits, settled);
  while (!run.IsUsedUp()) {
    run.Decide();
    run.NoteHosts(&foreseen);
    run.Act();
    if (!run.GoesOn()) break;
  }
  return foreseen;
}

}  // namespace reconcile
