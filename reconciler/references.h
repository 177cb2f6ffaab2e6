#pragma once

#include "reconciler/desired.h"

namespace reconcile {

// Checks what the desired objects name (reference_table.h) and select: namespaces must be there
// (errors), the rest may come later (warnings). What the source declares no longer does not count
// as there.
void CheckReferences(const DesiredState& desired, const ClusterState& state, Problems* problems);

// The same for one object of `desired`.
void CheckReferencesOf(const Object& object, const DesiredState& desired, const ClusterState& state,
                       Problems* problems);

// Whether the commit has anything in the namespace: then what is missing there can be told. Of
// other namespaces nobody knows who fills them.
bool DeclaresIn(const DesiredState& desired, const std::string& namespace_name);

// "file:line".
std::string PlaceOf(const Origin& origin);

// "file:line" of the object and its key before the message.
Problem ProblemAt(const Object& object, const std::string& message,
                  Rule rule = Rule::kInvalidValue);
Problem ProblemAt(const ObjectKey& key, const Origin& origin, const std::string& message,
                  Rule rule);

}  // namespace reconcile
