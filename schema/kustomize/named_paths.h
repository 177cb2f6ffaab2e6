#pragma once

#include <string>
#include <vector>

#include "base/value.h"

namespace reconcile::kustomize {

// Everything that may be a path in a kustomization, as it is written. Knows where paths may stand
// and nothing else: what is wrong with them, the rendering says.
std::vector<std::string> NamedPaths(const Value& kustomization);

// Of these, what a Secret may be made or changed with: files of secretGenerators, and patches.
std::vector<std::string> SecretPaths(const Value& kustomization);

}  // namespace reconcile::kustomize
