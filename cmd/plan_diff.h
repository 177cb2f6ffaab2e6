#pragma once

#include <string>

#include "base/status.h"
#include "base/value.h"

namespace reconcile {

// A unified diff of the objects that a plan changes, as YAML, one after the other: `git apply` and
// reviewers' tools read it. The plan must have been asked for with manifests. Values of Secrets are
// masked in it already. Internal when it cannot be made.
Result<std::string> PlanDiff(const Value& plan);

}  // namespace reconcile
