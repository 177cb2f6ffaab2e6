#include "reconciler/disruption.h"

#include <algorithm>
#include <set>
#include <vector>

#include "reconciler/controllers.h"
#include "reconciler/declared.h"
#include "reconciler/referred.h"
#include "reconciler/scheduler/pods_of_labels.h"

namespace reconcile {
namespace {

constexpr char kDisruptionAllowed[] = "DisruptionAllowed";

std::optional<IntOrString> ShareOf(const PodDisruptionBudget& budget, std::string_view name) {
  const Value* spec = budget.others.Find("spec");
  const Value* share = spec == nullptr ? nullptr : spec->Find(name);
  if (share == nullptr) return std::nullopt;
  if (share->IsString()) return IntOrString::String(share->AsString());
  if (!share->IsInt()) return std::nullopt;
  return IntOrString::Int(static_cast<int32_t>(share->AsInt()));
}

bool AlwaysAllowsUnhealthy(const PodDisruptionBudget& budget) {
  const Value* spec = budget.others.Find("spec");
  return spec != nullptr && spec->GetString("unhealthyPodEvictionPolicy") == "AlwaysAllow";
}

ObjectPtr FindByUid(const ClusterState& state, const std::string& uid) {
  ObjectPtr found;
  state.by_uid().ForEach(uid, [&](const ObjectKey& key) { found = state.Find(key); });
  return found;
}

// The topmost object with replicas that makes the pod; null when there is none.
ObjectPtr ScaleOf(const Pod& pod, const ClusterState& state) {
  const OwnerReference* owner = ControllerOf(pod.metadata);
  ObjectPtr scale;
  while (owner != nullptr) {
    const ObjectPtr object = FindByUid(state, owner->uid);
    if (object == nullptr || !DeclaredReplicas(*object)) break;
    scale = object;
    owner = ControllerOf(object->metadata);
  }
  return scale;
}

struct BudgetedPods {
  int32_t pods = 0;
  int32_t healthy = 0;
  int64_t expected = 0;  // by those that make them
};

BudgetedPods CountPods(const PodDisruptionBudget& budget, const ClusterState& state) {
  BudgetedPods counted;
  const auto selector = SelectorOf(budget);
  if (!selector) return counted;
  std::set<std::string> scales;
  ForEachSelected(state, budget.metadata.namespace_name, *selector, [&](const Pod& pod) {
    ++counted.pods;
    if (IsActive(pod) && IsReady(pod)) ++counted.healthy;
    const ObjectPtr scale = ScaleOf(pod, state);
    if (scale == nullptr || !scales.insert(scale->metadata.uid).second) return;
    counted.expected += DeclaredReplicas(*scale).value_or(0);
  });
  return counted;
}

int32_t Scaled(const IntOrString& share, int32_t total) {
  const Result<int32_t> value = ScaledValue(share, total, Rounding::kUp);
  return value.ok() ? *value : total;  // checked when it was read
}

}  // namespace

std::vector<std::shared_ptr<const PodDisruptionBudget>> BudgetsOf(const Pod& pod,
                                                                  const ClusterState& state) {
  std::vector<std::shared_ptr<const PodDisruptionBudget>> budgets;
  const std::string& space = pod.metadata.namespace_name;
  const ObjectMap& all = state.Objects(Kind::kPodDisruptionBudget);
  for (auto at = all.lower_bound({Kind::kPodDisruptionBudget, space, ""});
       at != all.end() && at->first.namespace_name == space; ++at) {
    auto budget = As<PodDisruptionBudget>(at->second);
    const auto selector = SelectorOf(*budget);
    if (selector && Matches(*selector, pod.metadata.labels)) budgets.push_back(std::move(budget));
  }
  return budgets;
}

PodDisruptionBudgetStatus BudgetStatusOf(const PodDisruptionBudget& budget,
                                         const ClusterState& state) {
  const BudgetedPods counted = CountPods(budget, state);
  const auto expected = static_cast<int32_t>(std::min<int64_t>(counted.expected, INT32_MAX));
  PodDisruptionBudgetStatus status;
  status.observed_generation = budget.metadata.generation;
  status.current_healthy = counted.healthy;
  if (const auto most = ShareOf(budget, "maxUnavailable")) {
    status.expected_pods = expected;
    status.desired_healthy = std::max(0, expected - Scaled(*most, expected));
  } else if (const auto least = ShareOf(budget, "minAvailable")) {
    status.expected_pods = least->is_string ? expected : counted.pods;
    status.desired_healthy = least->is_string ? Scaled(*least, expected) : least->number;
  }
  const bool is_any = status.expected_pods > 0;
  if (is_any) {
    status.disruptions_allowed = std::max(0, counted.healthy - status.desired_healthy);
  }
  const bool allowed = status.disruptions_allowed > 0;
  status.conditions = {{.type = kDisruptionAllowed,
                        .status = allowed ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                        .reason = allowed ? "SufficientPods" : "InsufficientPods",
                        .message = std::to_string(counted.healthy) + " pods are ready and " +
                                   std::to_string(status.desired_healthy) + " must be"}};
  return status;
}

const PodDisruptionBudgetStatus& Evictions::StatusOf(const PodDisruptionBudget& budget) {
  const auto [found, is_new] = known_.try_emplace(budget.key());
  if (is_new) found->second = BudgetStatusOf(budget, state_);
  return found->second;
}

std::string Evictions::WhyNot(const Pod& pod) {
  if (!IsActive(pod) || pod.status.phase == PodPhase::kPending) return "";
  const auto budgets = BudgetsOf(pod, state_);
  if (budgets.empty()) return "";
  if (budgets.size() > 1) {
    return "more than one PodDisruptionBudget selects it: " + budgets[0]->metadata.name + " and " +
           budgets[1]->metadata.name + "; leave it to one";
  }
  const PodDisruptionBudget& budget = *budgets.front();
  const PodDisruptionBudgetStatus& status = StatusOf(budget);
  if (status.disruptions_allowed > 0) return "";
  const bool has_enough =
      status.desired_healthy > 0 && status.current_healthy >= status.desired_healthy;
  if (!IsReady(pod) && (AlwaysAllowsUnhealthy(budget) || has_enough)) return "";
  if (status.expected_pods == 0) {
    return "PodDisruptionBudget " + budget.metadata.name +
           " selects it and counts by declared replicas, of which there are none: give it a "
           "minAvailable that is a number";
  }
  return "it would violate PodDisruptionBudget " + budget.metadata.name + ", which needs " +
         std::to_string(status.desired_healthy) + " ready pods and has " +
         std::to_string(status.current_healthy);
}

void SyncDisruptionBudgets(Turn* turn) {
  turn->VisitDue<PodDisruptionBudget>(
      [&](const std::shared_ptr<const PodDisruptionBudget>& budget) {
        PodDisruptionBudgetStatus status = BudgetStatusOf(*budget, turn->state());
        std::vector<Condition> conditions = budget->status.conditions;
        for (const Condition& condition : status.conditions) {
          SetCondition(&conditions, condition, turn->now().wall);
        }
        status.conditions = std::move(conditions);
        if (status == budget->status) return;
        const auto updated = Mutable(*budget);
        updated->status = std::move(status);
        turn->Put(updated);
      });
}

}  // namespace reconcile
