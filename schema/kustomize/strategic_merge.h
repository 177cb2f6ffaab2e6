#pragma once

#include <string>

#include "base/value.h"
#include "schema/kustomize/session.h"

namespace reconcile::kustomize {

// Applies a strategic merge patch to an object of API group `group`: maps are merged, null removes,
// lists are merged or replaced as MergeOfList says, with what the patch adds in front, as kustomize
// has it. Understands $patch (merge, replace, delete), $retainKeys, $deleteFromPrimitiveList and
// $setElementOrder (which changes nothing here). Values of the patch keep their marks. False when
// the object is to be deleted; errors go to the session.
bool MergePatch(Session* session, const std::string& group, Value* object, const Value& patch);

}  // namespace reconcile::kustomize
