#pragma once

#include <string>

#include "base/parallel.h"
#include "cmd/commands.h"
#include "source/manifest_source.h"

namespace reconcile {

// The manifests that a command was pointed at: the working tree at `path`, or, with `revision` or
// when `path` is a bare repository, that commit, branch or tag of the repository that `path` lies
// in; `folder` is below `path`. `parallel` may be null. Invalid where the controller would refuse
// it too. Blocks.
Result<FetchedCommit> ReadManifests(const std::string& path, const std::string& revision,
                                    const std::string& folder, const CommandContext& context,
                                    Parallel* parallel = nullptr);

// One file, *.yaml, *.yml or *.json, of no repository. Invalid for others and for one that is too
// large.
Result<FetchedCommit> ReadManifestFile(const std::string& path);

// The kustomization file in the folder of `path` that names this file as a patch; empty when none
// does.
std::string FindKustomizationOfPatch(const std::string& path);

// What comes on standard input, as one file: stdin.json where it begins with a brace, else
// stdin.yaml. Invalid when it is too large.
Result<FetchedCommit> ReadManifestInput();

}  // namespace reconcile
