#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/value.h"
#include "cmd/json_path.h"

namespace reconcile {

// What `wait --for` waits for.
struct WaitGoal {
  enum class What { kCondition, kDelete, kCreate, kRollout, kJsonPath };
  What what = What::kCondition;
  std::string condition;       // its type
  std::string value = "True";  // of the condition, or of what the path leads to
  std::optional<JsonPath> path;
};
// "condition=Ready", "condition=Ready=false", "delete", "create", "rollout",
// "jsonpath={.status.phase}=Running". Invalid for anything else.
Result<WaitGoal> ParseWaitGoal(std::string_view text);

struct WaitState {
  bool met = false;
  bool hopeless = false;  // it will not be met by waiting
  std::string why;        // why not, for a person
};
// PURE. `object` is as the API answers it, or null when there is none. A rollout is what
// `kubectl rollout status` takes for one.
WaitState StateOf(const WaitGoal& goal, const Value* object);

}  // namespace reconcile
