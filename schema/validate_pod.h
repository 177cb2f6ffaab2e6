#pragma once

// The parts of a pod's validation, by subject. What has no member is in OtherFields, in the shapes
// of shapes_pod.h. Source: Kubernetes pkg/apis/core/validation.

#include <set>
#include <string>

#include "schema/validate.h"

namespace reconcile {

// Whether a resource is the number of a kind's objects, by a name of its own: "pods", "secrets".
bool IsObjectCount(std::string_view name);
// Whether a resource is counted in whole pieces: objects of a quota, devices.
bool IsIntegerResource(std::string_view name);
bool IsWhole(const Quantity& quantity);
// A container's; `pod_claims` are the names of the pod's resourceClaims.
void ValidateResources(const ResourceRequirements& resources,
                       const std::set<std::string>& pod_claims, const FieldPath& path,
                       FieldReporter* reporter);
// A resourceFieldRef of a variable or, `is_in_volume`, of a file.
void ValidateResourceField(const Value& field, bool is_in_volume, const FieldPath& path,
                           FieldReporter* reporter);

// Of the pod's volumes and, in a StatefulSet, its claims.
using VolumeNames = std::set<std::string>;

// As ValidatePodSpec, for a pod that has the volumes of these claims as well.
void ValidatePodSpec(const PodSpec& spec, const VolumeNames& claims, const FieldPath& path,
                     FieldReporter* reporter);

// Checks the volumes and adds their names.
void ValidateVolumes(const PodSpec& spec, const FieldPath& path, VolumeNames* names,
                     FieldReporter* reporter);
// volumeMounts and volumeDevices.
void ValidateMounts(const Container& container, const VolumeNames& names, const FieldPath& path,
                    FieldReporter* reporter);

enum class ContainerRole { kMain, kInit, kSidecar };
// Probes and lifecycle hooks.
void ValidateProbes(const Container& container, ContainerRole role, int64_t pod_grace_seconds,
                    const FieldPath& path, FieldReporter* reporter);

void ValidateSecurityContext(const Container& container, const FieldPath& path,
                             FieldReporter* reporter);
void ValidatePodSecurity(const PodSpec& spec, const FieldPath& path, FieldReporter* reporter);

// affinity, tolerations, topologySpreadConstraints.
void ValidatePlacement(const PodSpec& spec, const FieldPath& path, FieldReporter* reporter);
// dnsPolicy, dnsConfig, hostAliases, hostname, subdomain.
void ValidatePodNetwork(const PodSpec& spec, const FieldPath& path, FieldReporter* reporter);

// The list `name` of `others`; empty when it is unset.
const Value::List& ListIn(const OtherFields& others, std::string_view name);
// Calls check(element, its path) for each element of the list `name` of `map`.
template <typename Check>
void ForEachIn(const Value& map, std::string_view name, const FieldPath& path, Check check) {
  const FieldPath list(path, name);
  const Value::List& elements = map.GetList(name);
  for (size_t i = 0; i < elements.size(); ++i) check(elements[i], FieldPath::Item(list, i));
}
// Checks the label selector that a shape keeps.
void ValidateSelectorValue(const Value& selector, const FieldPath& path, FieldReporter* reporter);
// Exactly one of `names` is set in `map`, or none where `may_lack`.
void RequireOneOf(const Value& map, std::initializer_list<std::string_view> names, bool may_lack,
                  const FieldPath& path, FieldReporter* reporter);
// The port of a probe or a hook: 1 to 65535, or a name.
void ValidatePortValue(const Value* port, const FieldPath& path, FieldReporter* reporter);

}  // namespace reconcile
