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

void ValidateEndpoints(const Endpoints& endpoints, FieldReporter* reporter);
void ValidateEndpointSlice(const EndpointSlice& slice, FieldReporter* reporter);
void ValidateIngress(const Ingress& ingress, FieldReporter* reporter);
void ValidateNetworkPolicy(const NetworkPolicy& policy, FieldReporter* reporter);
void ValidatePersistentVolume(const PersistentVolume& volume, FieldReporter* reporter);
void ValidatePersistentVolumeClaim(const PersistentVolumeClaim& claim, FieldReporter* reporter);
void ValidateRules(const OtherFields& role, bool is_cluster_wide, FieldReporter* reporter);
void ValidateBinding(const OtherFields& binding, bool is_cluster_wide, FieldReporter* reporter);
void ValidateAutoscaler(const HorizontalPodAutoscaler& autoscaler, FieldReporter* reporter);
void ValidateBudget(const PodDisruptionBudget& budget, FieldReporter* reporter);
void ValidateLimitRange(const LimitRange& range, FieldReporter* reporter);
void ValidatePriorityClass(const PriorityClass& priority, FieldReporter* reporter);

}  // namespace reconcile
