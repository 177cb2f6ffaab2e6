#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace reconcile {

// Kills a process that the engine says it runs in this container. A process id may be another's
// by now, or of another namespace than this one's: only who is in a control group of the
// container's is killed. `container_id` is the whole one. OK when the process has ended;
// NotFound when it is not the container's.
Status KillInContainer(int64_t process_id, const std::string& container_id);

}  // namespace reconcile
