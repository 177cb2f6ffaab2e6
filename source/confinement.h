#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace reconcile {

enum class Confinement {
  kComplete,    // the kernel refuses everything but reading the given folders
  kNoLandlock,  // this kernel cannot; privileges and capabilities are given up all the same
};

// From here on this process can gain no privileges, holds no capability but reading and searching
// any file, and, with Landlock, reads nothing but what lies in `folders`, writes and executes
// nothing and makes no TCP connection. Descriptors that are open stay usable. Irrevocable.
Result<Confinement> ConfineToReading(const std::vector<std::string>& folders);

}  // namespace reconcile
