#include "cmd/repository_place.h"

#include <filesystem>

#include "source/git_layout.h"
#include "source/repository_url.h"

namespace reconcile {
namespace {

namespace fs = std::filesystem;

bool IsFolder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool IsBareRepository(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path / "HEAD", error) && IsFolder(path / "objects") &&
         IsFolder(path / "refs");
}

fs::path Canonical(const std::string& path) {
  std::error_code error;
  fs::path canonical = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) canonical = fs::path(path).lexically_normal();
  return canonical.has_filename() ? canonical : canonical.parent_path();
}

}  // namespace

RepositoryPlace FindRepositoryPlace(const std::string& path) {
  const fs::path start = Canonical(path);
  if (IsBareRepository(start)) {
    return {.root = start.string(), .inside = "", .is_git = true, .is_bare = true};
  }
  for (fs::path folder = start;; folder = folder.parent_path()) {
    std::error_code error;
    if (fs::exists(fs::symlink_status(folder / ".git", error))) {
      const std::string inside = start.lexically_relative(folder).string();
      return {.root = folder.string(), .inside = inside == "." ? "" : inside, .is_git = true};
    }
    if (!folder.has_relative_path()) return {.root = start.string(), .inside = ""};
  }
}

bool IsSameRepository(const std::string& root, const std::string& other_root) {
  const Result<GitLayout> layout = FindGitLayout(root);
  const Result<GitLayout> other = FindGitLayout(other_root);
  if (layout.ok() && other.ok()) return layout->common_dir == other->common_dir;
  return Canonical(root) == Canonical(other_root);
}

std::string JoinFolders(const std::string& folder, const std::string& inside) {
  if (folder.empty() || inside.empty()) return folder + inside;
  return folder + "/" + inside;
}

Status CheckRepositoryIsThere(const std::string& repository) {
  if (IsRemoteRepository(repository)) return OkStatus();
  const Status found = FindGitLayout(repository).status();
  if (found.ok()) return found;
  std::error_code error;
  if (fs::exists(repository, error)) return found;
  return InvalidError(found.message() +
                      ". Name a Git repository that is there, or make this one: `git init " +
                      repository + "`, and commit manifests to it");
}

}  // namespace reconcile
