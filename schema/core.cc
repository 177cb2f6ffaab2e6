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

bool IsReady(const Node& node) {
  const Condition* ready = FindCondition(node.status.conditions, "Ready");
  return ready != nullptr && ready->status == ConditionStatus::kTrue;
}

bool IsRevoked(const Node& node) {
  const Condition* ready = FindCondition(node.status.conditions, "Ready");
  return ready != nullptr && ready->reason == kNodeRevoked;
}

}  // namespace reconcile
