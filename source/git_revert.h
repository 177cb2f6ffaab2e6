#pragma once

#include <string>

#include "base/status.h"

namespace reconcile {

// Of a local repository with a work tree: a commit that takes back what came after another one.
struct RevertRequest {
  std::string repository;  // absolute path
  std::string from;        // the newest commit, full id
  std::string to;          // one of its ancestors, full id
  std::string branch;      // to be made
};

// Writes what `git revert TO..FROM` in one commit would onto a new branch that begins at `from`;
// its id. The work tree, the index and every other branch stay as they are. Author and committer
// are Git's user.name and user.email, of the repository's configuration or the user's. Invalid when
// the repository is bare, belongs to another user or names nobody, when `to` is no ancestor of
// `from`; Conflict when there is such a branch. Blocks.
Result<std::string> WriteRevertBranch(const RevertRequest& request);

}  // namespace reconcile
