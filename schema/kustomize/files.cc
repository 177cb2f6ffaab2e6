#include "schema/kustomize/files.h"

#include <algorithm>
#include <array>
#include <utility>

#include "schema/text.h"

namespace reconcile::kustomize {
namespace {

std::vector<std::string> PartsOf(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    if (slash != 0) parts.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return parts;
}

}  // namespace

FileTree::FileTree(const std::vector<ManifestFile>& files, std::string source_folder)
    : source_folder_(std::move(source_folder)) {
  folders_.insert("");
  std::string above;
  for (size_t i = 0; i < PartsOf(source_folder_).size(); ++i) {
    above = JoinPath(above, "..");
    folders_.insert(above);
  }
  for (const ManifestFile& file : files) {
    if (file.bytes == nullptr) continue;
    files_.emplace(file.path, &file);
    for (std::string folder = FolderOf(file.path); folders_.insert(folder).second;) {
      folder = FolderOf(folder);
    }
  }
}

Result<std::string> PathResolver::Resolve(const std::string& folder, std::string_view path) const {
  if (path.starts_with('/')) {
    return InvalidError("the path " + Quoted(path) +
                        " is absolute; name a path inside the repository, relative to this file");
  }
  // A stack of what is still to be walked, the next part last.
  std::vector<std::string> ahead = PartsOf(path);
  std::reverse(ahead.begin(), ahead.end());
  std::string at = folder;
  int links = 0;
  while (!ahead.empty()) {
    const std::string part = std::move(ahead.back());
    ahead.pop_back();
    if (part == ".") continue;
    if (part == "..") {
      const bool above = at.empty() || at == ".." || at.ends_with("/..");
      at = above ? JoinPath(at, "..") : FolderOf(at);
      if (!is_folder(at)) {
        return InvalidError("the path " + Quoted(path) +
                            " leads out of the repository, or to nothing in it");
      }
      continue;
    }
    const std::string next = StepInto(at, part, source_folder);
    const std::string* const link = link_at(next);
    if (link == nullptr) {
      at = next;
      continue;
    }
    if (++links > kMaxLinks) {
      return InvalidError("the path " + Quoted(path) + " has symbolic links without end");
    }
    if (link->starts_with('/')) {
      return InvalidError("the path " + Quoted(path) + " leads through the symbolic link " + next +
                          ", which points to an absolute path: it leaves the repository");
    }
    std::vector<std::string> target = PartsOf(*link);
    if (target.size() + ahead.size() > 1000) {
      return InvalidError("the path " + Quoted(path) + " is too long");
    }
    ahead.insert(ahead.end(), target.rbegin(), target.rend());
  }
  return at;
}

Result<std::string> FileTree::Resolve(const std::string& folder, std::string_view path) const {
  const PathResolver resolver{
      [this](const std::string& at) -> const std::string* {
        const ManifestFile* file = Find(at);
        return file != nullptr && file->symbolic_link ? file->bytes.get() : nullptr;
      },
      [this](const std::string& at) { return IsFolder(at); }, source_folder_};
  return resolver.Resolve(folder, path);
}

const ManifestFile* FileTree::Find(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : found->second;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string JoinPath(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

std::string StepInto(const std::string& folder, const std::string& name,
                     std::string_view source_folder) {
  const bool is_above = folder == ".." || folder.ends_with("/..");
  if (!is_above) return JoinPath(folder, name);
  const size_t above = static_cast<size_t>(std::count(folder.begin(), folder.end(), '/')) + 1;
  const std::vector<std::string> parts = PartsOf(source_folder);
  if (above > parts.size() || parts[parts.size() - above] != name) return JoinPath(folder, name);
  return FolderOf(folder);
}

bool IsKustomizationName(std::string_view name) {
  return std::find(kKustomizationNames.begin(), kKustomizationNames.end(), name) !=
         kKustomizationNames.end();
}

bool IsRemote(std::string_view path) {
  constexpr std::array<std::string_view, 7> kBeginnings = {
      "git@", "git::", "github.com/", "github.com:", "gitlab.com/", "bitbucket.org/", "gh:"};
  return path.find("://") != std::string_view::npos ||
         path.find("?ref=") != std::string_view::npos ||
         std::any_of(kBeginnings.begin(), kBeginnings.end(),
                     [&](std::string_view beginning) { return path.starts_with(beginning); });
}

}  // namespace reconcile::kustomize
