#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/value.h"

namespace reconcile {

inline void SortMembers(Value* value) {
  if (value->IsList()) {
    for (Value& item : value->AsList()) SortMembers(&item);
  } else if (value->IsMap()) {
    for (Value::Member& member : value->AsMap()) SortMembers(&member.value);
    std::sort(value->AsMap().begin(), value->AsMap().end(),
              [](const Value::Member& a, const Value::Member& b) { return a.key < b.key; });
  }
}

// A line of JSON each, the lines sorted and so are the members of every map: equal where the
// documents are, in whatever order.
inline std::string CanonicalJson(std::vector<Value> documents) {
  std::vector<std::string> lines;
  for (Value& document : documents) {
    SortMembers(&document);
    lines.push_back(WriteJson(document) + "\n");
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line;
  return all;
}

}  // namespace reconcile
