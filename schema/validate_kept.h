#pragma once

#include <span>
#include <string_view>

#include "schema/kept.h"
#include "schema/validate.h"

namespace reconcile {

// Rules about fields that have a shape and no member. Reading has checked their types already: what
// is not null is of its shape, and null is what could not be read.

// Calls fn(value, path) for the field `name` of a map, when it is set.
template <typename Container, typename Function>
void WithField(const Container& fields, const FieldPath& path, std::string_view name, Function fn) {
  const Value* value = fields.Find(name);
  if (value != nullptr && !value->IsNull()) fn(*value, FieldPath(path, name));
}
// Calls fn(element, path) for the elements of the list `name` of a map.
template <typename Container, typename Function>
void ForEachItem(const Container& fields, const FieldPath& path, std::string_view name,
                 Function fn) {
  WithField(fields, path, name, [&](const Value& list, const FieldPath& list_path) {
    for (size_t i = 0; i < list.AsList().size(); ++i) {
      if (!list.AsList()[i].IsNull()) fn(list.AsList()[i], FieldPath::Item(list_path, i));
    }
  });
}
// The string field `name`; empty when it is unset.
template <typename Container>
std::string_view TextOf(const Container& fields, std::string_view name) {
  const Value* value = fields.Find(name);
  return value != nullptr && value->IsString() ? std::string_view(value->AsString()) : "";
}
// Reports a field `name` that is a number outside first..last, when it is set.
void RequireBetween(int64_t first, int64_t last, const Value& fields, const FieldPath& path,
                    std::string_view name, FieldReporter* reporter);
// Reports at `path` unless exactly one of the fields is set.
void RequireOneOf(std::span<const std::string_view> names, const Value& fields,
                  const FieldPath& path, FieldReporter* reporter);
// The LabelSelector `name` of a map.
void ValidateSelectorShape(const Value& fields, const FieldPath& path, std::string_view name,
                           FieldReporter* reporter);
void RequireIpAddress(const Value& address, const FieldPath& path, FieldReporter* reporter);

// What a claim asks for, also in a template of claims.
void ValidateClaimSpec(const Value& spec, const FieldPath& path, FieldReporter* reporter);

// What is checked of one kind, apart from metadata and required fields.
void Validate(const Ingress& ingress, FieldReporter* reporter);
void Validate(const IngressClass& ingress_class, FieldReporter* reporter);
void Validate(const NetworkPolicy& policy, FieldReporter* reporter);
void Validate(const PersistentVolume& volume, FieldReporter* reporter);
void Validate(const PersistentVolumeClaim& claim, FieldReporter* reporter);
void Validate(const Role& role, FieldReporter* reporter);
void Validate(const ClusterRole& role, FieldReporter* reporter);
void Validate(const RoleBinding& binding, FieldReporter* reporter);
void Validate(const ClusterRoleBinding& binding, FieldReporter* reporter);
void Validate(const HorizontalPodAutoscaler& autoscaler, FieldReporter* reporter);
void Validate(const PodDisruptionBudget& budget, FieldReporter* reporter);
void Validate(const ResourceQuota& quota, FieldReporter* reporter);
void Validate(const LimitRange& range, FieldReporter* reporter);
void Validate(const PriorityClass& priority, FieldReporter* reporter);
void Validate(const Lease& lease, FieldReporter* reporter);
// The others are as their tables say.
inline void Validate(const KeptObject&, FieldReporter*) {}

}  // namespace reconcile
