#include "reconciler/refusals.h"

#include "schema/not_honoured.h"
#include "schema/pod_security.h"

namespace reconcile {

std::optional<PodRefusal> WhyRefused(const PodSpec& spec, const std::string& space,
                                     const ClusterState& state) {
  const std::vector<std::string> fields = FieldsNotHonoured(spec);
  if (!fields.empty()) {
    return PodRefusal{std::string(kUnsupportedFields), NotHonouredMessage(fields)};
  }
  const PodSecurityLevel level = PodSecurityLevelOf(state.Find<Namespace>("", space).get());
  const std::vector<std::string> violations = PodSecurityViolations(level, spec);
  if (violations.empty()) return std::nullopt;
  return PodRefusal{std::string(kForbiddenByPodSecurity),
                    PodSecurityMessage(space, level, violations)};
}

bool IsRefusal(const std::string& reason) {
  return reason == kUnsupportedFields || reason == kForbiddenByPodSecurity;
}

}  // namespace reconcile
