#include "store/memory_store.h"

#include <utility>

#include "store/prepared_commit.h"

namespace reconcile {

MemoryStore::MemoryStore(int64_t max_changes_kept)
    : max_changes_kept_(max_changes_kept), snapshot_(std::make_shared<const ClusterState>()) {}

Result<Revision> MemoryStore::Commit(const Transaction& transaction, Revision expected) {
  CHECK(!watches_.notifying());
  if (transaction.empty()) return expected;
  Result<PreparedCommit> commit = PrepareCommit(snapshot_, transaction, expected);
  if (!commit.ok()) return commit.status();
  if (commit->writes.empty()) return expected;
  if (unavailable_) return UnavailableError("the disk is full; nothing was written");
  const std::vector<Change> changes = commit->Changes();
  changes_.insert(changes_.end(), changes.begin(), changes.end());
  snapshot_ = commit->next;
  while (static_cast<int64_t>(changes_.size()) > max_changes_kept_) {
    ForgetUpTo(changes_.front().revision);
  }
  watches_.Notify(changes);
  return snapshot_->revision();
}

Result<std::vector<Change>> MemoryStore::ChangesSince(Revision revision) const {
  RETURN_IF_ERROR(CheckStillKept(revision, compacted_, snapshot_->revision()));
  std::vector<Change> result;
  for (const Change& change : changes_) {
    if (change.revision > revision) result.push_back(change);
  }
  return result;
}

Store::WatchId MemoryStore::Watch(WatchFunction on_changes) {
  return watches_.Add(std::move(on_changes));
}

void MemoryStore::Unwatch(WatchId watch) { watches_.Remove(watch); }

Status MemoryStore::Compact(Revision revision) {
  if (revision > snapshot_->revision()) {
    return InvalidError("cannot compact up to revision " + std::to_string(revision) +
                        ": the store is at " + std::to_string(snapshot_->revision()));
  }
  if (revision > compacted_) ForgetUpTo(revision);
  return OkStatus();
}

void MemoryStore::ForgetUpTo(Revision revision) {
  while (!changes_.empty() && changes_.front().revision <= revision) changes_.pop_front();
  compacted_ = revision;
}

}  // namespace reconcile
