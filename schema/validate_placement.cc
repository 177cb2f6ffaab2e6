#include <charconv>

#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate_pod.h"

namespace reconcile {

namespace {

constexpr std::string_view kRequiredRules = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr std::string_view kPreferredRules = "preferredDuringSchedulingIgnoredDuringExecution";

bool IsInteger(std::string_view text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return !text.empty() && read.ec == std::errc() && read.ptr == end;
}

void ValidateRequirement(const Value& requirement, const FieldPath& path, FieldReporter* reporter) {
  const std::string key = requirement.GetString("key");
  const std::string op = requirement.GetString("operator");
  const Value::List& values = requirement.GetList("values");
  const FieldPath values_path(path, "values");
  if (!key.empty()) ReportIf(CheckQualifiedName(key), FieldPath(path, "key"), reporter);
  if (op == "In" || op == "NotIn") {
    if (values.empty()) reporter->Error(values_path, "required with operator " + op);
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (!values.empty()) reporter->Error(values_path, "must not be given with operator " + op);
  } else if (op == "Gt" || op == "Lt") {
    const bool is_one = values.size() == 1 && values[0].IsString();
    if (!is_one || !IsInteger(values[0].AsString())) {
      reporter->Error(values_path, "must be one whole number with operator " + op);
    }
  }
}

// Only the node's name can be asked for, one at a time. Source:
// ValidateNodeFieldSelectorRequirement.
void ValidateNodeField(const Value& field, const FieldPath& path, FieldReporter* reporter) {
  const std::string key = field.GetString("key");
  const std::string op = field.GetString("operator");
  const Value::List& values = field.GetList("values");
  if (!key.empty() && key != "metadata.name") {
    reporter->Error(FieldPath(path, "key"), "must be \"metadata.name\", not " + Quoted(key));
  }
  if (op == "In" || op == "NotIn") {
    if (values.size() == 1) return;
    reporter->Error(FieldPath(path, "values"),
                    "must be one name of a node, not " + std::to_string(values.size()));
  } else if (!op.empty()) {
    reporter->Error(FieldPath(path, "operator"),
                    "must be \"In\" or \"NotIn\" in matchFields, not " + Quoted(op));
  }
}

void ValidateNodeTerm(const Value& term, const FieldPath& path, FieldReporter* reporter) {
  const auto check = [&](const Value& requirement, const FieldPath& requirement_path) {
    ValidateRequirement(requirement, requirement_path, reporter);
  };
  ForEachIn(term, "matchExpressions", path, check);
  ForEachIn(term, "matchFields", path, [&](const Value& field, const FieldPath& field_path) {
    ValidateNodeField(field, field_path, reporter);
  });
}

void ValidateWeight(const Value& term, const FieldPath& path, FieldReporter* reporter) {
  const int64_t weight = term.GetInt("weight");
  if (term.Find("weight") == nullptr || (weight >= 1 && weight <= 100)) return;
  reporter->Error(FieldPath(path, "weight"),
                  "must be from 1 to 100, not " + std::to_string(weight));
}

void ValidatePodTerm(const Value& term, const FieldPath& path, FieldReporter* reporter) {
  const std::string topology = term.GetString("topologyKey");
  if (!topology.empty()) {
    ReportIf(CheckQualifiedName(topology), FieldPath(path, "topologyKey"), reporter);
  }
  for (const std::string_view field : {"labelSelector", "namespaceSelector"}) {
    const Value* selector = term.Find(field);
    if (selector != nullptr) ValidateSelectorValue(*selector, FieldPath(path, field), reporter);
  }
}

void ValidateNodeAffinity(const Value& affinity, const FieldPath& path, FieldReporter* reporter) {
  if (const Value* required = affinity.Find(kRequiredRules)) {
    const FieldPath required_path(path, kRequiredRules);
    ForEachIn(*required, "nodeSelectorTerms", required_path,
              [&](const Value& term, const FieldPath& term_path) {
                ValidateNodeTerm(term, term_path, reporter);
              });
  }
  ForEachIn(affinity, kPreferredRules, path, [&](const Value& term, const FieldPath& term_path) {
    ValidateWeight(term, term_path, reporter);
    const Value* preference = term.Find("preference");
    if (preference == nullptr) return;
    ValidateNodeTerm(*preference, FieldPath(term_path, "preference"), reporter);
  });
}

void ValidatePodAffinity(const Value& affinity, const FieldPath& path, FieldReporter* reporter) {
  ForEachIn(affinity, kRequiredRules, path, [&](const Value& term, const FieldPath& term_path) {
    ValidatePodTerm(term, term_path, reporter);
  });
  ForEachIn(affinity, kPreferredRules, path, [&](const Value& term, const FieldPath& term_path) {
    ValidateWeight(term, term_path, reporter);
    const Value* pods = term.Find("podAffinityTerm");
    if (pods != nullptr) ValidatePodTerm(*pods, FieldPath(term_path, "podAffinityTerm"), reporter);
  });
}

void ValidateToleration(const Value& toleration, const FieldPath& path, FieldReporter* reporter) {
  const std::string key = toleration.GetString("key");
  const bool is_exists = toleration.GetString("operator") == "Exists";
  if (!key.empty()) {
    ReportIf(CheckQualifiedName(key), FieldPath(path, "key"), reporter);
  } else if (!is_exists) {
    reporter->Error(FieldPath(path, "operator"), "must be \"Exists\" when key is empty");
  }
  const std::string value = toleration.GetString("value");
  if (!is_exists) {
    ReportIf(CheckLabelValue(value), FieldPath(path, "value"), reporter);
  } else if (!value.empty()) {
    reporter->Error(FieldPath(path, "value"), "must be empty when operator is \"Exists\"");
  }
  const std::string effect = toleration.GetString("effect");
  if (toleration.Find("tolerationSeconds") != nullptr && effect != "NoExecute") {
    reporter->Error(FieldPath(path, "effect"),
                    "must be \"NoExecute\" when tolerationSeconds is given");
  }
}

void ValidateSpread(const Value& constraint, std::set<std::string>* seen, const FieldPath& path,
                    FieldReporter* reporter) {
  const FieldPath skew(path, "maxSkew");
  const std::string topology = constraint.GetString("topologyKey");
  const std::string action = constraint.GetString("whenUnsatisfiable");
  if (constraint.GetInt("maxSkew") < 0) {
    reporter->Error(skew, "must be 1 or more");
  }
  if (!topology.empty() && !seen->insert(topology + " " + action).second) {
    reporter->Error(path, "duplicate: topologyKey " + Quoted(topology) + ", whenUnsatisfiable " +
                              Quoted(action));
  }
  if (constraint.Find("minDomains") != nullptr) {
    const FieldPath domains(path, "minDomains");
    if (constraint.GetInt("minDomains") < 1) reporter->Error(domains, "must be 1 or more");
    if (action == "ScheduleAnyway") {
      reporter->Error(domains, "only with whenUnsatisfiable \"DoNotSchedule\"");
    }
  }
  const Value* selector = constraint.Find("labelSelector");
  if (selector == nullptr) return;
  ValidateSelectorValue(*selector, FieldPath(path, "labelSelector"), reporter);
}

}  // namespace

void ValidateSelectorValue(const Value& selector, const FieldPath& path, FieldReporter* reporter) {
  const FieldPath labels_path(path, "matchLabels");
  if (const Value* labels = selector.Find("matchLabels"); labels != nullptr && labels->IsMap()) {
    for (const Value::Member& label : labels->AsMap()) {
      const FieldPath label_path = FieldPath::Key(labels_path, label.key);
      ReportIf(CheckQualifiedName(label.key), label_path, reporter);
      if (!label.value.IsString()) continue;
      ReportIf(CheckLabelValue(label.value.AsString()), label_path, reporter);
    }
  }
  ForEachIn(selector, "matchExpressions", path,
            [&](const Value& requirement, const FieldPath& requirement_path) {
              ValidateRequirement(requirement, requirement_path, reporter);
            });
}

void ValidatePlacement(const PodSpec& spec, const FieldPath& path, FieldReporter* reporter) {
  if (const Value* affinity = spec.others.Find("affinity")) {
    const FieldPath affinity_path(path, "affinity");
    if (const Value* node = affinity->Find("nodeAffinity")) {
      ValidateNodeAffinity(*node, FieldPath(affinity_path, "nodeAffinity"), reporter);
    }
    for (const std::string_view name : {"podAffinity", "podAntiAffinity"}) {
      const Value* pods = affinity->Find(name);
      if (pods != nullptr) ValidatePodAffinity(*pods, FieldPath(affinity_path, name), reporter);
    }
  }
  const FieldPath tolerations(path, "tolerations");
  const Value::List& tolerated = ListIn(spec.others, "tolerations");
  for (size_t i = 0; i < tolerated.size(); ++i) {
    ValidateToleration(tolerated[i], FieldPath::Item(tolerations, i), reporter);
  }
  const FieldPath spreads(path, "topologySpreadConstraints");
  const Value::List& constraints = ListIn(spec.others, "topologySpreadConstraints");
  std::set<std::string> seen;
  for (size_t i = 0; i < constraints.size(); ++i) {
    ValidateSpread(constraints[i], &seen, FieldPath::Item(spreads, i), reporter);
  }
}

}  // namespace reconcile
