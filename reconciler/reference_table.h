#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <tuple>

#include "schema/manifests.h"

namespace reconcile {

// What comes of it that an object which is named is not there.
enum class Missing : uint8_t { kUnknown, kContainersWait, kPodsAreRefused };
inline constexpr size_t kMissingCount = 3;

// One object that another names. Which fields name objects stands in reference_table.cc, a line
// each.
struct Reference {
  ObjectKey key;
  std::string part;  // a key of a ConfigMap or Secret, a port of a Service; empty for all
  Missing missing = Missing::kUnknown;
  // Where the name and the part are written; of one that is written twice, the first of one field.
  // Line 0: not known.
  FieldPlace at;
  FieldPlace part_at;
  // By what is named, wherever that is.
  friend bool operator<(const Reference& a, const Reference& b) {
    return std::tie(a.key, a.part, a.missing) < std::tie(b.key, b.part, b.missing);
  }
};

// PURE. What the object names, each once. Without what may be missing (`optional: true`), and
// without kinds that are unknown here. `places`, of the manifest that it was read from, may be
// null.
std::set<Reference> ReferencesOf(const Object& object, const FieldPlaces* places = nullptr);

// A ConfigMap or Secret that an object's containers take something from.
struct ConfigUse {
  ObjectKey key;
  std::string part;      // the key of its data; empty for all
  bool mounted = false;  // as files that change; else read at a start: variables, parts (subPath)
  friend auto operator<=>(const ConfigUse&, const ConfigUse&) = default;
};
// PURE. Each once, those that may be missing too. For objects that make pods, and Pods.
std::set<ConfigUse> ConfigUsesOf(const Object& object);

// Whether objects of the kind are named by others.
bool MayBeNamed(Kind kind);

// Whether every cluster has the object without anybody declaring it.
bool IsBuiltIn(const ObjectKey& key);

}  // namespace reconcile
