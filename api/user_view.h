#pragma once

#include <string>

#include "base/value.h"
#include "schema/object.h"

namespace reconcile {

// PURE: an object as readers of the API get it: Kubernetes' shape (EncodeFor::kUser), and of a
// Service clusterIPs, ipFamilies and ipFamilyPolicy too, of a Node podCIDRs, which say in lists
// what it holds once: clients that know of several addresses read those alone.
Value EncodeForReaders(const Object& object);
std::string WriteForReaders(const Object& object);  // as JSON

}  // namespace reconcile
