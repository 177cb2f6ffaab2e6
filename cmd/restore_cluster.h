#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/sqlite_backup.h"

namespace reconcile {

// The files of a data folder that belong together, and what is done when one of them is missing:
// docs/operations-state.md has the table.

// Whether the cluster of this database may begin with the CA that is in `ca_folder`, or have one
// made: NotFound, with what to do, when it had one and the folder is missing or empty. `cluster`:
// nullptr for a database that holds none yet.
Status CheckAuthorityIsThere(const Cluster* cluster, const std::string& ca_folder,
                             const std::string& database_path);

struct RestoreRequest {
  std::string file;       // what `reconcile backup` made; "": the keys alone
  std::string keys_file;  // what `reconcile backup --keys` made; "": none
  std::string data_folder;
};

struct RestoreReport {
  BackupInfo info;                // of the backup, when there is one
  std::vector<std::string> done;  // lines that tell what was put where
};

// Puts a backup, and what its keys file has and the data folder has not, in place: all of it or
// nothing. Everything is verified before, with the keys that will be in force. What is in the
// folder is never replaced by something older:
//   secrets.key  stays where there is one; a backup that only the keys file's opens is sealed with
//                it anew
//   ca/          stays; revocations, spent tokens and the newest CA of the keys file come into it
//   known_hosts  stays
// Errors name the file, why, and what to do; then every file is as it was.
Result<RestoreReport> RestoreCluster(const RestoreRequest& request);

}  // namespace reconcile
