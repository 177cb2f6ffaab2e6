#include "reconciler/controllers.h"
#include "reconciler/pod_control.h"
#include "reconciler/refusals.h"
#include "reconciler/scheduler/preemption.h"

namespace reconcile {
namespace {

void Bind(Turn* turn, const Binding& binding) {
  const auto bound = Mutable(*binding.pod);
  bound->spec.node_name = binding.node;
  bound->status.nominated_node_name.clear();
  SetCondition(&bound->status.conditions,
               {.type = "PodScheduled", .status = ConditionStatus::kTrue}, turn->now().wall);
  turn->Put(bound);
  turn->Record({.key = bound->key(),
                .reason = "Scheduled",
                .message = "Assigned to " + binding.node + ": " + binding.explanation,
                .component = "scheduler"});
}

void Nominate(Turn* turn, const std::string& node, Binding* binding) {
  if (binding->pod->status.nominated_node_name == node) return;
  const auto nominated = Mutable(*binding->pod);
  nominated->status.nominated_node_name = node;
  turn->Put(nominated);
  binding->pod = nominated;
}

void Preempt(Turn* turn, const Pod& victim, const Pod& by) {
  turn->Record({.key = victim.key(),
                .type = EventType::kWarning,
                .reason = "Preempted",
                .message = "Preempted by pod " + by.metadata.namespace_name + "/" +
                           by.metadata.name + " on node " + victim.spec.node_name +
                           ": its priority is higher, and no host has room for both",
                .component = "scheduler"});
  RemovePod(turn, victim);
}

// A pod that no host could run as it is written.
Binding Refused(PodPtr pod, const PodRefusal& refusal) {
  return {.pod = std::move(pod),
          .node = "",
          .explanation = refusal.message,
          .refusal = refusal.message,
          .reason = refusal.reason};
}

}  // namespace

std::vector<Binding> SchedulePods(Turn* turn) {
  std::vector<PodPtr> pending;
  std::vector<Binding> unplaced;
  turn->state().pods_by_node().ForEach("", [&](const ObjectKey& key) {
    PodPtr pod = As<Pod>(turn->state().Find(key));
    if (!IsActive(*pod)) return;
    if (const auto refusal = WhyRefused(pod->spec, pod->metadata.namespace_name, turn->state())) {
      unplaced.push_back(Refused(std::move(pod), *refusal));
    } else {
      pending.push_back(std::move(pod));
    }
  });
  if (pending.empty()) return unplaced;
  UsageCache own;
  UsageCache* usage = turn->settled() == nullptr ? &own : &turn->settled()->usage;
  for (Binding& binding : Place(pending, turn->state(), usage, turn->foreseen())) {
    if (binding.node.empty()) {
      unplaced.push_back(std::move(binding));
    } else {
      Bind(turn, binding);
    }
  }
  return unplaced;
}

void MakeRoom(Turn* turn, std::vector<Binding>* unplaced) {
  std::vector<PodPtr> pods;
  for (const Binding& binding : *unplaced) {
    if (binding.reason.empty()) pods.push_back(binding.pod);
  }
  std::map<std::string, Preemption> by_uid;
  for (Preemption& preemption : PreemptFor(pods, turn->state())) {
    by_uid[preemption.pod->metadata.uid] = std::move(preemption);
  }
  for (Binding& binding : *unplaced) {
    const auto found = by_uid.find(binding.pod->metadata.uid);
    const std::string node = found == by_uid.end() ? "" : found->second.node;
    Nominate(turn, node, &binding);
    if (node.empty()) continue;
    binding.explanation += ". Pods of " + node + " make room for it";
    for (const PodPtr& victim : found->second.victims) Preempt(turn, *victim, *binding.pod);
  }
}

void ExplainUnplaced(Turn* turn, const std::vector<Binding>& unplaced) {
  for (const Binding& binding : unplaced) {
    const auto refused = Mutable(*binding.pod);
    const bool changed =
        SetCondition(&refused->status.conditions,
                     {.type = "PodScheduled",
                      .status = ConditionStatus::kFalse,
                      .reason = binding.reason.empty() ? "Unschedulable" : binding.reason,
                      .message = binding.explanation},
                     turn->now().wall);
    if (!changed) continue;
    turn->Put(refused);
    // Without amounts: one Event, counted, for as long as the same things are in the way.
    turn->Record({.key = refused->key(),
                  .type = EventType::kWarning,
                  .reason = binding.reason.empty() ? "FailedScheduling" : binding.reason,
                  .message = binding.refusal,
                  .component = "scheduler"});
  }
}

}  // namespace reconcile
