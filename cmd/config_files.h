#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "cmd/config.h"

namespace reconcile {

inline constexpr std::string_view kConfigFolder = "/etc/reconcile";

// `up` must not miss a setting. A client may be somebody who may not read them: then its defaults
// and flags have to do.
enum class ConfigReader { kController, kClient };

// Reads these files. NotFound for one that is not there, Invalid for one that is no file and, with
// every problem, one a line, for what is wrong in them.
Status LoadConfigFiles(const std::vector<std::string>& files, Config* config);
// Reads the folder's *.yaml in the order of their names. A folder that is not there has none; what
// cannot be read is passed over for a client, else Unavailable.
Status LoadConfigFolder(const std::string& folder, ConfigReader reader, Config* config);

// What the command line of `up` says of what to follow; empty where it says nothing.
struct SourceFlags {
  std::string repository;
  std::string revision;
  std::string folder;
};
// Follows `repository` alone, or changes the one configured source. Invalid when there are none, or
// several that the flags could mean.
Status ApplySourceFlags(const SourceFlags& flags, Config* config);

}  // namespace reconcile
