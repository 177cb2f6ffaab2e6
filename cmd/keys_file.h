#pragma once

#include <map>
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

// The files of keys, by path below the data folder: "secrets.key", "known_hosts", "ca/NAME".
using KeyFiles = std::map<std::string, std::string>;
// Invalid when the file is damaged or not one of these; NotFound.
Result<KeyFiles> ReadKeysFile(const std::string& file);

// Makes a file of mode 0600, durably and whole or not at all; nothing may be there.
Status WriteNewFile(const std::string& path, const std::string& bytes);

}  // namespace reconcile
