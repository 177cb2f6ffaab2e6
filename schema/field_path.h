#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/value.h"

namespace reconcile {

// The way from an object to one of its fields: a chain of steps on the stack, each pointing to its
// parent, which must outlive it, as must the names. Costs nothing until it is written out.
class FieldPath {
 public:
  FieldPath() = default;  // the object itself
  FieldPath(const FieldPath& parent, std::string_view field)
      : parent_(&parent), step_(Step::kField), text_(field) {}
  // An element of a list; `label` is the element's name, or empty when it has none.
  static FieldPath Item(const FieldPath& parent, size_t index, std::string_view label = "");
  // An entry of a map whose keys are the user's.
  static FieldPath Key(const FieldPath& parent, std::string_view key);

  // "spec.template.spec.containers[web].image"
  std::string ToString() const;
  // The same with indices in place of labels: equal for equal places.
  std::string Canonical() const;
  // Where the field stands in the manifest `root`, or, when it is absent there, what it would stand
  // in.
  Mark MarkIn(const Value& root) const;
  // What stands at the field in `root`; null when it is absent.
  const Value* Resolve(const Value& root) const;

 private:
  enum class Step { kRoot, kField, kItem, kKey };
  std::string Write(bool with_labels) const;

  const FieldPath* parent_ = nullptr;
  Step step_ = Step::kRoot;
  std::string_view text_;
  size_t index_ = 0;
};

}  // namespace reconcile
