#pragma once

#include <memory>
#include <string>

#include "store/store.h"

namespace reconcile {

struct SqliteStoreOptions {
  std::string
      path;  // the database file; its folder exists. "<path>.lock" keeps a second controller out
  std::string
      vfs;  // name of a registered SQLite VFS; "" is the system's. The simulator gives its own
  bool lock_file = true;  // false only where the VFS has no real files
  // Changes kept for ChangesSince; older ones are compacted in the commit that exceeds it.
  int64_t max_changes_kept = 50'000;
};

// Store on SQLite: WAL, synchronous=FULL, one writer, a checksum per row, schema version with
// migrations. Opening verifies every row: Invalid names the damaged rows and what to do (FAULTS
// 28); Conflict when another process holds the lock (FAULTS 29).
Result<std::unique_ptr<Store>> OpenSqliteStore(const SqliteStoreOptions& options);

}  // namespace reconcile
