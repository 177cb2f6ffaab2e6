#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/status.h"
#include "schema/cluster_state.h"

namespace reconcile {

// One object changed at `revision`. `before` is null for a creation, `after` for a deletion.
struct Change {
  Revision revision = 0;
  ObjectKey key;
  ObjectPtr before;
  ObjectPtr after;
};

// The seam to durable state: a revisioned key space with compare-and-swap and watch. Production:
// SqliteStore. Loop thread only, unless said otherwise.
class Store {
 public:
  using WatchId = uint64_t;
  using WatchFunction = std::function<void(const std::vector<Change>&)>;

  virtual ~Store() = default;

  // Everything at the newest revision. Never null; immutable; may be read on any thread.
  virtual std::shared_ptr<const ClusterState> Snapshot() const = 0;

  // Makes all writes durable together, or none of them. Each change gets a revision of its own, in
  // the transaction's order; a put object's resource_version becomes that of its change, and the
  // last one is the store's and returned. States between them are never seen. Conflict when the
  // store is not at `expected` any more: take a new snapshot and plan again. Unavailable when the
  // disk refused (full, I/O error): nothing was written, nothing was acknowledged, try again later.
  // An empty transaction writes nothing and returns `expected`.
  virtual Result<Revision> Commit(const Transaction& transaction, Revision expected) = 0;

  // All changes after `revision`, in order. NotFound ("compacted") when they are no longer kept:
  // list again.
  virtual Result<std::vector<Change>> ChangesSince(Revision revision) const = 0;

  // Calls `on_changes` after each commit with its changes, on the loop thread, until Unwatch.
  virtual WatchId Watch(WatchFunction on_changes) = 0;
  virtual void Unwatch(WatchId watch) = 0;

  // Forgets changes up to and including `revision`; the objects stay.
  virtual Status Compact(Revision revision) = 0;

  // Seals Secrets with a new key from now on, and all that are stored anew with it, in bounded
  // steps. Returns how many rows that were. After a failure some are sealed with either key, both
  // are kept, and the next call goes on. Invalid for a store that seals nothing or does not keep
  // its key itself.
  virtual Result<int64_t> RotateSecretKey() {
    return InvalidError("this store has no key that could be rotated");
  }
};

}  // namespace reconcile
