#pragma once

#include "agent/volume_orders.h"
#include "base/status.h"

namespace reconcile {

// Checks what is at the path against its type, in the kubelet's words, and makes it where the type
// says so; without a type, a missing one becomes a folder, as container runtimes do it.
Status NeedHostPath(const HostPathVolume& volume);

}  // namespace reconcile
