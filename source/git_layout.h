#pragma once

#include <sys/types.h>

#include <string>

#include "base/status.h"

namespace reconcile {

// Where a repository keeps what it is made of. Absolute paths without symbolic links.
struct GitLayout {
  std::string folder;   // as asked for
  std::string git_dir;  // HEAD: the folder itself when bare, its .git, or a linked work tree's own
  std::string common_dir;  // refs, packed-refs and objects: git_dir but for linked work trees
  uid_t owner = 0;         // of `folder`
  gid_t group = 0;
};

// Follows `.git` and `commondir` as Git does, but only where the pointing file belongs to the
// folder's owner or to root: it decides what a privileged reader opens. Invalid when there is no
// repository at `folder` itself (folders above are not searched). Blocks on local files.
Result<GitLayout> FindGitLayout(const std::string& folder);

// Invalid when the repository borrows objects from another one (objects/info/alternates): that one
// is not covered by what the configuration allows to be read, and a commit would depend on it.
Status CheckNoAlternates(const GitLayout& layout);

}  // namespace reconcile
