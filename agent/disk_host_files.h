#pragma once

#include <memory>
#include <string>

#include "agent/host_files.h"

namespace reconcile {

// HostFiles below the folder `root`, which is made with mode 0700, as are the folders in it. The
// host's key lies in `key_file` (32 bytes, made with mode 0600 on first use), outside of `root`, so
// that a copy of the folder gives nothing away.
std::unique_ptr<HostFiles> MakeDiskHostFiles(const std::string& root, const std::string& key_file);

}  // namespace reconcile
