#pragma once

#include "base/value.h"

namespace reconcile {

// Messages as another release may write them; this one has to understand them. PURE.

// The next release: members that this one does not know, in every map that is not free text.
void AddUnknownMembers(Value* message);
// The last release: nothing is said of what is empty, zero or false. In the message itself and in
// the items of its lists, not inside of Kubernetes objects.
void LeaveOutEmptyMembers(Value* message);

}  // namespace reconcile
