#pragma once

#include <compare>
#include <set>
#include <string>
#include <string_view>

#include "schema/object.h"

namespace reconcile {

// One object that another names. Which fields name objects stands in reference_table.cc, a line
// each.
struct Reference {
  ObjectKey key;
  std::string part;          // a key of a ConfigMap or Secret, a port of a Service; empty for all
  std::string_view outcome;  // what comes of it when it is missing; empty when nothing is known
  friend auto operator<=>(const Reference&, const Reference&) = default;
};

// PURE. What the object names, each once. Without what may be missing (`optional: true`), and
// without kinds that are unknown here.
std::set<Reference> ReferencesOf(const Object& object);

// Whether objects of the kind are named by others.
bool MayBeNamed(Kind kind);

// Whether every cluster has the object without anybody declaring it.
bool IsBuiltIn(const ObjectKey& key);

}  // namespace reconcile
