#pragma once

#include "schema/job.h"
#include "schema/validate.h"

namespace reconcile {

// podFailurePolicy, podReplacementPolicy, successPolicy and managedBy. `path` is the spec's.
// Source: Kubernetes pkg/apis/batch/validation.
void ValidateJobPolicies(const JobSpec& spec, const FieldPath& path, FieldReporter* reporter);

}  // namespace reconcile
