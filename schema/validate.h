#pragma once

#include "schema/core.h"
#include "schema/field_reporter.h"
#include "schema/job.h"
#include "schema/kept.h"
#include "schema/network.h"
#include "schema/sets.h"
#include "schema/workload.h"

namespace reconcile {

// Checks the whole object, defaults filled, as the API server does. Split by subject.
void ValidateObject(const Object& object, FieldReporter* reporter);

void ValidatePodSpec(const PodSpec& spec, const FieldPath& path, FieldReporter* reporter);
void ValidateEnvironment(const Container& container, const FieldPath& path,
                         FieldReporter* reporter);
void ValidateLabels(const StringMap& labels, const FieldPath& path, FieldReporter* reporter);
void ValidateAnnotations(const StringMap& annotations, const FieldPath& path,
                         FieldReporter* reporter);

// What is checked of one kind, apart from metadata and required fields.
void Validate(const ReplicationController& controller, FieldReporter* reporter);
void Validate(const ReplicaSet& replica_set, FieldReporter* reporter);
void Validate(const Deployment& deployment, FieldReporter* reporter);
void Validate(const StatefulSet& set, FieldReporter* reporter);
void Validate(const DaemonSet& set, FieldReporter* reporter);
void Validate(const Job& job, FieldReporter* reporter);
void Validate(const CronJob& job, FieldReporter* reporter);
void Validate(const Service& service, FieldReporter* reporter);
void Validate(const Endpoints& endpoints, FieldReporter* reporter);
void Validate(const EndpointSlice& slice, FieldReporter* reporter);
void Validate(const ConfigMap& config_map, FieldReporter* reporter);
void Validate(const Secret& secret, FieldReporter* reporter);

// Reports `wrong`, what a Check... of names.h said, unless it is empty.
void ReportIf(const std::string& wrong, const FieldPath& path, FieldReporter* reporter);
// Says so when `address` has leading zeros.
void WarnOfAddress(const std::string& address, const FieldPath& path, FieldReporter* reporter);
// An address that other hosts can be reached at.
void RequireReachableAddress(const std::string& address, const FieldPath& path,
                             FieldReporter* reporter);
void RequireNotNegative(int64_t value, const FieldPath& path, FieldReporter* reporter);
void RequireAtMost(int64_t most, int64_t value, const FieldPath& path, FieldReporter* reporter);
void RequirePort(int32_t port, const FieldPath& path, FieldReporter* reporter);

}  // namespace reconcile
