#pragma once

#include <string>

#include "cmd/commands.h"
#include "source/manifest_source.h"

namespace reconcile {

// The manifests that a command was pointed at: the working tree at `path`, or, with `revision`,
// that commit, branch or tag of the repository at `path`; `folder` is the path inside it. Blocks.
Result<FetchedCommit> ReadManifests(const std::string& path, const std::string& revision,
                                    const std::string& folder, const CommandContext& context);

}  // namespace reconcile
