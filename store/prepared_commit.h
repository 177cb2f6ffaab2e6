#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/store.h"

namespace reconcile {

// Named limits of a commit; beyond them it is refused as Invalid.
inline constexpr size_t kMaxWritesPerCommit = 200'000;
inline constexpr size_t kMaxObjectBytes = 8 << 20;  // as encoded

// One change of a commit together with its stored form.
struct PreparedWrite {
  Change change;
  std::string json;  // EncodeFor::kStore of change.after; empty for a deletion
};

// A transaction worked out against a snapshot; nothing has been written.
struct PreparedCommit {
  std::shared_ptr<const ClusterState> next;  // at the last change's revision
  std::vector<PreparedWrite> writes;         // in the transaction's order
  std::vector<Change> Changes() const;
};

// What all stores agree on about a commit. Conflict when `current` is not at `expected`; Invalid
// when a key is written twice, an object stands under another's key, or a limit is exceeded.
// Deleting what does not exist changes nothing; when nothing at all changes `writes` is empty and
// the revision stays. Changes are numbered on from `expected`, each with a revision of its own;
// objects are cloned and get theirs as resource_version.
Result<PreparedCommit> PrepareCommit(const std::shared_ptr<const ClusterState>& current,
                                     const Transaction& transaction, Revision expected);

// Why changes after `revision` cannot be given, or OK.
Status CheckStillKept(Revision revision, Revision compacted, Revision newest);

}  // namespace reconcile
