#pragma once

#include "reconciler/desired.h"

namespace reconcile {

// Checks what the desired objects name: namespaces must be there (errors), ConfigMaps, Secrets and
// the pods of Services may come later (warnings). What the source declares no longer does not
// count as there.
void CheckReferences(const DesiredState& desired, const ClusterState& state, Problems* problems);

// The same for one object of `desired`.
void CheckReferencesOf(const Object& object, const DesiredState& desired, const ClusterState& state,
                       Problems* problems);

// "file:line".
std::string PlaceOf(const Origin& origin);

// "file:line" of the object and its key before the message.
Problem ProblemAt(const Object& object, const std::string& message,
                  Rule rule = Rule::kInvalidValue);

}  // namespace reconcile
