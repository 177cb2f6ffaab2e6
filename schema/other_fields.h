#pragma once

#include <memory>
#include <string_view>

#include "base/value.h"

namespace reconcile {

// The fields of a struct that its table declares by shape alone (shapes.h): checked when they were
// read, kept and shown, without a member each. A pointer wide where there are none. Copies share
// what they hold. Like any other member: not thread-safe while it is being written.
class OtherFields {
 public:
  // The field's value in canonical form; nullptr when it is unset. Valid until the next Set.
  const Value* Find(std::string_view name) const;
  // Null unsets it. For the tables, and for code that knows the shape.
  void Set(std::string_view name, Value value);
  bool empty() const { return fields_ == nullptr; }
  friend bool operator==(const OtherFields& a, const OtherFields& b);

 private:
  std::shared_ptr<const Value> fields_;  // a map sorted by name; null when there are none
};

}  // namespace reconcile
