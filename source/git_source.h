#pragma once

#include <memory>
#include <string>

#include "base/epoll_loop.h"
#include "base/worker_pool.h"
#include "source/manifest_source.h"

namespace reconcile {

// Limits of the child that reads a repository (DESIGN 5, "Git is read as objects").
struct GitLimits {
  int64_t timeout_ms = 60'000;
  int64_t memory_bytes = int64_t{1} << 30;  // address space
  int64_t cpu_seconds = 60;
  int64_t file_size_bytes = int64_t{256} << 20;
  size_t max_blob_bytes = 3 << 20;
  size_t max_files = 20'000;
  size_t max_total_bytes = 64 << 20;
  size_t max_tree_depth = 32;
};

// ManifestSource on Git. Each fetch runs `<self_path> git-read ...` as a limited, unprivileged
// child (of the repository's owner; see GitReadMain) and reads its answer from a pipe; inotify on
// the refs gives the hints.
std::unique_ptr<ManifestSource> MakeGitSource(EpollLoop* loop, Executor* executor,
                                              std::string self_path, GitLimits limits = {});

// The hidden subcommand `reconcile git-read`: reads one commit from the object database and writes
// it to standard output as length-framed records. Returns the exit code.
int GitReadMain(int argc, char** argv);

// The manifests of a working tree as they lie on disk (tracked or not, without ignored files): for
// previews. Blocks; for the command line. Never follows symlinks.
Result<FetchedCommit> ReadWorkingTree(const std::string& path, const GitLimits& limits = {});

}  // namespace reconcile
