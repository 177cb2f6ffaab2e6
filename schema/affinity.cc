#include "schema/affinity.h"

#include <algorithm>
#include <charconv>

namespace reconcile {

namespace {

constexpr size_t kShownValues = 3;

struct OperatorName {
  std::string_view name;
  NodeOperator op;
};
constexpr OperatorName kOperators[] = {
    {"In", NodeOperator::kIn},         {"NotIn", NodeOperator::kNotIn},
    {"Exists", NodeOperator::kExists}, {"DoesNotExist", NodeOperator::kDoesNotExist},
    {"Gt", NodeOperator::kGreater},    {"Lt", NodeOperator::kLess}};

std::optional<int64_t> WholeNumber(std::string_view text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (text.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

NodeRequirement ReadRequirement(const Value& value) {
  NodeRequirement requirement;
  requirement.key = value.GetString("key");
  const std::string name = value.GetString("operator");
  for (const OperatorName& known : kOperators) {
    if (known.name == name) requirement.op = known.op;
  }
  for (const Value& each : value.GetList("values")) {
    if (each.IsString()) requirement.values.push_back(each.AsString());
  }
  if (requirement.op != NodeOperator::kGreater && requirement.op != NodeOperator::kLess) {
    return requirement;
  }
  const auto limit = requirement.values.size() == 1 ? WholeNumber(requirement.values[0])
                                                    : std::optional<int64_t>();
  if (!limit) requirement.op = NodeOperator::kUnknown;
  requirement.limit = limit.value_or(0);
  return requirement;
}

NodeSelectorTerm ReadTerm(const Value& value) {
  NodeSelectorTerm term;
  for (const Value& each : value.GetList("matchExpressions")) {
    term.labels.push_back(ReadRequirement(each));
  }
  for (const Value& each : value.GetList("matchFields")) {
    term.fields.push_back(ReadRequirement(each));
  }
  return term;
}

const Value* FindNodeAffinity(const PodSpec& spec) {
  const Value* affinity = spec.others.Find("affinity");
  return affinity == nullptr ? nullptr : affinity->Find("nodeAffinity");
}

std::string_view NameOf(NodeOperator op) {
  for (const OperatorName& known : kOperators) {
    if (known.op == op) return known.name;
  }
  return "?";
}

}  // namespace

std::optional<NodeAffinity> NodeAffinityOf(const PodSpec& spec) {
  const Value* written = FindNodeAffinity(spec);
  if (written == nullptr) return std::nullopt;
  NodeAffinity affinity;
  if (const Value* required = written->Find("requiredDuringSchedulingIgnoredDuringExecution")) {
    affinity.required.emplace();
    for (const Value& term : required->GetList("nodeSelectorTerms")) {
      affinity.required->push_back(ReadTerm(term));
    }
  }
  for (const Value& term : written->GetList("preferredDuringSchedulingIgnoredDuringExecution")) {
    const Value* preference = term.Find("preference");
    if (preference == nullptr) continue;
    affinity.preferred.push_back(
        {static_cast<int32_t>(term.GetInt("weight")), ReadTerm(*preference)});
  }
  return affinity;
}

std::string NodeAffinityText(const PodSpec& spec) {
  const Value* written = FindNodeAffinity(spec);
  return written == nullptr ? "" : WriteJson(*written);
}

bool Matches(const NodeRequirement& requirement, const std::string* value) {
  const std::vector<std::string>& values = requirement.values;
  const bool listed =
      value != nullptr && std::find(values.begin(), values.end(), *value) != values.end();
  switch (requirement.op) {
    case NodeOperator::kIn:
      return listed;
    case NodeOperator::kNotIn:
      return !listed;
    case NodeOperator::kExists:
      return value != nullptr;
    case NodeOperator::kDoesNotExist:
      return value == nullptr;
    case NodeOperator::kGreater:
    case NodeOperator::kLess: {
      const auto number = value == nullptr ? std::optional<int64_t>() : WholeNumber(*value);
      if (!number) return false;
      return requirement.op == NodeOperator::kGreater ? *number > requirement.limit
                                                      : *number < requirement.limit;
    }
    case NodeOperator::kUnknown:
      return false;
  }
  return false;
}

const NodeRequirement* FirstUnmet(const NodeSelectorTerm& term, const Node& node) {
  for (const NodeRequirement& requirement : term.labels) {
    const auto label = node.metadata.labels.find(requirement.key);
    const bool present = label != node.metadata.labels.end();
    if (!Matches(requirement, present ? &label->second : nullptr)) return &requirement;
  }
  for (const NodeRequirement& requirement : term.fields) {
    const bool present = requirement.key == "metadata.name";
    if (!Matches(requirement, present ? &node.metadata.name : nullptr)) return &requirement;
  }
  return nullptr;
}

bool Matches(const NodeSelectorTerm& term, const Node& node) {
  const bool is_empty = term.labels.empty() && term.fields.empty();
  return !is_empty && FirstUnmet(term, node) == nullptr;
}

std::string ToString(const NodeRequirement& requirement) {
  std::string text = requirement.key + ' ' + std::string(NameOf(requirement.op));
  const std::vector<std::string>& values = requirement.values;
  if (values.empty()) return text;
  text += " (";
  for (size_t i = 0; i < std::min(values.size(), kShownValues); ++i) {
    text += (i > 0 ? ", " : "") + values[i];
  }
  if (values.size() > kShownValues) {
    text += " and " + std::to_string(values.size() - kShownValues) + " more";
  }
  return text + ')';
}

}  // namespace reconcile
