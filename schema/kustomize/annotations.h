#pragma once

#include <string_view>

#include "base/value.h"

namespace reconcile::kustomize {

// While it builds, kustomize keeps notes of its own among the annotations of an object (see
// Resource::HasBuildNotes), so that these are a map with something in it while a JSON patch runs.
// These two put one note there, and take it away from wherever the patch carried it to. Annotations
// that are neither a map nor null stay as they are.
void PutBuildNote(Value* object, Mark mark);
void TakeBuildNote(Value* object);

// The member `field` of metadata, labels or annotations, as kustomize writes it: scalars that are
// no text as they stood in the file ("3", "true", "null"), and nothing where there would be an
// empty map or null.
void MakePairsText(Value* object, std::string_view field);
// The annotations so: after a JSON patch, and of what is rendered.
void FinishAnnotations(Value* object);

}  // namespace reconcile::kustomize
