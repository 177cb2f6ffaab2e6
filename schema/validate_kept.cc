#include "schema/validate_kept.h"

#include "schema/names.h"
#include "schema/text.h"

namespace reconcile {

namespace {

template <typename T>
const T& To(const KeptObject& object) {
  return static_cast<const T&>(object);
}

}  // namespace

void ValidateKept(const KeptObject& object, FieldReporter* reporter) {
  if (object.kind == Kind::kEndpoints) return ValidateEndpoints(To<Endpoints>(object), reporter);
  if (object.kind == Kind::kEndpointSlice) {
    return ValidateEndpointSlice(To<EndpointSlice>(object), reporter);
  }
  if (object.kind == Kind::kIngress) return ValidateIngress(To<Ingress>(object), reporter);
  if (object.kind == Kind::kNetworkPolicy) {
    return ValidateNetworkPolicy(To<NetworkPolicy>(object), reporter);
  }
  if (object.kind == Kind::kPersistentVolume) {
    return ValidatePersistentVolume(To<PersistentVolume>(object), reporter);
  }
  if (object.kind == Kind::kPersistentVolumeClaim) {
    return ValidatePersistentVolumeClaim(To<PersistentVolumeClaim>(object), reporter);
  }
  if (object.kind == Kind::kRole || object.kind == Kind::kClusterRole) {
    return ValidateRules(object.others, object.kind == Kind::kClusterRole, reporter);
  }
  if (object.kind == Kind::kRoleBinding || object.kind == Kind::kClusterRoleBinding) {
    return ValidateBinding(object.others, object.kind == Kind::kClusterRoleBinding, reporter);
  }
  if (object.kind == Kind::kHorizontalPodAutoscaler) {
    return ValidateAutoscaler(To<HorizontalPodAutoscaler>(object), reporter);
  }
  if (object.kind == Kind::kPodDisruptionBudget) {
    return ValidateBudget(To<PodDisruptionBudget>(object), reporter);
  }
  if (object.kind == Kind::kLimitRange) return ValidateLimitRange(To<LimitRange>(object), reporter);
  if (object.kind == Kind::kPriorityClass) {
    return ValidatePriorityClass(To<PriorityClass>(object), reporter);
  }
}

void RequireBetween(int64_t first, int64_t last, const Value& fields, const FieldPath& path,
                    std::string_view name, FieldReporter* reporter) {
  WithField(fields, path, name, [&](const Value& number, const FieldPath& number_path) {
    if (number.AsInt() >= first && number.AsInt() <= last) return;
    reporter->Error(number_path, "must be from " + std::to_string(first) + " to " +
                                     std::to_string(last) + ", not " +
                                     std::to_string(number.AsInt()));
  });
}

void RequireOneOf(std::span<const std::string_view> names, const Value& fields,
                  const FieldPath& path, FieldReporter* reporter) {
  std::vector<std::string_view> set;
  for (std::string_view name : names) {
    WithField(fields, path, name, [&](const Value&, const FieldPath&) { set.push_back(name); });
  }
  if (set.size() == 1) return;
  reporter->Error(path, set.empty() ? "needs one of " + QuotedList({names.begin(), names.end()})
                                    : "has " + QuotedList(set) + "; only one of them can be");
}

void ValidateSelectorShape(const Value& fields, const FieldPath& path, std::string_view name,
                           FieldReporter* reporter) {
  WithField(fields, path, name, [&](const Value& selector, const FieldPath& selector_path) {
    WithField(selector, selector_path, "matchLabels",
              [&](const Value& labels, const FieldPath& labels_path) {
                StringMap map;
                for (const Value::Member& label : labels.AsMap()) {
                  map[label.key] = label.value.AsString();
                }
                ValidateLabels(map, labels_path, reporter);
              });
    ForEachItem(selector, selector_path, "matchExpressions",
                [&](const Value& expression, const FieldPath& item) {
                  const std::string_view word = TextOf(expression, "operator");
                  const Value* values = expression.Find("values");
                  const bool has_values = values != nullptr && !values->AsList().empty();
                  const bool wants_values = word == "In" || word == "NotIn";
                  if (word.empty() || has_values == wants_values) return;
                  reporter->Error(FieldPath(item, "values"),
                                  (wants_values ? "required by operator " : "has no place with ") +
                                      Quoted(word));
                });
  });
}

void RequireIpAddress(const Value& address, const FieldPath& path, FieldReporter* reporter) {
  if (IsIpAddress(address.AsString())) return;
  reporter->Error(path, Quoted(address.AsString()) + " is no IP address");
}

}  // namespace reconcile
