#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/manifests.h"
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

// A port of a Service that leads to a port of its pods by that one's name.
struct TargetPort {
  std::string name;
  FieldPlace at;  // line 0: not known
};
// Those of a Service. `places`, of the manifest that it was read from, may be null.
std::vector<TargetPort> TargetPortsOf(const Object& object, const FieldPlaces* places = nullptr);
// Calls fn for the name of each port that has one, of the containers of a Pod or of what makes
// pods.
void ForEachPortName(const Object& object, const std::function<void(std::string_view)>& fn);

// Which pods of its namespace a Service or PodDisruptionBudget means; nothing when it selects none,
// and for other kinds.
std::optional<LabelSelector> SelectorOf(const Object& object);

}  // namespace reconcile
