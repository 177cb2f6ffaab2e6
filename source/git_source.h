#pragma once

#include <memory>
#include <string>

#include "base/epoll_loop.h"
#include "base/parallel.h"
#include "base/worker_pool.h"
#include "source/fetch_limits.h"
#include "source/manifest_source.h"

namespace reconcile {

// Limits of the child that reads a repository (DESIGN 5, "Git is read as objects"). Each has an
// error that names it.
struct GitLimits {
  int64_t timeout_ms = 60'000;
  int64_t memory_bytes = int64_t{1} << 30;  // address space
  int64_t cpu_seconds = 60;
  int64_t file_size_bytes = int64_t{256} << 20;
  size_t max_blob_bytes = 3 << 20;
  size_t max_files = 20'000;  // manifests
  size_t max_total_bytes = 64 << 20;
  size_t max_tree_depth = 32;
  size_t max_tree_entries = 500'000;  // files and folders of all kinds that are looked at
};

// Where and how remote repositories are fetched.
struct RemoteOptions {
  std::string folder;  // of the caches and accepted host keys, the data folder; "": none is
  FetchLimits fetch;   // fetched, remote sources are refused
  CacheLimits cache;
};

// ManifestSource on Git repositories; SHA-1. Local ones: bare, work trees and linked work trees.
// Remote ones: https and ssh URLs (source/repository_url.h), fetched into a cache by a child that
// can do nothing but that (see GitFetchMain), each on a thread of its own, and read from there.
//
// A revision is "" (HEAD), a branch, a tag, a full ref name or a commit id of at least four digits,
// or, of local repositories, a way from one of these (HEAD~1, main^2, main@{1});
// a name that is both a branch and a tag of different commits is refused. Below `spec.path` the
// blobs *.yaml, *.yml and *.json and kustomizations are read as they are stored: nothing is checked
// out, no filter or hook runs, no configuration outside the repository is read (one that includes
// such a file is refused where the kernel has Landlock). Names that start with a dot are passed
// over. Symbolic links, submodules and .gitmodules are named in warnings and not followed. What
// kustomizations name is handed on wherever it lies in the commit, symbolic links as such
// (schema/kustomize/reach.h). Object databases elsewhere (objects/info/alternates) are refused.
//
// Each reading runs `<self_path> git-read` as a limited, unprivileged child (see GitReadMain)
// on `executor` and reads its answer from a pipe; inotify on the refs gives the hints. The child
// for the next reading waits already (GitChildren). Blobs of the last fetch are not read again.
// `loop` and `executor` must outlive the source; destroying it drops the callbacks of what is under
// way.
std::unique_ptr<ManifestSource> MakeGitSource(EpollLoop* loop, Executor* executor,
                                              std::string self_path, GitLimits limits = {},
                                              RemoteOptions remote = {});

// The hidden subcommand `reconcile git-fetch`: takes a FetchRequest (source/fetch_protocol.h) on
// standard input, brings what its revision names into a bare repository, and answers on standard
// output. Credentials come and go by pipes and memory alone.
//
// Started by root, it becomes a user that nobody else is, makes the cache its root folder, drops
// every capability, and, where the kernel has Landlock, can write nothing but that folder and
// connect to no TCP port but the URL's. It looks the host's name up before that, as that user, and
// connects to nothing but the addresses it got, none of them a forbidden one (FAULTS 7). Redirects
// are not followed (FAULTS 8). Returns the exit code: 0 when it answered.
int GitFetchMain();

// The hidden subcommand `reconcile git-read`: takes one order (EncodeReadOrder, source/git_child.h)
// on standard input, reads that commit from the object database and writes it to standard output as
// length-framed records (source/git_records.h). Returns the exit code: 0 when the records say how
// it ended, 2 for a wrong order.
//
// The parent starts it as the owner of the repository's folder. From its order on it gains no
// privileges, drops all capabilities but reading and searching files, and, where the kernel has
// Landlock, can read nothing but the repository's Git folders, write nothing and open no TCP
// connection. Without Landlock, a repository that belongs to root is read with a warning that says
// so.
int GitReadMain();

// The manifests of a working tree as they lie on disk (tracked or not, without ignored files): for
// previews. Blocks; for the command line. Never follows a symlink by itself. `path` may be a folder
// inside a work tree, or one that has nothing to do with Git. Invalid when it is no folder or a
// limit is passed. The same names are read, passed over and warned of as from a commit. What
// kustomizations name is read wherever it lies in the work tree, and in that folder alone outside
// of any. `parallel`: for reading and hashing; null: in turn.
Result<FetchedCommit> ReadWorkingTree(const std::string& path, const GitLimits& limits = {},
                                      Parallel* parallel = nullptr);

}  // namespace reconcile
