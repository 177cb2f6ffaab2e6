#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// Whether a file of this name is read wherever it lies: a manifest, or a kustomization, which may
// have no ending. Files of other names are read when a kustomization names them.
bool IsSourceName(std::string_view name);

// Whether `path` can be the path of a file inside a source: UTF-8 without control characters, no
// empty, "." or ".." parts, not too long.
bool IsSourcePath(std::string_view path);

// Whether `path` can be the path of a file that a kustomization reaches: the same, and there may be
// "../" before it, once and again.
bool IsReachedPath(std::string_view path);

// The parts of what `path` is from the repository's root, of a source in its folder `folder`, both
// cleaned; "" is the source's folder itself. Nothing when it lies outside the repository.
std::optional<std::vector<std::string>> PartsFromRoot(const std::string& folder,
                                                      std::string_view path);

}  // namespace reconcile
