#include "reconciler/reconciler.h"

#include "reconciler/changes.h"
#include "reconciler/controllers.h"
#include "reconciler/events.h"
#include "reconciler/turn.h"

namespace reconcile {
namespace {

// Passes that a turn takes at most; each step of a rollout takes one, and what is left follows in
// the next turn.
constexpr int kMaxPasses = 100;

// True when nothing is left to write.
template <typename Pass>
bool Repeat(Turn* turn, Pass pass) {
  for (int i = 0; i < kMaxPasses; ++i) {
    const int64_t before = turn->writes();
    pass();
    if (turn->writes() == before) return true;
  }
  return false;
}

// ReplicaSets count before Deployments look at the counts: a step never rests on how pods were.
void SyncWorkloads(Turn* turn) {
  SyncNamespaces(turn);
  CollectGarbage(turn);
  SyncNodes(turn);
  SyncReplicaSets(turn);
  SyncReplicationControllers(turn);
  SyncDeployments(turn);
  SyncServices(turn);
  SyncDisruptionBudgets(turn);
}

void RecordEvents(Turn* turn, const ClusterState& before) {
  if (turn->settled() != nullptr && turn->settled()->without_events) return;
  for (Write& write : EventWrites(turn->state(), before, turn->reasons(), turn->now().wall)) {
    turn->Put(std::move(write.object));
  }
  std::optional<int64_t> next_in_ms;
  if (turn->settled() != nullptr &&
      NoneExpires(turn->state(), turn->now().wall, turn->settled(), &next_in_ms)) {
    if (next_in_ms) turn->WakeIn(*next_in_ms);
    return;
  }
  for (const ObjectKey& key : ExpireEvents(turn->state(), turn->now().wall, &next_in_ms)) {
    turn->Delete(key);
  }
  if (next_in_ms) turn->WakeIn(*next_in_ms);
}

}  // namespace

Plan Reconcile(const ClusterState& state, const ObjectChanges& changes, Now now, Settled* settled,
               WaveRule waves, const Foreseen* foreseen) {
  Turn turn(state, now, settled, foreseen);
  SyncNamespaces(&turn);
  ObjectChanges waiting = changes;
  std::vector<WaveWait> waits;
  std::vector<Binding> unplaced;
  const bool done = Repeat(&turn, [&] {
    waiting = ApplyChanges(&turn, waiting, &waits, waves);
    const bool workloads_settled = Repeat(&turn, [&] { SyncWorkloads(&turn); });
    if (!workloads_settled) turn.AskForMore();
    unplaced = SchedulePods(&turn);
  });
  if (!done) turn.AskForMore();
  MakeRoom(&turn, &unplaced);
  ExplainUnplaced(&turn, unplaced);
  RecordEvents(&turn, state);
  Plan plan = turn.Finish();
  plan.waits = std::move(waits);
  return plan;
}

Transaction RecordReasons(const ClusterState& state, const std::vector<Reason>& reasons, Now now) {
  return {EventWrites(state, state, reasons, now.wall)};
}

ClusterState Apply(const ClusterState& state, const Transaction& transaction) {
  ClusterState after = state;
  for (const Write& write : transaction.writes) {
    if (write.object == nullptr) {
      after.Delete(write.key);
    } else {
      after.Put(write.object);
    }
  }
  return after;
}

}  // namespace reconcile
