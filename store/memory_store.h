#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"
#include "store/watch_list.h"

namespace reconcile {

// Store without a disk: the stateful fake. Keeps the Store contract in full (the contract test runs
// against it too); what it holds is gone with it. Loop thread only.
class MemoryStore final : public Store {
 public:
  explicit MemoryStore(int64_t max_changes_kept = 50'000);

  std::shared_ptr<const ClusterState> Snapshot() const override { return snapshot_; }
  Result<Revision> Commit(const Transaction& transaction, Revision expected) override;
  Result<std::vector<Change>> ChangesSince(Revision revision) const override;
  WatchId Watch(WatchFunction on_changes) override;
  void Unwatch(WatchId watch) override;
  Status Compact(Revision revision) override;

  // While true, commits fail as on a full disk: Unavailable, nothing written.
  void set_unavailable(bool unavailable) { unavailable_ = unavailable; }

 private:
  void ForgetUpTo(Revision revision);

  const int64_t max_changes_kept_;
  std::shared_ptr<const ClusterState> snapshot_;
  std::deque<Change> changes_;  // oldest first
  Revision compacted_ = 0;
  WatchList watches_;
  bool unavailable_ = false;
};

}  // namespace reconcile
