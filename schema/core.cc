#include "schema/core.h"

#include "base/check.h"

namespace reconcile {

std::string_view ToString(EventType type) {
  switch (type) {
    case EventType::kNormal:
      return "Normal";
    case EventType::kWarning:
      return "Warning";
  }
  CHECK(false);
}

std::string_view ToString(TaintEffect effect) {
  switch (effect) {
    case TaintEffect::kUnset:
      return "";
    case TaintEffect::kNoSchedule:
      return "NoSchedule";
    case TaintEffect::kPreferNoSchedule:
      return "PreferNoSchedule";
    case TaintEffect::kNoExecute:
      return "NoExecute";
  }
  CHECK(false);
}

bool IsReady(const Node& node) {
  const Condition* ready = FindCondition(node.status.conditions, "Ready");
  return ready != nullptr && ready->status == ConditionStatus::kTrue;
}

bool IsRevoked(const Node& node) {
  const Condition* ready = FindCondition(node.status.conditions, "Ready");
  return ready != nullptr && ready->reason == kNodeRevoked;
}

bool IsUnschedulable(const Node& node) {
  return node.spec.unschedulable || node.status.cordon.has_value();
}

}  // namespace reconcile
