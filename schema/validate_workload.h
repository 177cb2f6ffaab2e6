#pragma once

// What the validation of workloads shares.

#include "schema/validate_pod.h"

namespace reconcile {

void ValidateSelector(const LabelSelector& selector, const FieldPath& path,
                      FieldReporter* reporter);
bool IsSet(const LabelSelector& selector);
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

}  // namespace reconcile
