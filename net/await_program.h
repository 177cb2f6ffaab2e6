#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace reconcile {

// Returns when process `process_id` is another program than the one at `waits_as` (a path in its
// own file system): that waited for its network and has become what the pod runs. NotFound when
// the process ends before it is seen as anything else: it could not be executed, or ended at once.
// OK too when it still waits after `limit_ms`. Sleeps meanwhile; any thread.
Status AwaitProgram(int64_t process_id, const std::string& waits_as, int64_t limit_ms);

}  // namespace reconcile
