#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace reconcile {

// The keys of a data folder in one file of mode 0600, for `reconcile backup --keys`: secrets.key
// and all of ca/. Whoever has it can read the backup's Secrets and speak for the cluster.
inline constexpr size_t kMaxKeysFileBytes = 64 << 20;

// Conflict when `file` is there already. Returns what it holds.
Result<std::vector<std::string>> WriteKeysFile(const std::string& data_folder,
                                               const std::string& file);

// Puts the keys into the folder. All is verified before anything is written: Invalid when the file
// is damaged or not one of these, Conflict when the folder holds a file of that name with other
// content. Files that are there with the same content stay. Returns what it put there.
Result<std::vector<std::string>> RestoreKeysFile(const std::string& file,
                                                 const std::string& data_folder);

}  // namespace reconcile
