#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/worker_pool.h"
#include "source/git_child.h"
#include "source/repository_url.h"

namespace reconcile {

// What a fetch of a remote source is made of. Values, so that it can go to a worker's thread.
struct RemoteJob {
  std::string self_path;
  SourceSpec spec;
  GitLimits limits;
  FetchLimits fetch_limits;
  CacheLimits cache_limits;
  std::string known_hosts_path;  // of keys that a person accepted
  std::shared_ptr<const BlobMap> known;
  std::string previous;  // commit that this spec led to last; may be empty
  int cancel_fd = -1;
  std::shared_ptr<GitChildren> children;
  std::optional<HostKey> offered_key;  // out: the host key that was refused
};

// The folder that a remote repository is fetched into: a bare repository of its own user, whom
// nobody else on the machine is, and one thread, so that a server that hangs delays no other
// source.
//
// Sources of one repository with the same credentials share it. Thread: Run() on the pool's thread,
// everything else where it is made.
class RemoteCache {
 public:
  // `folder` is made when it is first used; its parent is `caches`, made with mode 0700.
  RemoteCache(EventLoop* loop, std::string caches, std::string name);

  WorkerPool& workers() { return workers_; }
  // Fetches what the spec names and reads it from the cache. A cache that is damaged is made anew,
  // once for each thing that is wrong. Blocks.
  Result<FetchedCommit> Run(RemoteJob* job);

 private:
  Result<bool> Prepare();  // whether the folder is new
  Status Remove();
  Result<FetchAnswer> Fetch(RemoteJob* job);
  // Whether trying once more with a new folder may help.
  bool MayBeBroken(const Status& status, const std::string& commit);

  const std::string caches_;
  const std::string folder_;
  const uid_t user_;  // 0: this process's own, which is not root
  bool outgrown_ = false;
  std::string rebuilt_for_;  // what was wrong when it was made anew last
  WorkerPool workers_;
};

// "git.example.org-shop-1a2b3c4d": a name for a repository's cache, by its URL and by whose
// credentials it is read.
std::string CacheName(const SourceSpec& spec);

// Puts a host's key into the file at `path`, in the place of those it had. Durable when it returns.
Status WriteAcceptedKey(const std::string& path, const RepositoryUrl& url, const HostKey& key);

// Removes folders of `caches` that nothing was fetched into for kUnusedCacheMs.
inline constexpr int64_t kUnusedCacheMs = int64_t{30} * 24 * 3'600'000;
void RemoveUnusedCaches(const std::string& caches);

}  // namespace reconcile
