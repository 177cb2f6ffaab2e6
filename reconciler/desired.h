#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "schema/cluster_state.h"
#include "schema/codec.h"
#include "schema/core.h"

namespace reconcile {

// What one source declares at one commit: defaults filled, references checked, origin set on every
// object.
struct DesiredState {
  std::string source;
  std::string commit;
  ObjectMap objects;
  int64_t waved = 0;  // of these, how many are of another sync wave than 0
};

// More replicas than this in one object are refused: a typing error must not flood the hosts.
inline constexpr int32_t kMaxReplicasPerWorkload = 100'000;
// As stored. The store takes twice as much, so that there is room for what controllers add.
inline constexpr size_t kMaxDeclaredObjectBytes = 4 << 20;

// PURE. Sets origins, checks references against the commit itself and `state` (a namespace that is
// neither declared nor there is an error; a missing ConfigMap, a Service that selects nothing are
// warnings), checks sizes, immutable fields and that no other source owns an object. Any error in
// `problems` means: do not apply.
DesiredState BuildDesired(const std::string& source, const std::string& commit,
                          const std::vector<ObjectPtr>& objects, const ClusterState& state,
                          Problems* problems);

// Objects that a turn's sources take, each with where it is declared.
using Claims = std::map<ObjectKey, Origin>;
// PURE. Errors for what `desired` declares and another followed source owns, in `state` or by
// `claims`, or a controller, and for addresses and ports of Services that others have
// (reconciler/service_addresses.h). BuildDesired looks at owners too, but at the model as it was
// then.
void CheckOwners(const DesiredState& desired, const ClusterState& state, const Claims& claims,
                 Problems* problems);

// The same for some of its objects, and for all that is claimed.
void CheckOwnersOf(const std::set<ObjectKey>& keys, const DesiredState& desired,
                   const ClusterState& state, const Claims& claims, Problems* problems);
// BuildDesired for one object: adds it to `desired`; references are not checked.
void AddDesired(const ObjectPtr& object, const ClusterState& state, DesiredState* desired,
                Problems* problems);
// Whether a declared object may take the place of `known`, the object of the model.
void CheckAgainst(const Object& declared, const Object& known, const std::string& source,
                  const ClusterState& state, Problems* problems);

// PURE. What BuildDesired finds wrong with an object by itself, whatever else is declared or there.
void CheckDeclared(const Object& declared, Problems* problems);

enum class ChangeType { kCreate, kChange, kDelete, kUnchanged };
std::string_view ToString(ChangeType type);

// One object of a source compared with the model.
struct ObjectChange {
  ChangeType type = ChangeType::kUnchanged;
  ObjectKey key;
  ObjectPtr before;  // null for kCreate
  ObjectPtr after;   // null for kDelete; as declared, without server-set metadata
  std::vector<FieldChange> fields;
};
using ObjectChanges = std::vector<ObjectChange>;  // sorted by key

// PURE. Every object the source declares or owns in the model. Order of input does not matter. What
// controllers add (annotation deployment.kubernetes.io/revision, server-set metadata, status) is no
// difference. What an annotation keeps from being pruned is none either, and keeps its namespace;
// nor is what one keeps from being changed (ChangeProtectionOf): `after` is then as it stays.
ObjectChanges Diff(const DesiredState& desired, const ClusterState& observed);
// The same for some keys. `*left_over` is set when one of them is the source's, is declared no more
// and stays: it goes already, or others need it.
ObjectChanges DiffOf(const std::set<ObjectKey>& keys, const DesiredState& desired,
                     const ClusterState& observed, bool* left_over);
// What the source declares no more and does not go, because an annotation keeps it
// (PruneProtectionOf).
std::vector<ObjectPtr> KeptFromPruning(const DesiredState& desired, const ClusterState& observed);
// What would change and does not, because an annotation keeps it as it is (ChangeProtectionOf).
ObjectChanges KeptFromChanging(const DesiredState& desired, const ClusterState& observed);
// All keys that Diff looks at.
std::set<ObjectKey> KeysOf(const DesiredState& desired, const ClusterState& observed);

// The deletion breaker (DESIGN 5).
struct BreakerLimits {
  int32_t max_objects = 50;     // removed within the window
  int32_t max_percent = 50;     // of the source's objects, or of its running pods ...
  int32_t min_for_percent = 5;  // ... when at least so many would go
  int64_t window_ms = 3'600'000;
};
struct BreakerVerdict {
  std::optional<HeldPrune> held;  // none: the changes may be applied
  // What they take away, for RememberPrune once they are applied. Nothing when a person confirmed
  // them: what was meant does not hold the commits after it.
  RecentPrune counted;
};
// What `changes` take away, a short hash of each: the same for the same removal of the same object.
std::vector<std::string> RemovalMarks(const ObjectChanges& changes);
// PURE. Whether `changes` run into a limit. Counts objects deleted, objects scaled to zero, renames
// and recreations, and running pods that stop, each together with what the source lost within the
// window (status.recent_prunes), out of all that it had there; considers all workloads of a
// namespace going and an empty tree. A commit that takes nothing away is never held for earlier
// ones. A hold confirmed for the same plan hash, or named by a `Reconcile-Confirm: prune=<hash>`
// trailer in `confirmations`, does not hold. Nor does what was let through before and waits
// (status.let_through): it is not counted again.
BreakerVerdict CheckBreaker(const ObjectChanges& changes, const ClusterState& state,
                            const Source& source, const std::string& commit,
                            const std::vector<std::string>& confirmations,
                            const BreakerLimits& limits, WallTime now);

// PURE. Adds `counted` to a source's recent prunes and forgets those that left the window. At most
// kMaxRecentPrunes are kept: beyond that the two oldest become one, as old as the younger.
void RememberPrune(const RecentPrune& counted, const BreakerLimits& limits, WallTime now,
                   SourceStatus* status);
inline constexpr size_t kMaxRecentPrunes = 64;

}  // namespace reconcile
