#pragma once

#include "schema/pod.h"

namespace reconcile {

// PURE. Whether a container of initContainers stays beside the others, instead of ending before
// they start: restartPolicy Always (SEMANTICS 9.2). Read from Container::others.
bool IsSidecar(const Container& init_container);

}  // namespace reconcile
