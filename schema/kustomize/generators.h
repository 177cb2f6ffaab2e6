#pragma once

#include <string>

#include "schema/kustomize/kustomization.h"
#include "schema/kustomize/resource.h"

namespace reconcile::kustomize {

// Makes the ConfigMaps and Secrets of a kustomization and puts them among `resources`, as their
// behaviour says: created, or merged into or put in place of one that is there.
void RunGenerators(Session* session, const Kustomization& kustomization, Resources* resources);

// The ten characters that kustomize puts behind the name of what it generated: of SHA-256 over the
// canonical JSON of kind and data.
std::string HashOf(const Value& object);

// Gives each resource that wants one its hash.
void AddHashes(Resources* resources);

}  // namespace reconcile::kustomize
