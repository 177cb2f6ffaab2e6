#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "schema/cluster_state.h"
#include "schema/core.h"

namespace reconcile {

// A backup is one database file as of one revision, mode 0600, that `sqlite3` can read: with the
// checksums of all rows, and in `meta` which cluster it is of and when it was made. Secrets in it
// stay sealed: whoever restores it needs the key of its time.
struct BackupInfo {
  std::string cluster_id;
  Revision revision = 0;
  std::string made_at;  // RFC 3339, UTC
  size_t objects = 0;
  std::string key_fingerprint;  // of the key that sealed it; "": none
  bool had_authority = false;   // its cluster has a CA
};

// Whether a cluster with this row has a CA, so that none may be made for it: a CA has signed its
// lineage, or its lineage is yet to be signed after a restore. Clusters from before there were CAs
// have neither.
bool NeedsAuthority(const Cluster& cluster);

// Gives the keys for Secrets, newest first; asked again when they were changed meanwhile.
using ReadKeysFunction = std::function<Result<std::string>()>;

// Makes a backup of a database that a controller may be writing to (FAULTS 30), and verifies it.
// Conflict when `file` is there already; NotFound without a database; nothing is left behind on
// failure. Blocks; any thread.
Result<BackupInfo> BackUpSqlite(const std::string& database_path, const ReadKeysFunction& read_keys,
                                const std::string& file, WallTime now);

// Whether a database may be restored to `database_path`: Conflict when one is there.
Status CheckRestorePlace(const std::string& database_path);

// Puts a backup in place of a database that is not there, in steps, so that others can be verified
// before anything is there. The store's next controller begins a new lineage. It holds the
// database's lock from Begin on; nothing is left behind unless PutInPlace succeeded. One thread.
class SqliteRestore {
 public:
  // Conflict when a controller runs there or a database is there; NotFound; Invalid when `file` is
  // no backup.
  static Result<std::unique_ptr<SqliteRestore>> Begin(const std::string& file,
                                                      const std::string& database_path);
  ~SqliteRestore();

  // What the backup says of itself; `objects` and `had_authority` after Verify.
  const BackupInfo& info() const { return info_; }
  // Verifies every row, and seals with the newest of `keys` what another of them sealed. Invalid
  // when it is damaged or was sealed with none of them. Once.
  Status Verify(const std::string& keys);
  // After Verify.
  Status PutInPlace();

 private:
  struct Parts;
  SqliteRestore(std::unique_ptr<Parts> parts, BackupInfo info);
  const std::unique_ptr<Parts> parts_;
  BackupInfo info_;
};

// What a backup holds, for who only looks: nothing is restored. The file is not changed; a copy of
// it is looked at, in a folder for temporary files that only its user can read. Verifies every row.
// `keys`, newest first, may be empty for a backup without Secrets. NotFound without the file;
// Invalid, which names the file, when it is no backup, is damaged, is of a newer release or holds
// Secrets that no key opens. Blocks; any thread.
struct BackupContents {
  BackupInfo info;
  std::shared_ptr<const ClusterState> state;
};
Result<BackupContents> ReadBackup(const std::string& file, const std::string& keys);

// Which cluster and which key a database belongs to, without opening it whole. Both are "" in one
// that holds nothing yet.
struct StoreIdentity {
  std::string cluster_id;
  std::string key_fingerprint;
};
Result<StoreIdentity> ReadStoreIdentity(const std::string& database_path);

}  // namespace reconcile
