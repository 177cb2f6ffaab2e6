#pragma once

#include "base/value.h"
#include "schema/kustomize/resource.h"
#include "schema/kustomize/session.h"

namespace reconcile::kustomize {

// Whether a document is meant as a JSON patch: a list of maps with "op".
bool LooksLikeJsonPatch(const Value& document);

// Applies the operations of RFC 6902 (add, remove, replace, move, copy, test), with pointers of RFC
// 6901, in order. An operation that fails is an error at its place, and ends the patch.
// As in kustomize, a member that a map does not have is null for replace, copy and test, and an
// object with notes (annotations.h) has annotations.
void ApplyJsonPatch(Session* session, Resource* resource, const Value& operations);

}  // namespace reconcile::kustomize
