#pragma once

#include <string>

#include "base/status.h"

namespace reconcile {

// Makes `path`, which keeps the database and the keys, with mode 0700, or accepts one that is ours
// and shut to others. A folder that was there is never changed: it may be anybody's, as /tmp is.
// Invalid, with what to do, for one that is not fit; Unavailable when it cannot be made.
Status PrepareDataFolder(const std::string& path);

}  // namespace reconcile
