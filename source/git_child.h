#pragma once

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/subprocess.h"
#include "source/fetch_protocol.h"
#include "source/git_records.h"
#include "source/git_source.h"

namespace reconcile {

// Where a repository is read, and as whom.
struct GitPlace {
  std::string shown;  // the repository in messages: its path or URL
  std::string
      cache;  // folder of a fetched one, which the child makes its root; empty: `shown` is it
  uid_t owner = 0;
  gid_t group = 0;
};

// Children that wait for what they are to do. Loading this program takes several times as long as
// reading a repository, so the child for the next look is started when the last one is over. It has
// the identity and the limits of the call that it is for, has touched nothing of any repository, is
// given one order and ends with it. Any thread; children live no longer than the thread that called
// Refill.
class GitChildren {
 public:
  static constexpr size_t kMaxWaiting = 4;  // of different identities, limits or kinds

  // As RunSubprocess(call), by the waiting child for such a call where there is one.
  Result<SubprocessOutput> Run(const SubprocessOptions& call);
  // Starts children for the calls that were run last and have none waiting. Blocks.
  void Refill();

 private:
  struct Place {
    SubprocessOptions call;  // without its input
    std::unique_ptr<WaitingSubprocess> child;
  };
  std::unique_ptr<WaitingSubprocess> Take(const SubprocessOptions& call);

  std::mutex mutex_;
  std::vector<Place> places_;  // the last one used last; guarded by mutex_
};

// What a `git-read` child takes on its standard input: `options` as "--name=value", each followed
// by a NUL byte, one NUL byte, and the ids of the blobs that are not to be sent, 20 bytes each.
std::string EncodeReadOrder(const std::vector<std::string>& options, const BlobMap& known);

// Both run a limited child of this binary to its end: call them from a worker's thread. When
// `cancel_fd` becomes readable the child is killed.

// `reconcile git-read` (GitReadMain): the commit that the spec names at `place`.
Result<FetchedCommit> RunGitRead(const std::string& self_path, const SourceSpec& spec,
                                 const GitPlace& place, const GitLimits& limits,
                                 const BlobMap& known, int cancel_fd, GitChildren* children);

// `reconcile git-fetch` (GitFetchMain). A child that does not answer is an error here; what it
// answers may be one too.
Result<FetchAnswer> RunGitFetch(const std::string& self_path, const FetchRequest& request,
                                const GitLimits& limits, int cancel_fd, GitChildren* children);

}  // namespace reconcile
