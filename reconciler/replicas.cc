#include "reconciler/replicas.h"

#include <algorithm>

#include "base/planted_bug.h"
#include "reconciler/pod_control.h"
#include "reconciler/refusals.h"

namespace reconcile {
namespace {

std::vector<PodPtr> ActiveOf(const std::vector<PodPtr>& pods) {
  std::vector<PodPtr> active;
  std::copy_if(pods.begin(), pods.end(), std::back_inserter(active),
               [](const PodPtr& pod) { return IsActive(*pod); });
  return active;
}

// The active pods of all ReplicaSets of the Deployment that owns `owner`, or `own`.
std::vector<PodPtr> SiblingsOf(const Turn& turn, const Object& owner,
                               const std::vector<PodPtr>& own) {
  const OwnerReference* controller = ControllerOf(owner.metadata);
  if (controller == nullptr) return own;
  std::vector<PodPtr> siblings;
  for (const auto& set : turn.OwnedBy<ReplicaSet>(controller->uid)) {
    const std::vector<PodPtr> pods = ActiveOf(turn.OwnedBy<Pod>(set->metadata.uid));
    siblings.insert(siblings.end(), pods.begin(), pods.end());
  }
  return siblings;
}

void Create(Turn* turn, const ReplicaDemand& demand, size_t count, std::vector<PodPtr>* active,
            int64_t* incarnation) {
  if (!turn->IsOpen(demand.owner.metadata.namespace_name)) return;
  for (size_t i = 0; i < count && turn->TakeCreate(); ++i) {
    active->push_back(CreatePod(turn, demand.owner, demand.pod_template, incarnation));
    turn->Record({.key = demand.owner.key(),
                  .reason = "SuccessfulCreate",
                  .message = "Created pod: " + active->back()->metadata.name,
                  .component = demand.component});
  }
}

void Remove(Turn* turn, const ReplicaDemand& demand, size_t count, std::vector<PodPtr>* active) {
  const std::vector<PodPtr> victims =
      ChooseVictims(*active, SiblingsOf(*turn, demand.owner, *active), turn->TakeDeletes(count),
                    turn->now().wall);
  for (const PodPtr& pod : victims) {
    RemovePod(turn, *pod);
    turn->Record({.key = demand.owner.key(),
                  .reason = "SuccessfulDelete",
                  .message = "Deleted pod: " + pod->metadata.name,
                  .component = demand.component});
    std::erase(*active, pod);
  }
}

bool IsFullyLabeled(const Pod& pod, const PodTemplateSpec& pod_template) {
  return Matches(pod_template.metadata.labels, pod.metadata.labels);
}

ReplicaSetStatus Count(Turn* turn, const ReplicaDemand& demand, const std::vector<PodPtr>& active,
                       const ReplicaSetStatus& before) {
  ReplicaSetStatus status;
  status.conditions = before.conditions;
  status.observed_generation = demand.owner.metadata.generation;
  status.replicas = static_cast<int32_t>(active.size());
  for (const PodPtr& pod : active) {
    if (IsFullyLabeled(*pod, demand.pod_template)) ++status.fully_labeled_replicas;
    if (IsReady(*pod)) ++status.ready_replicas;
    int64_t remaining_ms = 0;
    if (IsAvailable(*pod, demand.min_ready_seconds, turn->now().wall, &remaining_ms)) {
      ++status.available_replicas;
    } else if (remaining_ms > 0) {
      turn->WakeIn(remaining_ms);
    }
  }
  return status;
}

// Says what keeps the pods from being made, or no longer. Deployments take the condition over from
// their ReplicaSets.
void SetReplicaFailure(Turn* turn, const ReplicaDemand& demand,
                       const std::optional<PodRefusal>& refusal, ReplicaSetStatus* status) {
  constexpr std::string_view kType = "ReplicaFailure";
  if (!refusal) {
    std::erase_if(status->conditions, [&](const Condition& each) {
      return each.type == kType && IsRefusal(each.reason);
    });
    return;
  }
  const bool changed = SetCondition(&status->conditions,
                                    {.type = std::string(kType),
                                     .status = ConditionStatus::kTrue,
                                     .reason = refusal->reason,
                                     .message = refusal->message},
                                    turn->now().wall);
  if (!changed) return;
  turn->Record({.key = demand.owner.key(),
                .type = EventType::kWarning,
                .reason = refusal->reason,
                .message = refusal->message,
                .component = demand.component});
}

}  // namespace

ReplicaOutcome SyncReplicas(Turn* turn, const ReplicaDemand& demand,
                            const ReplicaSetStatus& before) {
  std::vector<PodPtr> active =
      ActiveOf(ClaimPods(turn, demand.owner, demand.matches, demand.component));
  ReplicaOutcome outcome;
  outcome.incarnation = demand.owner.metadata.incarnation;
  const size_t wanted = static_cast<size_t>(std::max(demand.replicas, 0)) +
                        (PlantedBug("one-replica-too-many") ? 1 : 0);
  std::optional<PodRefusal> refusal;
  if (active.size() < wanted) {
    refusal =
        WhyRefused(demand.pod_template.spec, demand.owner.metadata.namespace_name, turn->state());
  }
  if (active.size() < wanted && !refusal) {
    Create(turn, demand, wanted - active.size(), &active, &outcome.incarnation);
  } else if (active.size() > wanted) {
    Remove(turn, demand, active.size() - wanted, &active);
  }
  outcome.status = Count(turn, demand, active, before);
  SetReplicaFailure(turn, demand, refusal, &outcome.status);
  return outcome;
}

}  // namespace reconcile
