#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "reconciler/desired.h"
#include "reconciler/scheduler/scheduler.h"
#include "schema/cluster_state.h"

namespace reconcile {

// Why a write is made; becomes an Event on the object.
struct Reason {
  ObjectKey key;
  EventType type = EventType::kNormal;
  std::string
      reason;  // "ScalingReplicaSet", "SuccessfulCreate", "Scheduled", "FailedScheduling" ...
  std::string message;
  std::string component;  // "deployment-controller", "scheduler" ...
  std::string uid = {};   // of the object that is meant; empty: the one that has the key now
};

// What of a source's commit waits for another sync wave, and for what: "wave 2 waits for Deployment
// shop/db of wave 1: 0 of 1 pods are ready".
struct WaveWait {
  std::string source;
  std::string text;
};

// What one turn does. `transaction` contains the Events too.
struct Plan {
  Transaction transaction;
  std::vector<Reason> reasons;
  std::vector<WaveWait> waits;  // one for each source that waits
  // Earliest moment at which time alone would change the plan (minReadySeconds, progress deadline,
  // event expiry).
  std::optional<MonoTime> wake_at;
  // A limit (kMaxCreatesPerTurn, kMaxDeletesPerTurn) cut this turn short: take another at once.
  bool more = false;
};

// PURE. One turn: applies `changes` as far as their sync waves allow (reconciler/waves.h), then
// runs every kind's controller (Deployment, ReplicaSet, ReplicationController, Service, namespaces,
// garbage collection, statuses) and the scheduler over the result until none has anything to write,
// all in memory. Order of objects does not matter; on an unchanged world the transaction is empty.
// Holds at most kMaxCreatesPerTurn pods created for workloads and kMaxDeletesPerTurn removed to
// scale them down (SEMANTICS 1.5); the rest follows in the next turn.
//
// `settled`, null or what the last call left there, says what need not be looked at again: the time
// that a turn takes is that of what changed. The plan is the same with and without it, whatever
// state it is of.
//
// A pod that `foreseen`, null or of the commit that is carried out, names a host for goes there
// when that host can take it (reconciler/foresee.h).
//
// With WaveRule::kIgnore all is declared at once, and of sources with waves nothing goes yet: for a
// model that was just recovered, of which everything runs already.
class Settled;
enum class WaveRule { kHold, kIgnore };
Plan Reconcile(const ClusterState& state, const ObjectChanges& changes, Now now,
               Settled* settled = nullptr, WaveRule waves = WaveRule::kHold,
               const Foreseen* foreseen = nullptr);
inline constexpr int kMaxCreatesPerTurn = 500;
inline constexpr int kMaxDeletesPerTurn = 500;

// PURE. The Event writes for reasons that came from elsewhere (agents): the same aggregation as
// Reconcile's own.
Transaction RecordReasons(const ClusterState& state, const std::vector<Reason>& reasons, Now now);

// Applies a plan's or any writes to a state, as the store would.
ClusterState Apply(const ClusterState& state, const Transaction& transaction);

}  // namespace reconcile
