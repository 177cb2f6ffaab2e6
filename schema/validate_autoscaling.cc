#include <algorithm>
#include <vector>

#include "schema/quantity.h"
#include "schema/text.h"
#include "schema/validate_kept.h"

namespace reconcile {

namespace {

// What a target may be, by the metric's source: at least one of the values, or exactly one. Its
// type is not compared with them. Source: Kubernetes pkg/apis/autoscaling/validation,
// validateMetricSpec.
struct Source {
  std::string_view type;
  std::string_view field;
  std::vector<std::string_view> values;
  bool may_have_both = false;
};

const std::vector<Source>& Sources() {
  static const std::vector<Source> sources = {
      {"Resource", "resource", {"averageUtilization", "averageValue"}},
      {"ContainerResource", "containerResource", {"averageUtilization", "averageValue"}},
      {"Pods", "pods", {"averageValue"}},
      {"Object", "object", {"value", "averageValue"}, true},
      {"External", "external", {"value", "averageValue"}}};
  return sources;
}

void ValidateTarget(const Value& target, const Source& source, const FieldPath& path,
                    FieldReporter* reporter) {
  const auto count =
      std::count_if(source.values.begin(), source.values.end(),
                    [&](std::string_view name) { return target.Find(name) != nullptr; });
  if (count == 0 || (count > 1 && !source.may_have_both))
    RequireOneOf(source.values, target, path, reporter);
  RequireBetween(1, INT32_MAX, target, path, "averageUtilization", reporter);
  for (const char* name : {"value", "averageValue"}) {
    WithField(target, path, name, [&](const Value& text, const FieldPath& value_path) {
      const Result<Quantity> quantity = Quantity::Parse(text.AsString());
      if (!quantity.ok() || *quantity > Quantity()) return;
      reporter->Error(value_path, "must be more than 0, not " + text.AsString());
    });
  }
}

void ValidateMetric(const Value& metric, const FieldPath& path, FieldReporter* reporter) {
  const std::string_view type = TextOf(metric, "type");
  for (const Source& source : Sources()) {
    const FieldPath field_path(path, source.field);
    const Value* field = metric.Find(source.field);
    if (type == source.type && field == nullptr) {
      reporter->Error(field_path, "required by type " + Quoted(type));
    } else if (!type.empty() && type != source.type && field != nullptr) {
      reporter->Error(field_path, "has no place with type " + Quoted(type));
    }
    if (field == nullptr) continue;
    WithField(*field, field_path, "target", [&](const Value& target, const FieldPath& item) {
      ValidateTarget(target, source, item, reporter);
    });
  }
}

// Without pods only what is measured elsewhere can ask for one again.
bool ScalesToNothing(const Value& spec) {
  const Value::List& metrics = spec.GetList("metrics");
  return std::any_of(metrics.begin(), metrics.end(), [](const Value& metric) {
    const std::string_view type = TextOf(metric, "type");
    return type == "Object" || type == "External";
  });
}

void ValidateBehavior(const Value& behavior, const FieldPath& path, FieldReporter* reporter) {
  for (const char* direction : {"scaleUp", "scaleDown"}) {
    WithField(behavior, path, direction, [&](const Value& rules, const FieldPath& rules_path) {
      RequireBetween(0, 3600, rules, rules_path, "stabilizationWindowSeconds", reporter);
      WithField(rules, rules_path, "policies", [&](const Value& policies, const FieldPath& item) {
        if (!policies.AsList().empty()) return;
        reporter->Error(item, "needs one policy or more; leave this out for the default ones");
      });
      ForEachItem(rules, rules_path, "policies", [&](const Value& policy, const FieldPath& item) {
        RequireBetween(1, INT32_MAX, policy, item, "value", reporter);
        RequireBetween(1, 1800, policy, item, "periodSeconds", reporter);
      });
    });
  }
}

}  // namespace

void Validate(const HorizontalPodAutoscaler& autoscaler, FieldReporter* reporter) {
  const FieldPath root;
  WithField(autoscaler.others, root, "spec", [&](const Value& spec, const FieldPath& path) {
    RequireBetween(1, INT32_MAX, spec, path, "maxReplicas", reporter);
    const Value* most = spec.Find("maxReplicas");
    const Value* least = spec.Find("minReplicas");
    RequireBetween(ScalesToNothing(spec) ? 0 : 1, INT32_MAX, spec, path, "minReplicas", reporter);
    if (most != nullptr && least != nullptr && least->AsInt() > most->AsInt()) {
      reporter->Error(FieldPath(path, "maxReplicas"), "must be at least minReplicas, " +
                                                          std::to_string(least->AsInt()) +
                                                          ", not " + std::to_string(most->AsInt()));
    }
    ForEachItem(spec, path, "metrics", [&](const Value& metric, const FieldPath& item) {
      ValidateMetric(metric, item, reporter);
    });
    WithField(spec, path, "behavior", [&](const Value& behavior, const FieldPath& item) {
      ValidateBehavior(behavior, item, reporter);
    });
  });
}

}  // namespace reconcile
