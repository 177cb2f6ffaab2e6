#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/workload.h"

namespace reconcile {

// What others look for in an object that they name, and what an object looks for in pods. PURE.

// Whether whatever is looked for in the object counts as there: nothing is known of its parts.
bool HasEveryPart(const Object& object);
// Calls fn for each key of a ConfigMap or Secret, and for each name and number of a Service's
// ports; never for values.
void ForEachPart(const Object& object, const std::function<void(std::string_view)>& fn);

// The names of a StatefulSet's claim templates; none for other kinds.
std::vector<std::string> ClaimTemplatesOf(const Object& object);
// Whether `claim` is one that the set's pods get: <template>-<set>-<ordinal>.
bool IsClaimOf(std::string_view claim, std::string_view template_name, std::string_view set_name);

// Which pods of its namespace a Service or PodDisruptionBudget means; nothing when it selects none,
// and for other kinds.
std::optional<LabelSelector> SelectorOf(const Object& object);

}  // namespace reconcile
