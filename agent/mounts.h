#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "base/unique_fd.h"

namespace reconcile {

// What the kernel is asked about mounts. All of it is of the calling thread's mount namespace.

// Opens what `path` names in the folder `root`, whatever links are on the way, as long as it lies
// in the folder: Invalid when it leads out, NotFound when there is nothing. `flags` as open(2) has
// them. A mount on the way is followed.
Result<UniqueFd> OpenBeneath(int root, const std::string& path, int flags);
// The same of one name, which is no link, and no mount: Unavailable where something is mounted.
Result<UniqueFd> OpenOnSameMount(int root, const std::string& name, int flags);

// Mounts what is held open as `source` on what is held open as `target`: neither is looked up by a
// name again, so nobody can put something else in its place. Unmounting it unmounts nothing else.
Status MountAt(int source, int target);

// A tmpfs on the folder `path`, which nobody but us can rename. `max_bytes` 0: the kernel's half of
// all memory. Not swapped out where the kernel knows how.
Status MountTmpfs(const std::string& path, int64_t max_bytes, int mode);
// Whether a tmpfs is mounted on the folder that is held open.
bool IsTmpfs(int folder);

// Unmounts everything that is mounted on `path` or below it, also what is in use.
Status UnmountBelow(const std::string& path);

}  // namespace reconcile
