#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace reconcile {

// Paths longer than this are refused; Linux' own limit is 4096 with the folders above.
inline constexpr size_t kMaxManifestPathBytes = 1024;

// Whether a file of this name is read: *.yaml, *.yml and *.json, as kubectl takes them, in small
// letters.
bool IsManifestName(std::string_view name);

// Names that start with a dot are passed over, files and folders: .github, .gitlab-ci.yml and the
// like are for other tools, although kubectl --recursive would read them.
bool IsHiddenName(std::string_view name);

// A folder inside a repository without slashes at its ends and in doubles; "" is the root. Invalid
// for "..", ".", control characters, bad UTF-8 and paths that are too long: nothing is normalized
// away that somebody may have meant otherwise.
Result<std::string> CleanFolder(std::string_view folder);

// Whether `path` can be the path of a file inside a source: IsManifestPath without the ending. What
// lies below a kustomization is handed on whatever its name, for generators and patches.
bool IsSourcePath(std::string_view path);

// Files of other names than manifests' are passed over when they are larger: a ConfigMap holds
// less.
inline constexpr size_t kMaxKustomizedFileBytes = 1 << 20;

// Whether `path` can be the path of a manifest inside a source: UTF-8 without control characters,
// no empty, "." or ".." parts, not too long, ending in a manifest's name.
bool IsManifestPath(std::string_view path);

}  // namespace reconcile
