#pragma once

#include "base/value.h"
#include "schema/object.h"

namespace reconcile {

// PURE: an object as readers of the API get it: Kubernetes' shape (EncodeFor::kUser), with what
// Kubernetes says in two places and is kept in one: a pod's podIPs, a Service's clusterIPs and
// ipFamilies. Clients that know of several addresses read those alone.
Value EncodeForReaders(const Object& object);

}  // namespace reconcile
