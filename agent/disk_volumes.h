#pragma once

#include <string>
#include <vector>

#include "agent/volume_orders.h"
#include "base/status.h"

namespace reconcile {

// What HostFiles does with volumes, below the agent's data folder `root`. Blocks. Each call is of
// the calling thread's mount namespace; no two may run at once for one pod.

std::vector<Status> SetUpVolumesBelow(const std::string& root,
                                      const std::vector<VolumeOrder>& orders);
Status MountPartsBelow(const std::string& root, const std::vector<PartOrder>& orders);
// `path` is one that SplitHostPath takes.
Status TakeAwayBelow(const std::string& root, const std::string& path);

}  // namespace reconcile
