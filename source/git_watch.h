#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "base/epoll_loop.h"
#include "base/unique_fd.h"

namespace reconcile {

// Calls back when the refs or HEAD of a repository may have moved, by inotify: at once for the
// first change, then once for all that come within kQuietMs. Works for a repository that does not
// exist yet, and for one that is deleted and made again. Changes that the kernel does not tell (an
// ancestor renamed, more than kMaxWatchedFolders folders, watches used up) are missed. Loop thread
// only.
class GitWatch {
 public:
  static constexpr int64_t kQuietMs = 20;
  static constexpr size_t kMaxWatchedFolders = 8000;
  static constexpr int kMaxRefDepth = 32;

  GitWatch(EpollLoop* loop, std::string repository, Task on_hint);
  ~GitWatch();
  GitWatch(const GitWatch&) = delete;
  GitWatch& operator=(const GitWatch&) = delete;

 private:
  // What a folder is watched for; one may be watched for several.
  struct Role {
    bool refs = false;      // any name in it
    bool git_dir = false;   // HEAD, packed-refs, refs
    bool any_name = false;  // a folder that may become a repository
    std::string awaited;    // the one name that leads on to the repository
  };

  void OnReadable();
  void Take(int watch, uint32_t mask, const std::string& name);
  void Act();
  void Rebuild();
  bool AddFolders();
  void AddRefs(const std::string& path, int depth);
  Role* AddFolder(const std::string& path);

  EpollLoop* const loop_;
  const std::string repository_;
  const Task on_hint_;
  UniqueFd inotify_;
  std::unordered_map<int, Role> roles_;  // by watch descriptor
  bool changed_ = false;                 // something to hint at
  bool stale_ = false;                   // the watched folders are not the right ones any more
  bool warned_ = false;
  TimerId quiet_timer_ = 0;  // runs since the last hint
};

}  // namespace reconcile
