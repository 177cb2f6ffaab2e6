#pragma once

#include <string>
#include <unordered_map>

#include "base/value.h"

namespace reconcile {

// Finds the duplicate keys of one map while it is being read, in constant time for each key.
class KeyIndex {
 public:
  // Where `key` already stands in `map`, or nullptr. Call it before each member is added; `map`
  // must be the same map, grown by those members only.
  const Mark* Find(const Value::Map& map, const std::string& key);

 private:
  std::unordered_map<std::string, size_t> positions_;  // kept for large maps only
  size_t indexed_ = 0;
};

}  // namespace reconcile
