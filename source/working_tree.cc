#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "schema/kustomize/files.h"
#include "schema/kustomize/reach.h"
#include "schema/text.h"
#include "source/git_handles.h"
#include "source/git_source.h"
#include "source/manifest_names.h"

namespace reconcile {
namespace {

constexpr size_t kMaxWarnings = 1000;

// What Git would pass over below a folder. Outside a work tree: nothing.
class IgnoreRules {
 public:
  explicit IgnoreRules(const std::string& folder) {
    int code = 0;
    repository_ =
        MakeGitHandle<GitRepository>(&code, git_repository_open_ext, folder.c_str(), 0U, nullptr);
    const char* root = repository_ ? git_repository_workdir(repository_.get()) : nullptr;
    std::error_code error;
    if (root != nullptr) {
      const auto inside = std::filesystem::relative(folder, root, error);
      if (!error && !inside.empty() && inside != ".") prefix_ = inside.string() + "/";
      index_ = MakeGitHandle<GitIndex>(&code, git_repository_index, repository_.get());
    }
    if (index_ == nullptr) repository_ = nullptr;
    root_ = repository_ == nullptr ? folder : root;
    if (repository_ == nullptr) prefix_.clear();
  }

  bool InWorkTree() const { return repository_ != nullptr; }
  const std::string& root() const { return root_; }      // of the work tree, or the folder itself
  const std::string& prefix() const { return prefix_; }  // from there to the folder

  // `path` is relative to the folder. What is tracked is not ignored, whatever the rules say.
  bool IgnoresFile(const std::string& path) const { return IgnoresFromRoot(prefix_ + path); }
  bool IgnoresFromRoot(const std::string& full) const {
    if (repository_ == nullptr) return false;
    return git_index_get_bypath(index_.get(), full.c_str(), 0) == nullptr && Matches(full);
  }
  bool IgnoresFolder(const std::string& path) const {
    if (repository_ == nullptr) return false;
    const std::string full = prefix_ + path + "/";
    size_t position = 0;
    return git_index_find_prefix(&position, index_.get(), full.c_str()) != 0 && Matches(full);
  }

 private:
  bool Matches(const std::string& path) const {
    int ignored = 0;
    return git_ignore_path_is_ignored(&ignored, repository_.get(), path.c_str()) == 0 &&
           ignored != 0;
  }

  GitRepository repository_;
  GitIndex index_;
  std::string root_;
  std::string prefix_;  // ends in a slash, or is empty
};

Status PassedLimit(const std::string& what, std::string_view limit, size_t value) {
  return InvalidError(what + " passes the limit " + std::string(limit) + " = " +
                      std::to_string(value));
}

Status CannotRead(const std::string& path) {
  return InvalidError("cannot read " + Quoted(path) + ": " + strerror(errno));
}

// All bytes of an open file that was there as `path`.
Result<std::string> ReadOpenFile(int fd, const std::string& path, const GitLimits& limits) {
  struct stat found = {};
  if (fstat(fd, &found) != 0) return CannotRead(path);
  const auto too_large = [&] {
    return PassedLimit("file " + Quoted(path), "max_blob_bytes", limits.max_blob_bytes);
  };
  if (static_cast<uint64_t>(found.st_size) > limits.max_blob_bytes) return too_large();
  std::string bytes(static_cast<size_t>(found.st_size) + 1, '\0');
  size_t filled = 0;
  while (true) {
    const ssize_t size = read(fd, bytes.data() + filled, bytes.size() - filled);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return CannotRead(path);
    if (size == 0) break;
    filled += static_cast<size_t>(size);
    if (filled > limits.max_blob_bytes) return too_large();
    if (filled == bytes.size()) bytes.resize(bytes.size() * 2);
  }
  bytes.resize(filled);
  return bytes;
}

Result<ManifestFile> MakeFile(const std::string& path, Result<std::string> bytes) {
  if (!bytes.ok()) return bytes.status();
  git_oid id = {};
  const int code = git_odb_hash(&id, bytes->data(), bytes->size(), GIT_OBJECT_BLOB);
  if (code != 0) return GitFailure(code, "file " + Quoted(path));
  return ManifestFile{path, FormatGitId(id),
                      std::make_shared<const std::string>(std::move(*bytes))};
}

class DiskWalk {
 public:
  DiskWalk(const IgnoreRules& rules, const GitLimits& limits, Parallel* parallel)
      : rules_(rules), limits_(limits), parallel_(parallel) {}

  // `folder` is taken over; `prefix` is "" or ends in a slash.
  Status Walk(UniqueFd folder, const std::string& prefix, size_t depth);
  Result<FetchedCommit> Finish();
  // Kustomization files that are symbolic links.
  const std::vector<std::string>& links() const { return links_; }

 private:
  Result<std::vector<std::string>> List(UniqueFd folder, const std::string& prefix);
  Status TakeEntry(const std::shared_ptr<const UniqueFd>& folder, const std::string& name,
                   const std::string& prefix, std::vector<std::string>* folders);
  Status TakeFolder(int parent, const std::string& name, const std::string& path, size_t depth);
  Status TakeFile(const std::shared_ptr<const UniqueFd>& folder, const std::string& name,
                  const std::string& path);
  Status ReadNamed();
  Result<ManifestFile> TakeBytes(int folder, const std::string& name,
                                 const std::string& path) const;
  void Warn(const std::string& path, const std::string& message);

  const IgnoreRules& rules_;
  const GitLimits& limits_;
  Parallel* parallel_;
  FetchedCommit found_;
  struct Named {
    std::shared_ptr<const UniqueFd> folder;
    std::string name;
    std::string path;
  };
  std::vector<Named> named_;  // still to be read
  size_t named_bytes_ = 0;    // of these, as they were when they were seen
  size_t named_folders_ = 0;  // that they keep open
  std::vector<std::string> links_;
  size_t entries_ = 0;
  size_t total_bytes_ = 0;
};

Result<std::vector<std::string>> DiskWalk::List(UniqueFd folder, const std::string& prefix) {
  DIR* const raw = fdopendir(folder.get());
  if (raw == nullptr) return CannotRead(prefix);
  folder.Release();
  const std::unique_ptr<DIR, int (*)(DIR*)> opened(raw, closedir);
  std::vector<std::string> names;
  while (const dirent* entry = readdir(opened.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (++entries_ > limits_.max_tree_entries) {
      return PassedLimit("the number of files and folders", "max_tree_entries",
                         limits_.max_tree_entries);
    }
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status DiskWalk::Walk(UniqueFd folder, const std::string& prefix, size_t depth) {
  if (depth > limits_.max_tree_depth) {
    return PassedLimit("folder " + Quoted(prefix), "max_tree_depth", limits_.max_tree_depth);
  }
  const int fd = folder.get();
  UniqueFd listed(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!listed.ok()) return CannotRead(prefix);
  const auto names = List(std::move(listed), prefix);
  if (!names.ok()) return names.status();
  const auto shared = std::make_shared<const UniqueFd>(std::move(folder));
  std::vector<std::string> folders;
  for (const std::string& name : *names) {
    RETURN_IF_ERROR(TakeEntry(shared, name, prefix, &folders));
  }
  constexpr size_t kMostNamedFolders = 200;
  if (++named_folders_ >= kMostNamedFolders) RETURN_IF_ERROR(ReadNamed());
  for (const std::string& name : folders) {
    RETURN_IF_ERROR(TakeFolder(fd, name, prefix + name, depth));
  }
  return OkStatus();
}

Status DiskWalk::TakeEntry(const std::shared_ptr<const UniqueFd>& folder, const std::string& name,
                           const std::string& prefix, std::vector<std::string>* folders) {
  const std::string path = prefix + name;
  struct stat found = {};
  if (fstatat(folder->get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? OkStatus() : CannotRead(path);  // gone since it was listed
  }
  if (S_ISDIR(found.st_mode)) {
    if (!IsHiddenName(name) && !rules_.IgnoresFolder(path)) folders->push_back(name);
    return OkStatus();
  }
  if (S_ISLNK(found.st_mode)) {
    if (rules_.IgnoresFile(path)) return OkStatus();
    Warn(path, "symbolic link, not followed");
    if (kustomize::IsKustomizationName(name) && IsSourcePath(path)) links_.push_back(path);
    return OkStatus();
  }
  if (name == ".gitmodules") Warn(path, "submodules are not followed");
  if (IsHiddenName(name) || !IsSourceName(name) || rules_.IgnoresFile(path)) return OkStatus();
  if (!S_ISREG(found.st_mode)) {
    Warn(path, "not a regular file, not read");
    return OkStatus();
  }
  named_bytes_ += static_cast<size_t>(found.st_size);
  return TakeFile(folder, name, path);
}

Status DiskWalk::TakeFolder(int parent, const std::string& name, const std::string& path,
                            size_t depth) {
  UniqueFd folder(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!folder.ok()) return CannotRead(path);
  if (rules_.InWorkTree() && faccessat(folder.get(), ".git", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    Warn(path, "submodule, not followed");
    return OkStatus();
  }
  return Walk(std::move(folder), path + "/", depth + 1);
}

Status DiskWalk::TakeFile(const std::shared_ptr<const UniqueFd>& folder, const std::string& name,
                          const std::string& path) {
  if (!IsSourcePath(path)) {
    return InvalidError("file name " + Quoted(path) +
                        " has control characters, is not UTF-8 or is too long");
  }
  if (found_.files.size() + named_.size() >= limits_.max_files) {
    return PassedLimit("the number of manifests", "max_files", limits_.max_files);
  }
  named_.push_back({folder, name, path});
  constexpr size_t kMostNamedBytes = 8 << 20;
  return named_bytes_ >= kMostNamedBytes ? ReadNamed() : OkStatus();
}

// Reads what was seen so far.
Status DiskWalk::ReadNamed() {
  const std::vector<Named> named = std::exchange(named_, {});
  named_bytes_ = 0;
  named_folders_ = 0;
  std::vector<Result<ManifestFile>> read(named.size(), InternalError("not read"));
  InTurn in_turn;
  Parallel* const parallel = parallel_ == nullptr ? &in_turn : parallel_;
  parallel->ForEach(named.size(), [&](size_t i) {
    read[i] = TakeBytes(named[i].folder->get(), named[i].name, named[i].path);
  });
  for (Result<ManifestFile>& file : read) {
    if (!file.ok()) return file.status();
    total_bytes_ += file->bytes->size();
    if (total_bytes_ > limits_.max_total_bytes) {
      return PassedLimit("the size of all manifests", "max_total_bytes", limits_.max_total_bytes);
    }
    found_.files.push_back(std::move(*file));
  }
  return OkStatus();
}

// On any thread.
Result<ManifestFile> DiskWalk::TakeBytes(int folder, const std::string& name,
                                         const std::string& path) const {
  const UniqueFd fd(openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.ok()) return CannotRead(path);
  return MakeFile(path, ReadOpenFile(fd.get(), path, limits_));
}

void DiskWalk::Warn(const std::string& path, const std::string& message) {
  if (found_.warnings.size() >= kMaxWarnings) return;
  Problem warning;
  warning.file = path;
  warning.message = message;
  found_.warnings.push_back(std::move(warning));
}

Result<FetchedCommit> DiskWalk::Finish() {
  RETURN_IF_ERROR(ReadNamed());
  std::sort(found_.files.begin(), found_.files.end(),
            [](const ManifestFile& a, const ManifestFile& b) { return a.path < b.path; });
  std::stable_sort(found_.warnings.begin(), found_.warnings.end(),
                   [](const Problem& a, const Problem& b) { return a.file < b.file; });
  return std::move(found_);
}

// What kustomizations name of the work tree that the source's folder lies in; of that folder alone
// where it lies in none.
class DiskReach final : public kustomize::Reach {
 public:
  // Adds to `tree`, which was read from the folder.
  DiskReach(const IgnoreRules& rules, const GitLimits& limits, FetchedCommit* tree)
      : rules_(rules), limits_(limits), tree_(tree) {
    for (const ManifestFile& file : tree->files) {
      paths_.insert(file.path);
      total_bytes_ += file.bytes->size();
    }
  }

  Result<Type> Look(const std::string& path) override {
    const auto parts = PartsFromRoot(rules_.prefix(), path);
    if (!parts && !rules_.InWorkTree()) WarnOfAbove(path);
    if (!parts || path.size() > kMaxManifestPathBytes) return Type::kNothing;
    if (parts->empty()) return Type::kFolder;
    const UniqueFd folder = OpenFolderOf(*parts);
    const std::string& name = parts->back();
    struct stat found = {};
    const bool is_there = folder.ok() && name != ".git" &&
                          fstatat(folder.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0;
    if (!is_there) return Type::kNothing;
    if (S_ISDIR(found.st_mode)) return Type::kFolder;
    if (!IsReachedPath(path) || rules_.IgnoresFromRoot(Joined(*parts))) return Type::kNothing;
    if (S_ISLNK(found.st_mode)) return Type::kLink;
    return S_ISREG(found.st_mode) ? Type::kFile : Type::kNothing;
  }

  Result<std::shared_ptr<const std::string>> Take(const std::string& path) override {
    const auto parts = PartsFromRoot(rules_.prefix(), path);
    CHECK(parts && !parts->empty());  // Look said that it is there
    Result<ManifestFile> file = ReadAt(*parts, path);
    if (!file.ok()) return file.status();
    const std::shared_ptr<const std::string> bytes = file->bytes;
    if (!paths_.insert(path).second) return bytes;
    total_bytes_ += bytes->size();
    if (paths_.size() > limits_.max_files) {
      return PassedLimit("the number of manifests", "max_files", limits_.max_files);
    }
    if (total_bytes_ > limits_.max_total_bytes) {
      return PassedLimit("the size of all manifests", "max_total_bytes", limits_.max_total_bytes);
    }
    if (file->symbolic_link) {
      std::erase_if(tree_->warnings, [&](const Problem& each) { return each.file == path; });
    }
    tree_->files.push_back(std::move(*file));
    return bytes;
  }

 private:
  void WarnOfAbove(const std::string& path) {
    if (tree_->warnings.size() >= kMaxWarnings) return;
    Problem warning;
    warning.file = path;
    warning.message =
        "outside a Git repository nothing above the folder is read; validate from the folder that "
        "holds both";
    tree_->warnings.push_back(std::move(warning));
  }

  static std::string Joined(const std::vector<std::string>& parts) {
    std::string joined;
    for (const std::string& part : parts) joined += (joined.empty() ? "" : "/") + part;
    return joined;
  }

  // The folder that the last part lies in; none where a part is a link, or a repository of its own.
  UniqueFd OpenFolderOf(const std::vector<std::string>& parts) const {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
    UniqueFd folder(open(rules_.root().c_str(), kFlags));
    for (size_t i = 0; i + 1 < parts.size() && folder.ok(); ++i) {
      if (parts[i] == ".git") return UniqueFd();
      folder = UniqueFd(openat(folder.get(), parts[i].c_str(), kFlags));
      const bool is_repository = folder.ok() && rules_.InWorkTree() &&
                                 faccessat(folder.get(), ".git", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
      if (is_repository) return UniqueFd();
    }
    return folder;
  }

  Result<ManifestFile> ReadAt(const std::vector<std::string>& parts,
                              const std::string& path) const {
    const UniqueFd folder = OpenFolderOf(parts);
    if (!folder.ok()) return CannotRead(path);
    std::string target(kMaxManifestPathBytes, '\0');
    const ssize_t size =
        readlinkat(folder.get(), parts.back().c_str(), target.data(), target.size());
    if (size >= 0) {
      target.resize(static_cast<size_t>(size));
      Result<ManifestFile> link = MakeFile(path, std::move(target));
      if (link.ok()) link->symbolic_link = true;
      return link;
    }
    const UniqueFd fd(
        openat(folder.get(), parts.back().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd.ok()) return CannotRead(path);
    return MakeFile(path, ReadOpenFile(fd.get(), path, limits_));
  }

  const IgnoreRules& rules_;
  const GitLimits& limits_;
  FetchedCommit* const tree_;
  std::set<std::string> paths_;
  size_t total_bytes_ = 0;
};

// Adds what the tree's kustomizations name.
Status ReachFrom(const IgnoreRules& rules, const GitLimits& limits,
                 const std::vector<std::string>& links, FetchedCommit* tree) {
  std::vector<ManifestFile> kustomizations;
  for (const ManifestFile& file : tree->files) {
    const std::string name = file.path.substr(file.path.rfind('/') + 1);
    if (kustomize::IsKustomizationName(name)) kustomizations.push_back(file);
  }
  DiskReach reach(rules, limits, tree);
  for (const std::string& link : links) {
    const auto taken = reach.Take(link);
    if (!taken.ok()) return taken.status();
  }
  RETURN_IF_ERROR(kustomize::FollowKustomizations(kustomizations, rules.prefix(), &reach));
  std::sort(tree->files.begin(), tree->files.end(),
            [](const ManifestFile& a, const ManifestFile& b) { return a.path < b.path; });
  return OkStatus();
}

}  // namespace

Result<FetchedCommit> ReadWorkingTree(const std::string& path, const GitLimits& limits,
                                      Parallel* parallel) {
  const GitLibrary library;
  UniqueFd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok()) {
    return InvalidError("cannot read the folder " + Quoted(path) + ": " + strerror(errno));
  }
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  if (error) return InvalidError("cannot read the folder " + Quoted(path));
  const IgnoreRules rules(real.string());
  DiskWalk walk(rules, limits, parallel);
  RETURN_IF_ERROR(walk.Walk(std::move(folder), "", 0).WithContext(path));
  Result<FetchedCommit> read = walk.Finish();
  if (!read.ok()) return read.status().WithContext(path);
  FetchedCommit tree = std::move(*read);
  RETURN_IF_ERROR(ReachFrom(rules, limits, walk.links(), &tree).WithContext(path));
  tree.id = "worktree";
  tree.subject = "the working tree of " + path;
  tree.committed_at = ReadSystemClock().wall;
  return tree;
}

}  // namespace reconcile
