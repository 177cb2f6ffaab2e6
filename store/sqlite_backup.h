#pragma once

#include <functional>
#include <string>

#include "base/time.h"
#include "schema/cluster_state.h"

namespace reconcile {

// A backup is one database file as of one revision, mode 0600, that `sqlite3` can read: with the
// checksums of all rows, and in `meta` which cluster it is of and when it was made. Secrets in it
// stay sealed: whoever restores it needs the key of its time.
struct BackupInfo {
  std::string cluster_id;
  Revision revision = 0;
  std::string made_at;  // RFC 3339, UTC
  size_t objects = 0;
};

// Gives the keys for Secrets, newest first; asked again when they were changed meanwhile.
using ReadKeysFunction = std::function<Result<std::string>()>;

// Makes a backup of a database that a controller may be writing to (FAULTS 30), and verifies it.
// Conflict when `file` is there already; NotFound without a database; nothing is left behind on
// failure. Blocks; any thread.
Result<BackupInfo> BackUpSqlite(const std::string& database_path, const ReadKeysFunction& read_keys,
                                const std::string& file, WallTime now);

// Whether a database may be restored to `database_path`: Conflict when one is there.
Status CheckRestorePlace(const std::string& database_path);

// Puts a backup in place of a database that is not there, after verifying all of it. The store's
// next controller begins a new lineage. Conflict when a controller runs there or a database is
// there; Invalid when `file` is no backup, is damaged or was sealed with other keys. Nothing is
// left behind on failure.
Result<BackupInfo> RestoreSqlite(const std::string& file, const std::string& keys,
                                 const std::string& database_path);

}  // namespace reconcile
