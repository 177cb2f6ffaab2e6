#include "schema/workload.h"

#include <algorithm>

#include "base/check.h"

namespace reconcile {

std::string_view ToString(SelectorOperator op) {
  switch (op) {
    case SelectorOperator::kIn:
      return "In";
    case SelectorOperator::kNotIn:
      return "NotIn";
    case SelectorOperator::kExists:
      return "Exists";
    case SelectorOperator::kDoesNotExist:
      return "DoesNotExist";
  }
  CHECK(false);
}

std::string_view ToString(DeploymentStrategyType type) {
  switch (type) {
    case DeploymentStrategyType::kRollingUpdate:
      return "RollingUpdate";
    case DeploymentStrategyType::kRecreate:
      return "Recreate";
  }
  CHECK(false);
}

namespace {

bool Matches(const SelectorRequirement& requirement, const StringMap& labels) {
  const auto label = labels.find(requirement.key);
  const bool present = label != labels.end();
  const bool listed = present && std::find(requirement.values.begin(), requirement.values.end(),
                                           label->second) != requirement.values.end();
  switch (requirement.op) {
    case SelectorOperator::kIn:
      return listed;
    case SelectorOperator::kNotIn:
      return !listed;  // an absent label is not in any set (metav1.LabelSelector)
    case SelectorOperator::kExists:
      return present;
    case SelectorOperator::kDoesNotExist:
      return !present;
  }
  CHECK(false);
}

}  // namespace

bool Matches(const StringMap& selector, const StringMap& labels) {
  return std::all_of(selector.begin(), selector.end(), [&](const auto& wanted) {
    const auto label = labels.find(wanted.first);
    return label != labels.end() && label->second == wanted.second;
  });
}

bool Matches(const LabelSelector& selector, const StringMap& labels) {
  return Matches(selector.match_labels, labels) &&
         std::all_of(
             selector.match_expressions.begin(), selector.match_expressions.end(),
             [&](const SelectorRequirement& requirement) { return Matches(requirement, labels); });
}

}  // namespace reconcile
