#include "api/object_health.h"

#include <algorithm>
#include <array>
#include <vector>

#include "api/columns.h"
#include "schema/core.h"
#include "schema/job.h"
#include "schema/pod.h"
#include "schema/sets.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

// Words of pods that are on their way.
constexpr std::array<std::string_view, 6> kOnTheirWay = {
    "Pending", "ContainerCreating", "PodInitializing", "Running", "Terminating", "NotReady"};

std::string Of(int64_t part, int64_t whole, const char* what) {
  return std::to_string(part) + " of " + std::to_string(whole) + " " + what;
}

const Condition* FalseCondition(const std::vector<Condition>& conditions, std::string_view type) {
  const Condition* found = FindCondition(conditions, type);
  return found != nullptr && found->status == ConditionStatus::kFalse ? found : nullptr;
}

std::string EndedWhy(const ContainerStatus& container) {
  const auto& now = container.state.terminated;
  const auto& ended = now ? now : container.last_state.terminated;
  if (!ended) return "";
  std::string text = container.name + " ended with exit code " + std::to_string(ended->exit_code);
  if (!ended->reason.empty() && ended->reason != "Error") text += " (" + ended->reason + ")";
  return ended->message.empty() ? text : text + ": " + ended->message;
}

// Of the first container that says something.
std::string ContainersWhy(const std::vector<ContainerStatus>& containers) {
  for (const ContainerStatus& container : containers) {
    if (container.ready) continue;
    const auto& waiting = container.state.waiting;
    const std::string ended = EndedWhy(container);
    if (!ended.empty() &&
        !(container.state.terminated && container.state.terminated->exit_code == 0))
      return ended;
    if (waiting && !waiting->message.empty()) return container.name + ": " + waiting->message;
  }
  return "";
}

std::string PodWhy(const Pod& pod) {
  if (!pod.status.message.empty()) return pod.status.message;
  for (const char* type : {"PodScheduled", "Initialized"}) {
    const Condition* condition = FalseCondition(pod.status.conditions, type);
    if (condition == nullptr || condition->message.empty()) continue;
    const std::string inits = ContainersWhy(pod.status.init_container_statuses);
    return inits.empty() ? condition->message : inits;
  }
  const std::string containers = ContainersWhy(pod.status.container_statuses);
  if (!containers.empty()) return containers;
  const Condition* ready = FindCondition(pod.status.conditions, "Ready");
  return ready == nullptr ? "" : ready->message;
}

ObjectHealth OfPod(const Pod& pod) {
  ObjectHealth result;
  result.word = PodStatusWord(pod);
  const Condition* ready = FindCondition(pod.status.conditions, "Ready");
  const bool is_lost = ready != nullptr && ready->reason == kNodeStatusUnknown;
  if (IsReady(pod) || pod.status.phase == PodPhase::kSucceeded) return result;
  result.why = PodWhy(pod);
  if (is_lost) {
    result.health = Health::kUnknown;
    return result;
  }
  const bool comes =
      std::find(kOnTheirWay.begin(), kOnTheirWay.end(), result.word) != kOnTheirWay.end() ||
      (result.word.starts_with("Init:") && result.word.find('/') != std::string::npos);
  const bool fits_nowhere = FalseCondition(pod.status.conditions, "PodScheduled") != nullptr;
  result.health = comes && !fits_nowhere ? Health::kProgressing : Health::kDegraded;
  return result;
}

ObjectHealth OfNode(const Node& node) {
  ObjectHealth result = {Health::kHealthy, CellsOf(node, WallTime{})[1], ""};
  const Condition* ready = FindCondition(node.status.conditions, "Ready");
  if (!IsReady(node)) {
    const bool is_silent = ready == nullptr || ready->status == ConditionStatus::kUnknown;
    result.health = is_silent ? Health::kUnknown : Health::kDegraded;
    if (ready != nullptr) result.why = ready->message;
    return result;
  }
  for (const std::string_view type : {kMemoryPressure, kDiskPressure, kPidPressure}) {
    const Condition* pressure = FindCondition(node.status.conditions, type);
    if (pressure == nullptr || pressure->status != ConditionStatus::kTrue) continue;
    result.health = Health::kDegraded;
    result.why = pressure->message;
  }
  if (result.health == Health::kHealthy && node.status.cordon) {
    result.why = "cordoned by " + node.status.cordon->by +
                 (node.status.cordon->reason.empty() ? "" : ": " + node.status.cordon->reason);
  }
  return result;
}

// Of a set of pods: so many of `wanted` are ready, `current` are of the newest template.
ObjectHealth OfSet(int64_t ready, int64_t current, int64_t wanted, bool is_observed,
                   const std::vector<Condition>& conditions) {
  ObjectHealth result = {Health::kHealthy, Of(ready, wanted, "ready"), ""};
  for (const char* type : {"Progressing", "ReplicaFailure"}) {
    const Condition* condition = FindCondition(conditions, type);
    if (condition == nullptr) continue;
    const bool is_bad = (condition->status == ConditionStatus::kTrue) ==
                        (std::string_view(type) == "ReplicaFailure");
    if (!is_bad || condition->message.empty()) continue;
    result.health = Health::kDegraded;
    result.why = condition->message;
    return result;
  }
  if (is_observed && ready >= wanted && current >= wanted) return result;
  result.health = Health::kProgressing;
  if (current < wanted) result.word += ", " + Of(current, wanted, "updated");
  return result;
}

ObjectHealth OfJob(const Job& job) {
  for (const Condition& condition : job.status.conditions) {
    if (condition.status != ConditionStatus::kTrue) continue;
    if (condition.type == "Failed") return {Health::kDegraded, "Failed", condition.message};
    if (condition.type == "Complete") return {Health::kHealthy, "Complete", ""};
    if (condition.type == "Suspended") return {Health::kHealthy, "Suspended", condition.message};
  }
  return {Health::kProgressing, std::to_string(job.status.active) + " active", ""};
}

ObjectHealth OfSource(const Source& source) {
  const Condition* ready = FindCondition(source.status.conditions, "Ready");
  if (ready == nullptr) return {Health::kUnknown, "not read yet", ""};
  if (ready->status == ConditionStatus::kTrue) return {Health::kHealthy, ready->reason, ""};
  return {Health::kDegraded, ready->reason, ready->message};
}

}  // namespace

std::string_view ToString(Health health) {
  switch (health) {
    case Health::kHealthy:
      return "Healthy";
    case Health::kProgressing:
      return "Progressing";
    case Health::kDegraded:
      return "Degraded";
    case Health::kUnknown:
      return "Unknown";
  }
  return "";
}

ObjectHealth HealthOf(const Object& object) {
  const int64_t generation = object.metadata.generation;
  if (const auto* pod = As<Pod>(object)) return OfPod(*pod);
  if (const auto* node = As<Node>(object)) return OfNode(*node);
  if (const auto* job = As<Job>(object)) return OfJob(*job);
  if (const auto* source = As<Source>(object)) return OfSource(*source);
  if (const auto* deployment = As<Deployment>(object)) {
    const DeploymentStatus& status = deployment->status;
    return OfSet(status.available_replicas, status.updated_replicas, deployment->spec.replicas,
                 status.observed_generation >= generation, status.conditions);
  }
  if (const auto* set = As<ReplicaSet>(object)) {
    return OfSet(set->status.ready_replicas, set->status.replicas, set->spec.replicas,
                 set->status.observed_generation >= generation, set->status.conditions);
  }
  if (const auto* set = As<StatefulSet>(object)) {
    const StatefulSetStatus& status = set->status;
    return OfSet(status.ready_replicas, status.updated_replicas, set->spec.replicas,
                 status.observed_generation >= generation, status.conditions);
  }
  if (const auto* set = As<DaemonSet>(object)) {
    const DaemonSetStatus& status = set->status;
    return OfSet(status.number_ready, status.updated_number_scheduled,
                 status.desired_number_scheduled, status.observed_generation >= generation,
                 status.conditions);
  }
  return {};
}

}  // namespace reconcile
