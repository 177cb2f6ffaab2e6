#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/kustomize/resource.h"

namespace reconcile::kustomize {

// A field of some kinds; empty is any. Paths are "spec/template/metadata/labels"; a slash inside a
// member's name is written "\/". Lists on the way are walked through.
struct FieldSpec {
  std::string_view group;
  std::string_view version;
  std::string_view kind;
  std::string path;
  bool create = false;  // made when it is not there
};
bool IsSelected(const Id& id, std::string_view group, std::string_view version,
                std::string_view kind);

// A field that holds the name of another object (kustomize's nameReference configuration).
struct NameReference {
  std::string_view group;  // of what is referred to
  std::string_view version;
  std::string_view kind;
  FieldSpec field;  // of what refers
};

// Kustomize's defaults (its "transformer configurations"), as tables.
const std::vector<FieldSpec>& LabelFields();     // metadata and templates
const std::vector<FieldSpec>& SelectorFields();  // what includeSelectors adds to these
const std::vector<FieldSpec>& AnnotationFields();
const std::vector<FieldSpec>& ReplicaFields();
const std::vector<FieldSpec>& NamespaceFields();  // beside metadata.namespace
const std::vector<NameReference>& NameReferences();

// Calls `change` for each value that `path` leads to. With `create`, maps that are missing are made
// with `mark`, and the last value as null; a step that ends in "[]" is never made.
void ForEachField(Value* value, std::string_view path, bool create, Mark mark,
                  const std::function<void(Value*)>& change);

}  // namespace reconcile::kustomize
