#pragma once

#include "schema/pod.h"

namespace reconcile {

// PURE. Whether a container of initContainers stays beside the others, instead of ending before
// they start: restartPolicy Always (SEMANTICS 9.2). Read from Container::others.
bool IsSidecar(const Container& init_container);

// PURE. Every container of the pod in the order in which they start: initContainers, then the
// others, which start together. Pointers into `spec`.
std::vector<const Container*> AllContainersOf(const PodSpec& spec);

// PURE. Those that stay: sidecars, then the pod's containers. Their ports are the pod's.
std::vector<const Container*> LastingContainersOf(const PodSpec& spec);

}  // namespace reconcile
