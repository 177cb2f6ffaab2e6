#pragma once

#include <string>
#include <string_view>

#include "schema/object.h"

namespace reconcile {

// How an object is, for people: in one word of four, in Kubernetes' word for it, and why.
enum class Health {
  kHealthy,
  kProgressing,  // on its way, as far as anybody can tell
  kDegraded,     // it will not come by itself, or is not what it should be
  kUnknown,      // nobody has said for a while
};
std::string_view ToString(Health health);  // "Healthy"

struct ObjectHealth {
  Health health = Health::kHealthy;
  std::string word;  // "Running", "CrashLoopBackOff", "2 of 3 ready"
  std::string why;   // in the engine's or the scheduler's own words; empty when there is none
};
// PURE. Kinds that nothing follows from are healthy.
ObjectHealth HealthOf(const Object& object);

}  // namespace reconcile
