#include "source/git_layout.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include "base/unique_fd.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kMaxPointerBytes = 4096;  // a path and its label
constexpr size_t kMaxAlternatesBytes = 64 << 10;

std::optional<std::string> RealPath(const std::string& path) {
  struct Free {
    void operator()(char* text) const { free(text); }
  };
  const std::unique_ptr<char, Free> real(realpath(path.c_str(), nullptr));
  if (real == nullptr) return std::nullopt;
  return std::string(real.get());
}

bool IsFolder(const std::string& path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

bool MayPoint(uid_t pointer_owner, uid_t folder_owner) {
  return pointer_owner == folder_owner || pointer_owner == 0;
}

struct SmallFile {
  std::string text;
  uid_t owner = 0;
};

// A regular file of at most `max_bytes`; nullopt when it is not there or is anything else.
std::optional<SmallFile> ReadSmallFile(const std::string& path, size_t max_bytes) {
  // O_NONBLOCK: opening a pipe somebody put there must not wait.
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat found = {};
  if (!fd.ok() || fstat(fd.get(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
  SmallFile file{std::string(max_bytes + 1, '\0'), found.st_uid};
  const ssize_t size = read(fd.get(), file.text.data(), file.text.size());
  if (size < 0 || static_cast<size_t>(size) > max_bytes) return std::nullopt;
  file.text.resize(static_cast<size_t>(size));
  return file;
}

// The path that a pointer file names, relative to `base`; nullopt when it is not such a file.
Result<std::optional<std::string>> FollowPointer(const std::string& file, const std::string& base,
                                                 std::string_view label, uid_t owner) {
  const std::optional<SmallFile> pointer = ReadSmallFile(file, kMaxPointerBytes);
  if (!pointer || !pointer->text.starts_with(label)) return std::optional<std::string>();
  if (!MayPoint(pointer->owner, owner)) {
    return InvalidError(Quoted(file) + " belongs to another user than the repository");
  }
  std::string target = pointer->text.substr(label.size());
  while (!target.empty() && (target.back() == '\n' || target.back() == '\r')) target.pop_back();
  if (target.empty() || target.find('\0') != std::string::npos) {
    return InvalidError(Quoted(file) + " names no path");
  }
  const std::optional<std::string> real =
      RealPath(target.starts_with('/') ? target : base + "/" + target);
  if (!real || !IsFolder(*real)) {
    return InvalidError(Quoted(file) + " names a folder that does not exist: " + Quoted(target));
  }
  return real;
}

// The folder with HEAD, for the work tree or bare repository at `folder`.
Result<std::string> FindGitDir(const std::string& folder, uid_t owner) {
  const std::string dot_git = folder + "/.git";
  struct stat found = {};
  if (lstat(dot_git.c_str(), &found) == 0 && (S_ISDIR(found.st_mode) || S_ISLNK(found.st_mode))) {
    if (!MayPoint(found.st_uid, owner)) {
      return InvalidError(Quoted(dot_git) + " belongs to another user than the repository");
    }
    const std::optional<std::string> real = RealPath(dot_git);
    if (real && IsFolder(*real)) return *real;
  }
  const auto pointed = FollowPointer(dot_git, folder, "gitdir: ", owner);
  if (!pointed.ok()) return pointed.status();
  if (*pointed) return **pointed;
  if (IsFolder(folder + "/objects") && IsFolder(folder + "/refs")) return folder;
  return InvalidError(Quoted(folder) +
                      " is not a Git repository: no .git in it, and it is no bare "
                      "repository either (to follow a folder inside a repository, give the "
                      "repository and the folder's path apart)");
}

}  // namespace

Result<GitLayout> FindGitLayout(const std::string& folder) {
  GitLayout layout;
  struct stat found = {};
  const std::optional<std::string> real = RealPath(folder);
  if (folder.find('\0') != std::string::npos || !real || stat(real->c_str(), &found) != 0) {
    return InvalidError("no repository at " + Quoted(folder) + ": " + strerror(errno));
  }
  if (!S_ISDIR(found.st_mode)) return InvalidError(Quoted(folder) + " is not a folder");
  layout.folder = *real;
  layout.owner = found.st_uid;
  layout.group = found.st_gid;
  Result<std::string> git_dir = FindGitDir(layout.folder, layout.owner);
  if (!git_dir.ok()) return git_dir.status();
  layout.git_dir = *git_dir;
  const auto common =
      FollowPointer(layout.git_dir + "/commondir", layout.git_dir, "", layout.owner);
  if (!common.ok()) return common.status();
  layout.common_dir = common->value_or(layout.git_dir);
  return layout;
}

Status CheckNoAlternates(const GitLayout& layout) {
  const std::string file = layout.common_dir + "/objects/info/alternates";
  struct stat found = {};
  if (lstat(file.c_str(), &found) != 0 || (S_ISREG(found.st_mode) && found.st_size == 0)) {
    return OkStatus();
  }
  const std::optional<SmallFile> alternates = ReadSmallFile(file, kMaxAlternatesBytes);
  return InvalidError(
      "it borrows objects from " +
      (alternates ? Quoted(alternates->text.substr(0, alternates->text.find('\n'))) : "elsewhere") +
      " (objects/info/alternates), which is not read: make it complete with `git repack -a -d` and "
      "remove that file");
}

}  // namespace reconcile
