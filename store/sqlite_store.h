#pragma once

#include <memory>
#include <string>

#include "store/store.h"

namespace reconcile {

struct SqliteStoreOptions {
  // The database file; its folder exists. "<path>.lock" keeps a second controller out.
  std::string path;
  // Name of a registered SQLite VFS; "" is the system's. The simulator gives its own.
  std::string vfs;
  bool lock_file = true;  // false only where the VFS has no real files
  // Seals the payloads of Secrets: one or more keys of kSecretKeyBytes, newest first. Empty:
  // commits with Secrets are refused.
  std::string secret_key;
  // Where the keys are kept instead (store/secret_key.h): made when it is not there and no key has
  // sealed anything in the database yet; Invalid when it is missing and one has. Then
  // RotateSecretKey works; one that was broken off is ended by opening.
  std::string secret_key_file;
  // This database is a copy of that file, to be looked at: messages name the file, and say nothing
  // of how a controller could begin again. "": it is no copy.
  std::string copy_of;
  // Changes kept for ChangesSince; older ones are compacted in the commit that exceeds it.
  int64_t max_changes_kept = 50'000;
  // Pages in the write-ahead log beyond which a commit copies them into the database.
  int checkpoint_pages = 1000;
  // Told of each commit that wrote or was to: how long the database took, and how it ended. Null:
  // nobody is.
  std::function<void(double seconds, const Status& status)> on_commit = {};
};

// Store on SQLite: WAL, synchronous=FULL, one writer, a checksum per row, schema version with
// migrations. Opening verifies every row: Invalid names the damaged rows and what to do (FAULTS
// 28), as it does for a newer release's database and for another key than the one that sealed it;
// Conflict when another process holds the lock (FAULTS 29). What opening has seen is durable.
//
// The file does not shrink (no auto-vacuum: its pointer pages would be written by every commit, and
// be one more thing that can break): it stays at its high-water mark, which the objects and
// max_changes_kept bound, and free pages are used again.
//
// After a failed commit the transaction is rolled back and the store stays at its revision; every
// commit first checks that the database stands where this process left it, and answers Unavailable
// ("start again") when it does not.
Result<std::unique_ptr<Store>> OpenSqliteStore(const SqliteStoreOptions& options);

}  // namespace reconcile
