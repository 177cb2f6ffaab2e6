#include "reconciler/referred.h"

#include "reconciler/declared.h"
#include "schema/core.h"
#include "schema/field_path.h"
#include "schema/kept.h"
#include "schema/network.h"
#include "schema/sets.h"

namespace reconcile {
namespace {

LabelSelector ReadSelector(const Value& selector) {
  LabelSelector result;
  if (const Value* labels = selector.Find("matchLabels")) {
    for (const Value::Member& label : labels->AsMap()) {
      result.match_labels[label.key] = label.value.AsString();
    }
  }
  for (const Value& expression : selector.GetList("matchExpressions")) {
    SelectorRequirement& requirement = result.match_expressions.emplace_back();
    requirement.key = expression.GetString("key");
    for (const SelectorOperator op : {SelectorOperator::kIn, SelectorOperator::kNotIn,
                                      SelectorOperator::kExists, SelectorOperator::kDoesNotExist}) {
      if (expression.GetString("operator") == ToString(op)) requirement.op = op;
    }
    for (const Value& value : expression.GetList("values")) {
      requirement.values.push_back(value.AsString());
    }
  }
  return result;
}

}  // namespace

bool HasEveryPart(const Object& object) {
  if (const auto* service = As<Service>(object)) {
    return service->spec.type == ServiceType::kExternalName;
  }
  return object.kind != Kind::kConfigMap && object.kind != Kind::kSecret;
}

void ForEachPart(const Object& object, const std::function<void(std::string_view)>& fn) {
  if (const auto* map = As<ConfigMap>(object)) {
    for (const auto& [key, value] : map->data) fn(key);
    for (const auto& [key, value] : map->binary_data) fn(key);
  } else if (const auto* secret = As<Secret>(object)) {
    for (const auto& [key, value] : secret->data) fn(key);
  } else if (const auto* service = As<Service>(object)) {
    for (const ServicePort& port : service->spec.ports) {
      if (!port.name.empty()) fn(port.name);
      fn(std::to_string(port.port));
    }
  }
}

std::vector<std::string> ClaimTemplatesOf(const Object& object) {
  std::vector<std::string> names;
  const auto* set = As<StatefulSet>(object);
  const Value* templates = set == nullptr ? nullptr : set->spec.others.Find("volumeClaimTemplates");
  if (templates == nullptr) return names;
  for (const Value& one : templates->AsList()) {
    if (const Value* metadata = one.Find("metadata")) names.push_back(metadata->GetString("name"));
  }
  return names;
}

bool IsClaimOf(std::string_view claim, std::string_view template_name, std::string_view set_name) {
  const auto take = [&](std::string_view text) {
    if (!claim.starts_with(text)) return false;
    claim.remove_prefix(text.size());
    return true;
  };
  return take(template_name) && take("-") && take(set_name) && take("-") && !claim.empty() &&
         claim.find_first_not_of("0123456789") == std::string_view::npos;
}

std::vector<TargetPort> TargetPortsOf(const Object& object, const FieldPlaces* places) {
  std::vector<TargetPort> targets;
  const auto* service = As<Service>(object);
  if (service == nullptr) return targets;
  const FieldPath root;
  const FieldPath spec(root, "spec");
  const FieldPath ports(spec, "ports");
  for (size_t i = 0; i < service->spec.ports.size(); ++i) {
    const std::optional<IntOrString>& target = service->spec.ports[i].target_port;
    if (!target || !target->is_string) continue;
    const FieldPath port = FieldPath::Item(ports, i);
    const FieldPath at(port, "targetPort");
    targets.push_back({target->text, places == nullptr ? FieldPlace() : (*places)(at)});
  }
  return targets;
}

void ForEachPortName(const Object& object, const std::function<void(std::string_view)>& fn) {
  const PodSpec* spec = PodSpecOf(object);
  if (spec == nullptr) return;
  for (const auto* containers : {&spec->containers, &spec->init_containers}) {
    for (const Container& container : *containers) {
      for (const ContainerPort& port : container.ports) {
        if (!port.name.empty()) fn(port.name);
      }
    }
  }
}

std::optional<LabelSelector> SelectorOf(const Object& object) {
  if (const auto* service = As<Service>(object)) {
    if (service->spec.selector.empty()) return std::nullopt;
    return LabelSelector{service->spec.selector, {}};
  }
  const auto* budget = As<PodDisruptionBudget>(object);
  const Value* spec = budget == nullptr ? nullptr : budget->others.Find("spec");
  const Value* selector = spec == nullptr ? nullptr : spec->Find("selector");
  if (selector == nullptr) return std::nullopt;
  return ReadSelector(*selector);
}

}  // namespace reconcile
