#pragma once

#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "schema/manifests.h"

namespace reconcile::kustomize {

// Walks paths as they are written, through symbolic links.
struct PathResolver {
  static constexpr int kMaxLinks = 40;  // followed for one path, as Linux does

  // By canonical paths. What the link there points to; null where there is no link.
  std::function<const std::string*(const std::string&)> link_at;
  std::function<bool(const std::string&)> is_folder;
  // The source's folder from the repository's root, "deploy/prod"; "" is the root, or not known.
  // Paths that come back into it are canonical only without the way around.
  std::string source_folder;

  // The canonical path of `path`, which is written in a file of `folder`. Invalid when it leaves
  // the repository, is absolute or goes in circles. It need not exist.
  Result<std::string> Resolve(const std::string& folder, std::string_view path) const;
};

// The files of a source as a tree: paths are resolved here and nowhere else, so that nothing
// outside the repository can be named, whatever symbolic links say. PURE. Paths are as ManifestFile
// has them; those of files beside or above the source's folder begin with "../".
class FileTree {
 public:
  // Borrows `files`, which must outlive the tree. `source_folder` is as PathResolver's.
  explicit FileTree(const std::vector<ManifestFile>& files, std::string source_folder = "");

  // As PathResolver's.
  Result<std::string> Resolve(const std::string& folder, std::string_view path) const;

  // The file at a canonical path; nullptr when there is none.
  const ManifestFile* Find(const std::string& path) const;
  bool IsFolder(const std::string& path) const { return folders_.contains(path); }
  const std::set<std::string>& folders() const { return folders_; }

 private:
  std::map<std::string, const ManifestFile*, std::less<>> files_;
  std::set<std::string> folders_;  // "" is the source's folder
  const std::string source_folder_;
};

// Everything before the last slash; "" when there is none.
std::string FolderOf(const std::string& path);
std::string JoinPath(const std::string& folder, std::string_view name);

// `name` in a canonical folder: as JoinPath, but "deploy" in ".." is "" for a source in "deploy".
// Every file of a repository so has one path, whatever way leads to it.
std::string StepInto(const std::string& folder, const std::string& name,
                     std::string_view source_folder);

inline constexpr std::array<std::string_view, 3> kKustomizationNames = {
    "kustomization.yaml", "kustomization.yml", "Kustomization"};
bool IsKustomizationName(std::string_view name);

// "https://...", "git@host:...", "github.com/owner/repository?ref=v1" and the like.
bool IsRemote(std::string_view path);

}  // namespace reconcile::kustomize
