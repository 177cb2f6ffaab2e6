#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"

namespace reconcile {

enum class Confinement {
  kComplete,    // the kernel refuses everything but what was asked for
  kNoLandlock,  // this kernel cannot; privileges and capabilities are given up all the same
};

// From here on this process can gain no privileges, holds no capability but reading and searching
// any file, and, with Landlock, reads nothing but what lies in `folders`, writes and executes
// nothing and makes no TCP connection. Descriptors that are open stay usable. Irrevocable.
Result<Confinement> ConfineToReading(const std::vector<std::string>& folders);

// Makes `folder` all that this process sees, as "/", and `user` (with a group of the same number)
// all that it is; no capability is left. `before` runs as that user while the machine's files are
// still there (names are resolved in it). For a process of root; `user` is not root. Descriptors
// that are open stay usable. Irrevocable. The path to `folder` may be closed to `user`.
Status EnterFolder(const std::string& folder, uid_t user, const std::function<Status()>& before);

// From here on this process can gain no privileges, holds no capability and, with Landlock, reads
// and writes nothing but what lies in `folder`, executes nothing and connects to no TCP port but
// `port`. Irrevocable.
Result<Confinement> ConfineToFetching(const std::string& folder, uint16_t port);

}  // namespace reconcile
