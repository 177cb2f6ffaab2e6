#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "reconciler/obedient_hosts.h"
#include "reconciler/preview.h"
#include "reconciler/reconciler.h"
#include "reconciler/settled.h"

namespace reconcile {

// One way that things may go after a commit, turn by turn: the controllers decide, then the hosts
// act. A copy goes on from there by itself.
class PreviewRun {
 public:
  // `changes` must outlive it; `settled` may be null, and is used up.
  PreviewRun(const ClusterState& state, const ObjectChanges* changes, Now now,
             const PreviewLimits& limits, Settled* settled);

  const ClusterState& state() const { return hosts_.state(); }
  // Of the last turn.
  const Plan& plan() const { return plan_; }
  int turns() const { return turns_; }
  bool hosts_have_work() const { return hosts_.HaveWork(); }
  void SetPace(const Pace& pace) { hosts_.SetPace(pace); }
  // Pods go where these say from now on; it must outlive the run.
  void Follow(const Foreseen* foreseen) { foreseen_ = foreseen; }
  // Adds where the last turn placed pods.
  void NoteHosts(Foreseen* foreseen) const;

  bool IsUsedUp() const;
  bool is_stopped() const { return limits_.stop != nullptr && *limits_.stop; }
  void Decide();
  // True when any host had something to do, or has later.
  bool Act();
  // Whether another turn has anything to do; lets the time pass until then.
  bool GoesOn();
  // Decides and acts to the end; false when its limits came before that.
  bool Finish();

 private:
  const ObjectChanges* changes_;
  const Foreseen* foreseen_ = nullptr;
  PreviewLimits limits_;
  ObedientHosts hosts_;
  Settled settled_;
  Now now_;
  Plan plan_;
  bool written_ = false;
  bool acted_ = false;
  bool waited_ = false;
  int turns_ = 0;
  int64_t object_turns_ = 0;
};

// Lets `fork`, in which no host has done anything since `before`, go on at other paces than that
// of the plan, and marks in `pods` what comes out otherwise although pods go where the plan has
// them, `foreseen`, when they can. What was decided in `fork` is certain.
void MarkPaced(const ClusterState& before, const PreviewRun& fork, const Foreseen& foreseen,
               std::vector<PodPreview>* pods);

}  // namespace reconcile
