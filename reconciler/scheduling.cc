#include "reconciler/controllers.h"
#include "reconciler/pod_control.h"
#include "reconciler/scheduler/scheduler.h"

namespace reconcile {
namespace {

void Bind(Turn* turn, const Binding& binding) {
  const auto bound = Mutable(*binding.pod);
  bound->spec.node_name = binding.node;
  SetCondition(&bound->status.conditions,
               {.type = "PodScheduled", .status = ConditionStatus::kTrue}, turn->now().wall);
  turn->Put(bound);
  turn->Record({.key = bound->key(),
                .reason = "Scheduled",
                .message = "Assigned to " + binding.node + ": " + binding.explanation,
                .component = "scheduler"});
}

// Says it once for as long as the situation stays what it is.
void Refuse(Turn* turn, const Binding& binding) {
  const auto refused = Mutable(*binding.pod);
  const bool changed = SetCondition(&refused->status.conditions,
                                    {.type = "PodScheduled",
                                     .status = ConditionStatus::kFalse,
                                     .reason = "Unschedulable",
                                     .message = binding.explanation},
                                    turn->now().wall);
  if (!changed) return;
  turn->Put(refused);
  turn->Record({.key = refused->key(),
                .type = EventType::kWarning,
                .reason = "FailedScheduling",
                .message = binding.explanation,
                .component = "scheduler"});
}

}  // namespace

void SchedulePods(Turn* turn) {
  std::vector<PodPtr> pending;
  turn->state().ForEach<Pod>([&](const PodPtr& pod) {
    if (pod->spec.node_name.empty() && IsActive(*pod)) pending.push_back(pod);
  });
  for (const Binding& binding : Place(pending, turn->state())) {
    if (binding.node.empty()) {
      Refuse(turn, binding);
    } else {
      Bind(turn, binding);
    }
  }
}

}  // namespace reconcile
