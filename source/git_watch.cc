#include "source/git_watch.h"

#include <dirent.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/log.h"
#include "source/git_layout.h"

namespace reconcile {
namespace {

constexpr uint32_t kEvents = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE |
                             IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
constexpr uint32_t kFolderGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_Q_OVERFLOW;
// How often the search for what to watch starts again because the files moved meanwhile.
constexpr int kMaxRebuildRounds = 8;

bool Exists(const std::filesystem::path& path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0;
}

bool IsSubfolder(const std::string& folder, const dirent& entry) {
  if (std::strcmp(entry.d_name, ".") == 0 || std::strcmp(entry.d_name, "..") == 0) return false;
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat found = {};
  return lstat((folder + "/" + entry.d_name).c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

}  // namespace

GitWatch::GitWatch(EpollLoop* loop, std::string repository, Task on_hint)
    : loop_(loop),
      repository_(std::filesystem::absolute(repository).lexically_normal()),
      on_hint_(std::move(on_hint)) {
  Rebuild();
}

GitWatch::~GitWatch() {
  if (inotify_.ok()) loop_->UnwatchFd(inotify_.get());
  loop_->Cancel(quiet_timer_);
}

void GitWatch::OnReadable() {
  alignas(inotify_event) std::array<char, 16 << 10> buffer;
  while (true) {
    const ssize_t size = read(inotify_.get(), buffer.data(), buffer.size());
    if (size <= 0) break;
    for (size_t at = 0; at < static_cast<size_t>(size);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      const char* name = buffer.data() + at + sizeof(event);
      Take(event.wd, event.mask, event.len == 0 ? std::string() : std::string(name));
      at += sizeof(event) + event.len;
    }
  }
  if (changed_ && quiet_timer_ == 0) Act();
}

void GitWatch::Take(int watch, uint32_t mask, const std::string& name) {
  if ((mask & kFolderGone) != 0) {
    changed_ = stale_ = true;
    return;
  }
  const auto found = roles_.find(watch);
  if (found == roles_.end() || (mask & IN_IGNORED) != 0) return;
  const Role& role = found->second;
  const bool is_folder = (mask & IN_ISDIR) != 0;
  if (role.any_name || (!role.awaited.empty() && name == role.awaited)) {
    changed_ = stale_ = true;
  } else if (role.refs && !name.ends_with(".lock")) {
    changed_ = true;
    if (is_folder) stale_ = true;
  } else if (role.git_dir && (name == "HEAD" || name == "packed-refs")) {
    changed_ = true;
  } else if (role.git_dir && (name == "refs" || name == "commondir")) {
    changed_ = stale_ = true;
  }
}

void GitWatch::Act() {
  changed_ = false;
  if (std::exchange(stale_, false)) Rebuild();
  quiet_timer_ = loop_->After(kQuietMs, [this] {
    quiet_timer_ = 0;
    if (changed_) Act();
  });
  const Task on_hint = on_hint_;  // it may replace this watch
  on_hint();
}

void GitWatch::Rebuild() {
  for (int round = 0; round < kMaxRebuildRounds; ++round) {
    if (inotify_.ok()) loop_->UnwatchFd(inotify_.get());
    roles_.clear();
    inotify_.Reset(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!inotify_.ok()) {
      LogWarning("cannot watch a repository; it is looked at from time to time",
                 {{"repository", repository_}, {"reason", strerror(errno)}});
      return;
    }
    if (AddFolders()) break;
  }
  loop_->WatchFd(inotify_.get(), [this] { OnReadable(); });
}

// False when what it found changed while it looked.
bool GitWatch::AddFolders() {
  std::filesystem::path existing = repository_;
  std::string next;
  while (!Exists(existing) && existing.has_relative_path()) {
    next = existing.filename();
    existing = existing.parent_path();
  }
  Role* role = AddFolder(existing);
  if (!next.empty()) {
    if (role != nullptr) role->awaited = next;
    return !Exists(existing / next);
  }
  const Result<GitLayout> layout = FindGitLayout(repository_);
  if (!layout.ok()) {
    if (role != nullptr) role->any_name = true;
    return !FindGitLayout(repository_).ok();
  }
  if (role != nullptr) role->awaited = ".git";
  for (const std::string& folder : {layout->git_dir, layout->common_dir}) {
    Role* git_dir = AddFolder(folder);
    if (git_dir != nullptr) git_dir->git_dir = true;
  }
  AddRefs(layout->common_dir + "/refs", 0);
  return true;
}

void GitWatch::AddRefs(const std::string& path, int depth) {
  if (depth > kMaxRefDepth) return;
  Role* role = AddFolder(path);
  if (role == nullptr) return;
  role->refs = true;
  // After the watch: what comes into being from here on is told.
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
  if (folder == nullptr) return;
  while (const dirent* entry = readdir(folder.get())) {
    if (IsSubfolder(path, *entry)) AddRefs(path + "/" + entry->d_name, depth + 1);
  }
}

GitWatch::Role* GitWatch::AddFolder(const std::string& path) {
  int watch = -1;
  if (roles_.size() < kMaxWatchedFolders) {
    watch = inotify_add_watch(inotify_.get(), path.c_str(), kEvents);
    if (watch >= 0) return &roles_[watch];
    if (errno == ENOENT || errno == ENOTDIR) return nullptr;
  }
  if (!std::exchange(warned_, true)) {
    LogWarning("cannot watch all of a repository; it is looked at from time to time",
               {{"repository", repository_},
                {"reason", roles_.size() < kMaxWatchedFolders ? strerror(errno)
                                                              : "too many folders of refs"}});
  }
  return nullptr;
}

}  // namespace reconcile
