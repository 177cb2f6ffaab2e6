#pragma once

#include <string>
#include <vector>

#include "schema/manifests.h"

namespace reconcile {

// PURE. Adds a problem for each object that a source which may declare objects in `namespaces`
// alone may not: those in other namespaces, and cluster-scoped ones but these Namespaces
// themselves. Empty `namespaces` allow everything.
void CheckNamespaces(const std::vector<std::string>& namespaces,
                     const std::vector<ObjectPtr>& objects, Problems* problems);

}  // namespace reconcile
