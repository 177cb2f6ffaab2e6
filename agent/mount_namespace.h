#pragma once

#include <string>

#include "base/status.h"

namespace reconcile {

// Puts the calling thread, for good, into the mount namespace of whoever listens on the Unix socket
// at `path`: what is mounted there is seen by an engine. Cheap when it is there already. A service
// manager keeps this program in a namespace of its own, from which no mount leads out. The thread
// must do nothing else. Unavailable when nobody listens.
Status EnterMountNamespaceBehind(const std::string& path);

}  // namespace reconcile
