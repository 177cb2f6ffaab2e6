#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "sim/disk/sim_disk.h"
#include "store/memory_store.h"
#include "tests/support/store_testing.h"

namespace reconcile::store_testing {

inline constexpr int kWorkloadSteps = 16;

inline SqliteStoreOptions OptionsOn(const SimDisk& disk) {
  SqliteStoreOptions options = OptionsFor("cluster.db");
  options.vfs = disk.vfs_name();
  options.lock_file = false;
  options.max_changes_kept = 15;
  options.checkpoint_pages = 12;  // so that the log is copied and begun again within the workload
  return options;
}

// A script that touches everything the adapter does: objects of one page and of many, secrets,
// deletions, the log's limit, checkpoints, and closing in between.
inline Transaction WorkloadStep(int step) {
  const std::string number = std::to_string(step);
  Transaction transaction;
  transaction.writes = {PutConfigMap("n" + std::to_string(step % 5), number)};
  if (step % 3 == 0) transaction.writes.push_back(Remove("n" + std::to_string((step + 2) % 5)));
  if (step % 4 == 0) {
    transaction.writes.push_back(
        PutConfigMap("large", std::string(9000, static_cast<char>('a' + step))));
  }
  if (step % 6 == 1) transaction.writes.push_back(PutSecret("s", number));
  return transaction;
}
inline bool ReopensAfter(int step) { return step == 8; }

// Where the undisturbed workload stands after each number of steps, by the fake.
inline const std::vector<Revision>& WorkloadRevisions() {
  static const std::vector<Revision> revisions = [] {
    MemoryStore store;
    std::vector<Revision> after = {0};
    for (int step = 0; step < kWorkloadSteps; ++step) {
      after.push_back(store.Commit(WorkloadStep(step), after.back()).value());
    }
    return after;
  }();
  return revisions;
}
inline Revision RevisionAfter(int64_t steps) {
  return WorkloadRevisions().at(static_cast<size_t>(steps));
}
// After how many steps it stands there; fails for a revision amid a step.
inline int64_t StepsAt(Revision revision) {
  const std::vector<Revision>& all = WorkloadRevisions();
  const auto found = std::find(all.begin(), all.end(), revision);
  CHECK(found != all.end());
  return found - all.begin();
}

// The state after each number of steps of the undisturbed workload, by the fake.
inline std::vector<std::string> WorkloadStates() {
  MemoryStore store;
  std::vector<std::string> states = {TextOf(*store.Snapshot())};
  for (int step = 0; step < kWorkloadSteps; ++step) {
    CHECK(store.Commit(WorkloadStep(step), store.Snapshot()->revision()).ok());
    states.push_back(TextOf(*store.Snapshot()));
  }
  return states;
}

// Runs the workload from where the store stands until a step fails. Returns how many steps were
// acknowledged to the caller.
inline int64_t RunWorkload(const SqliteStoreOptions& options) {
  int64_t acknowledged = 0;
  Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  if (!store.ok()) return acknowledged;
  acknowledged = StepsAt((*store)->Snapshot()->revision());
  for (int step = static_cast<int>(acknowledged); step < kWorkloadSteps; ++step) {
    const Result<Revision> revision =
        (*store)->Commit(WorkloadStep(step), (*store)->Snapshot()->revision());
    if (!revision.ok()) return acknowledged;
    acknowledged = StepsAt(*revision);
    if (!ReopensAfter(step)) continue;
    store.value().reset();
    store = OpenSqliteStore(options);
    if (!store.ok()) return acknowledged;
  }
  return acknowledged;
}

}  // namespace reconcile::store_testing
