#pragma once

#include "schema/kustomize/kustomization.h"
#include "schema/kustomize/resource.h"

namespace reconcile::kustomize {

// What a kustomization does to all objects that it has, in kustomize's order:
// patchesStrategicMerge, patches, namespace, namePrefix, nameSuffix, labels, commonLabels,
// commonAnnotations, patchesJson6902, replicas, images, replacements.
void RunTransformers(Session* session, const Kustomization& kustomization, Resources* resources);

// Its steps, each in its own file.
void ApplyStrategicPatches(Session* session, const Kustomization& kustomization,
                           Resources* resources);
// `patches` of the kustomization.
void ApplyPatches(Session* session, const Kustomization& kustomization,
                  const std::vector<PatchEntry>& patches, Resources* resources);
void ApplyReplacements(Session* session, const Kustomization& kustomization, Resources* resources);

// Once all is rendered: gives every field that names an object which was renamed its new name.
void FixNameReferences(Session* session, Resources* resources);

}  // namespace reconcile::kustomize
