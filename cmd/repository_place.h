#pragma once

#include <string>

#include "base/status.h"

namespace reconcile {

// Where a path that a person named lies. Absolute, without symbolic links as far as it exists.
struct RepositoryPlace {
  std::string root;    // of the work tree or bare repository; the path itself outside of any
  std::string inside;  // the folder from there to the path, as "shop/web"; "" at the root
  bool is_git = false;
  bool is_bare = false;
};
// Looks at local files; blocks. Folders above `path` are searched for a work tree, as Git does.
RepositoryPlace FindRepositoryPlace(const std::string& path);

// Whether both are the same repository: work trees that are linked to one are. Blocks.
bool IsSameRepository(const std::string& root, const std::string& other_root);

// "a/b", or the one that is not empty.
std::string JoinFolders(const std::string& folder, const std::string& inside);

// For a repository that is to be followed from now on: Invalid, with what to do, when it is a path
// and no repository is there. Of URLs nothing is asked. Blocks on local files.
Status CheckRepositoryIsThere(const std::string& repository);

}  // namespace reconcile
