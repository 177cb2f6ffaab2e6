#pragma once

// What the validation of workloads shares.

#include "schema/validate_pod.h"

namespace reconcile {

void ValidateSelector(const LabelSelector& selector, const FieldPath& path,
                      FieldReporter* reporter);
bool IsSet(const LabelSelector& selector);
// A ReplicationController's.
void ValidateSelector(const StringMap& selector, const FieldPath& path, FieldReporter* reporter);
bool IsSet(const StringMap& selector);
// A template of pods that may have the volumes of `claims`; whatever its restartPolicy.
void ValidateAnyTemplate(const PodTemplateSpec& pod_template, const VolumeNames& claims,
                         const FieldPath& path, FieldReporter* reporter);
// What a template must be whose pods are kept running; `matches` says whether the selector takes
// its labels.
void ValidateTemplate(const PodTemplateSpec& pod_template, const VolumeNames& claims, bool matches,
                      const FieldPath& spec, FieldReporter* reporter);
// A number from 0, or a percentage, of at most 100 % where `at_most_all`.
void ValidateIntOrPercent(const IntOrString& value, bool at_most_all, const FieldPath& path,
                          FieldReporter* reporter);
bool IsZero(const IntOrString& value);  // 0 or "0%"

// What all workloads that keep pods running have in their spec.
template <typename Spec>
void ValidateWorkload(const Spec& spec, const VolumeNames& claims, const FieldPath& path,
                      FieldReporter* reporter) {
  if constexpr (requires { spec.replicas; }) {
    RequireNotNegative(spec.replicas, FieldPath(path, "replicas"), reporter);
  }
  RequireNotNegative(spec.min_ready_seconds, FieldPath(path, "minReadySeconds"), reporter);
  if constexpr (requires { spec.revision_history_limit; }) {
    RequireNotNegative(spec.revision_history_limit, FieldPath(path, "revisionHistoryLimit"),
                       reporter);
  }
  ValidateSelector(spec.selector, FieldPath(path, "selector"), reporter);
  // That there is a selector at all is checked elsewhere.
  ValidateTemplate(
      spec.pod_template, claims,
      !IsSet(spec.selector) || Matches(spec.selector, spec.pod_template.metadata.labels), path,
      reporter);
}
// maxSurge, of at most 100 % where `surge_at_most_all`, and maxUnavailable of a rolling update.
template <typename Rolling>
void ValidateLimits(const Rolling& rolling, bool surge_at_most_all, const FieldPath& path,
                    FieldReporter* reporter) {
  const FieldPath unavailable(path, "maxUnavailable");
  ValidateIntOrPercent(rolling.max_surge, surge_at_most_all, FieldPath(path, "maxSurge"), reporter);
  ValidateIntOrPercent(rolling.max_unavailable, true, unavailable, reporter);
  if (IsZero(rolling.max_surge) && IsZero(rolling.max_unavailable)) {
    reporter->Error(unavailable, "must not be 0 when maxSurge is 0: no pod could ever be replaced");
  }
}

}  // namespace reconcile
