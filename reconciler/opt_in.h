#pragma once

#include <string>
#include <string_view>

#include "schema/object.h"

namespace reconcile {

// Whether an object's own annotation, one of ours that people set, is "true".
inline bool OptsIn(const ObjectMeta& metadata, std::string_view annotation) {
  if (metadata.annotations.empty()) return false;
  const auto found = metadata.annotations.find(std::string(annotation));
  return found != metadata.annotations.end() && found->second == "true";
}

}  // namespace reconcile
