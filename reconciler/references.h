#pragma once

#include <map>
#include <string>

#include "reconciler/desired.h"
#include "schema/manifests.h"

namespace reconcile {

// Checks what the desired objects name (reference_table.h) and select: namespaces must be there
// (an error for each that is not), the rest may come later (warnings). What the source declares no
// longer does not count as there.
void CheckReferences(const DesiredState& desired, const ClusterState& state, Problems* problems);

// The same for one object of `desired`.
void CheckReferencesOf(const Object& object, const DesiredState& desired, const ClusterState& state,
                       Problems* problems);

// Whether the commit has anything in the namespace: then what is missing there can be told. Of
// other namespaces nobody knows who fills them.
bool DeclaresIn(const DesiredState& desired, const std::string& namespace_name);

// Namespaces that are not there: one thing to mend each, however many objects need it.
class MissingNamespaces {
 public:
  // The object `key` is to be in the namespace `name`; `at` is where it says so, as PlaceIn has it.
  void Add(const std::string& name, const ObjectKey& key, const Origin& origin,
           const FieldPlace& at);
  void Add(const MissingNamespaces& others);
  // An error for each, at the first by file and line: of the fields that name it where these are
  // known, else of the objects.
  void Say(Problems* problems) const;

 private:
  struct Needed {
    ObjectKey by;
    bool is_object_alone;  // `at` is where the object stands
    FieldPlace at;
    size_t objects = 0;
  };
  void Add(const std::string& name, const Needed& needed);
  std::map<std::string, Needed> by_name_;
};

// `at`, with the origin's file where it has none; where the origin is when it is not known.
FieldPlace PlaceIn(const Origin& origin, const FieldPlace& at);

// "file:line".
std::string PlaceOf(const Origin& origin);

// At the object's line, or at `at`, with the object's key before the message.
Problem ProblemAt(const Object& object, const std::string& message,
                  Rule rule = Rule::kInvalidValue);
Problem ProblemAt(const ObjectKey& key, const FieldPlace& at, const std::string& message,
                  Rule rule);

}  // namespace reconcile
