#pragma once

#include <string>
#include <string_view>

#include "schema/cluster_state.h"

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
  std::string why;   // what the word does not say; of a healthy one a remark, or empty
};
// PURE. Healthy is what reconciler/health.h calls so, which also says why another is not; how bad
// that is, and the word, is said here.
ObjectHealth HealthOf(const Object& object, const ClusterState& state);

}  // namespace reconcile
