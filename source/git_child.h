#pragma once

#include <sys/types.h>

#include <string>

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

// Both run a limited child of this binary to its end: call them from a worker's thread. When
// `cancel_fd` becomes readable the child is killed.

// `reconcile git-read` (GitReadMain): the commit that the spec names at `place`.
Result<FetchedCommit> RunGitRead(const std::string& self_path, const SourceSpec& spec,
                                 const GitPlace& place, const GitLimits& limits,
                                 const BlobMap& known, int cancel_fd);

// `reconcile git-fetch` (GitFetchMain). A child that does not answer is an error here; what it
// answers may be one too.
Result<FetchAnswer> RunGitFetch(const std::string& self_path, const FetchRequest& request,
                                const GitLimits& limits, int cancel_fd);

}  // namespace reconcile
