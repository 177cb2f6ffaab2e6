#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace reconcile::kustomize {

// What names an object to kustomize.
struct Id {
  std::string group;
  std::string version;
  std::string kind;
  std::string namespace_name;
  std::string name;
  friend bool operator==(const Id&, const Id&) = default;
};
std::string ToString(const Id& id);  // "Deployment prod/web"

// Whether the kind lives in no namespace. A kind that is not known lives in one, as kustomize has
// it.
bool IsClusterScoped(const Id& id);
// "" and "default" are one; a kind that lives in none is in "_".
std::string EffectiveNamespace(const Id& id);
// The same object, whatever the version: group, kind, name and effective namespace.
bool IsSameObject(const Id& a, const Id& b);

// An object on its way through kustomizations, and what it was called before.
struct Resource {
  Value value;               // a map with apiVersion, kind and metadata.name
  std::vector<Id> previous;  // what it was, oldest first
  // What was put around its name, innermost first; "" where a kustomization added nothing.
  std::vector<std::string> prefixes;
  std::vector<std::string> suffixes;
  bool needs_hash = false;
  bool is_generated = false;

  Id CurrentId() const;
  Id OriginalId() const { return previous.empty() ? CurrentId() : previous.front(); }
  std::vector<Id> AllIds() const;  // previous ones, then the current
  // Whether kustomize has notes of its own among the annotations: former ids, or how it was made.
  bool HasBuildNotes() const { return is_generated || !previous.empty(); }
  bool Was(const Id& id) const;  // whether one of them is the same object as `id`
  void RememberId();             // before a change of name, namespace or kind
};
using Resources = std::vector<Resource>;

// Whether a document has apiVersion, kind and metadata.name: what everything else here counts on.
bool IsObject(const Value& document);

// The current id that a document has.
Id IdOf(const Value& document);

// A value by its member names; nullptr when it is not there.
Value* FindMember(Value* value, std::string_view key);
// The member, made as null when it is not there. `value` must be a map.
Value* FindOrAddMember(Value* value, std::string_view key, Mark mark);
bool RemoveMember(Value* value, std::string_view key);
Value StringAt(std::string text, Mark mark);

// A scalar as it is written: "true", "8080"; of a list, a map or null "".
std::string ScalarText(const Value& value);

}  // namespace reconcile::kustomize
