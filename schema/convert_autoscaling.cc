#include "schema/convert_steps.h"

namespace reconcile {

namespace {

// What one way to write a target's value in v2beta1 is in v2.
struct TargetField {
  std::string_view old_name;
  std::string_view new_name;
  std::string_view type;
};
constexpr TargetField kUtilization = {"targetAverageUtilization", "averageUtilization",
                                      "Utilization"};
constexpr TargetField kAverage = {"targetAverageValue", "averageValue", "AverageValue"};
constexpr TargetField kObjectAverage = {"averageValue", "averageValue", "AverageValue"};
constexpr TargetField kValue = {"targetValue", "value", "Value"};

// The first field decides the type; each is kept under its new name, so that two of them are the
// error that they are in v2.
void MoveTarget(Value* source, std::initializer_list<TargetField> fields) {
  Value target = Value::MakeMap();
  target.mark = source->mark;
  for (const TargetField& field : fields) {
    std::optional<Value> value = TakeMember(source, field.old_name);
    if (!value) continue;
    if (target.AsMap().empty()) {
      target.mark = value->mark;
      Value type = Value::String(std::string(field.type));
      type.mark = value->mark;
      target.Set("type", std::move(type));
    }
    target.Set(std::string(field.new_name), std::move(*value));
  }
  source->Set("target", std::move(target));
}

// metricName and its selector become metric.name and metric.selector.
void MoveMetric(Value* source, std::string_view selector_name) {
  Value metric = Value::MakeMap();
  metric.mark = source->mark;
  if (std::optional<Value> name = TakeMember(source, "metricName")) {
    metric.mark = name->mark;
    metric.Set("name", std::move(*name));
  }
  if (std::optional<Value> selector = TakeMember(source, selector_name)) {
    metric.Set("selector", std::move(*selector));
  }
  source->Set("metric", std::move(metric));
}

void ConvertMetric(Value* metric, Conversion* conversion) {
  for (const std::string_view name : {"resource", "containerResource"}) {
    Value* resource = FindMember(metric, name);
    if (resource == nullptr || !resource->IsMap()) continue;
    RefuseNewer(resource, {"target"}, conversion);
    MoveTarget(resource, {kUtilization, kAverage});
  }
  if (Value* pods = FindMember(metric, "pods"); pods != nullptr && pods->IsMap()) {
    RefuseNewer(pods, {"target", "metric"}, conversion);
    MoveMetric(pods, "selector");
    MoveTarget(pods, {kAverage});
  }
  if (Value* object = FindMember(metric, "object"); object != nullptr && object->IsMap()) {
    RefuseNewer(object, {"describedObject", "metric"}, conversion);
    RenameMember(object, "target", "describedObject");
    MoveMetric(object, "selector");
    MoveTarget(object, {kObjectAverage, kValue});
  }
  if (Value* external = FindMember(metric, "external"); external != nullptr && external->IsMap()) {
    RefuseNewer(external, {"target", "metric"}, conversion);
    MoveMetric(external, "metricSelector");
    MoveTarget(external, {kValue, kAverage});
  }
}

}  // namespace

void ConvertAutoscalerV1(Conversion* conversion) {
  Value* spec = FindMember(conversion->root(), "spec");
  if (spec == nullptr || !spec->IsMap()) return;
  RefuseNewer(spec, {"metrics", "behavior"}, conversion);
  std::optional<Value> percent = TakeMember(spec, "targetCPUUtilizationPercentage");
  if (!percent) return;
  const Mark mark = percent->mark;
  const auto map_of = [mark](Value::Map members) {
    for (Value::Member& member : members) member.key_mark = member.value.mark = mark;
    Value map = Value::MakeMap(std::move(members));
    map.mark = mark;
    return map;
  };
  Value target = map_of({{"type", Value::String("Utilization"), mark},
                         {"averageUtilization", std::move(*percent), mark}});
  Value resource =
      map_of({{"name", Value::String("cpu"), mark}, {"target", std::move(target), mark}});
  Value metrics = Value::MakeList({map_of(
      {{"type", Value::String("Resource"), mark}, {"resource", std::move(resource), mark}})});
  metrics.mark = mark;
  spec->Set("metrics", std::move(metrics));
}

void ConvertAutoscalerV2Beta1(Conversion* conversion) {
  Value* spec = FindMember(conversion->root(), "spec");
  RefuseNewer(spec, {"behavior"}, conversion);
  for (Value& metric : ItemsOf(FindMember(spec, "metrics"))) ConvertMetric(&metric, conversion);
}

}  // namespace reconcile
