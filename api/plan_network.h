#pragma once

#include <vector>

#include "base/value.h"
#include "reconciler/network_preview.h"

namespace reconcile {

// The plan's section "network": [{"kind", "namespace", "name", "what": "address", "before",
// "after"}], before and after "" where there is nothing.
Value EncodeNetwork(const std::vector<NetworkChange>& changes);

}  // namespace reconcile
