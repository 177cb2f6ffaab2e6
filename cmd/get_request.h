#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "schema/object.h"

namespace reconcile {

// One kind that `get` shows: one object of it, or all.
struct GetTarget {
  Kind kind;
  std::string name;  // "" is all
  friend bool operator==(const GetTarget&, const GetTarget&) = default;
};

// As kubectl takes them: "pods", "pods,svc", "deployment/web", and "all", which is pods and what
// makes or finds them. `name` belongs to each kind that has none of its own.
Result<std::vector<GetTarget>> ParseGetTargets(std::string_view kinds, const std::string& name);

}  // namespace reconcile
