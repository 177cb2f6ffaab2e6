#include "reconciler/source_scope.h"

#include <algorithm>

#include "reconciler/references.h"

namespace reconcile {

void CheckNamespaces(const std::vector<std::string>& namespaces,
                     const std::vector<ObjectPtr>& objects, Problems* problems) {
  if (namespaces.empty()) return;
  std::string allowed;
  for (const std::string& name : namespaces) allowed += (allowed.empty() ? "" : ", ") + name;
  for (const ObjectPtr& object : objects) {
    const ObjectKey key = object->key();
    const bool is_namespace = key.kind == Kind::kNamespace;
    const std::string& place = is_namespace ? key.name : key.namespace_name;
    const bool placed = is_namespace || InfoOf(key.kind).namespaced;
    if (placed && std::find(namespaces.begin(), namespaces.end(), place) != namespaces.end()) {
      continue;
    }
    problems->errors.push_back(ProblemAt(
        *object, placed ? "namespace " + place + " is not this source's: it may declare " +
                              "objects in " + allowed + " only (its `namespaces`)"
                        : "belongs to no namespace: this source may declare objects in " + allowed +
                              " only (its `namespaces`)"));
  }
}

}  // namespace reconcile
