#include "api/object_health.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "api/columns.h"
#include "reconciler/health.h"
#include "reconciler/rollback_on_deadline.h"
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

// Whether it is on its way, as far as its word and where it is tell.
Health GradeOf(const Pod& pod, std::string_view word, const ClusterState& state) {
  if (IsUnknown(pod, state)) return Health::kUnknown;
  const bool comes = std::find(kOnTheirWay.begin(), kOnTheirWay.end(), word) != kOnTheirWay.end() ||
                     (word.starts_with("Init:") && word.find('/') != std::string::npos);
  const Condition* scheduled = FindCondition(pod.status.conditions, "PodScheduled");
  const bool fits_nowhere = scheduled != nullptr && scheduled->status == ConditionStatus::kFalse;
  return comes && !fits_nowhere ? Health::kProgressing : Health::kDegraded;
}

Health GradeOf(const Node& node) {
  const Condition* ready = FindCondition(node.status.conditions, "Ready");
  const bool is_silent = ready == nullptr || ready->status == ConditionStatus::kUnknown;
  return is_silent ? Health::kUnknown : Health::kDegraded;
}

Health GradeOf(const Source& source) {
  const bool is_read = FindCondition(source.status.conditions, "Ready") != nullptr;
  return is_read ? Health::kDegraded : Health::kUnknown;
}

// What keeps a set of pods from coming by itself, in a condition's words; nullptr: nothing.
const Condition* WhatHolds(const std::vector<Condition>& conditions) {
  for (const auto& [type, bad] : {std::pair("Progressing", ConditionStatus::kFalse),
                                  std::pair("ReplicaFailure", ConditionStatus::kTrue)}) {
    const Condition* condition = FindCondition(conditions, type);
    if (condition != nullptr && condition->status == bad && !condition->message.empty()) {
      return condition;
    }
  }
  return nullptr;
}

// Of a set of pods: so many of `wanted` are ready, `current` are of the newest template.
struct PodCounts {
  int64_t ready = 0;  // of a Deployment, for long enough
  int64_t current = 0;
  int64_t wanted = 0;
  const std::vector<Condition>* conditions = nullptr;
  int32_t ready_now = 0;
};

std::optional<PodCounts> CountsOf(const Object& object) {
  if (const auto* deployment = As<Deployment>(object)) {
    const DeploymentStatus& status = deployment->status;
    return PodCounts{status.available_replicas, status.updated_replicas, deployment->spec.replicas,
                     &status.conditions, status.ready_replicas};
  }
  if (const auto* set = As<ReplicaSet>(object)) {
    return PodCounts{set->status.ready_replicas, set->status.replicas, set->spec.replicas,
                     &set->status.conditions, set->status.ready_replicas};
  }
  if (const auto* controller = As<ReplicationController>(object)) {
    const ReplicaSetStatus& status = controller->status;
    return PodCounts{status.ready_replicas, status.replicas, controller->spec.replicas,
                     &status.conditions, status.ready_replicas};
  }
  if (const auto* set = As<StatefulSet>(object)) {
    const StatefulSetStatus& status = set->status;
    return PodCounts{status.ready_replicas, status.updated_replicas, set->spec.replicas,
                     &status.conditions, status.ready_replicas};
  }
  if (const auto* set = As<DaemonSet>(object)) {
    const DaemonSetStatus& status = set->status;
    return PodCounts{status.number_ready, status.updated_number_scheduled,
                     status.desired_number_scheduled, &status.conditions, status.number_ready};
  }
  return std::nullopt;
}

std::string WordOf(const PodCounts& counts) {
  const std::string word = Of(counts.ready, counts.wanted, "ready");
  if (counts.current >= counts.wanted) return word;
  return word + ", " + Of(counts.current, counts.wanted, "updated");
}

std::string WordOf(const Job& job) {
  for (const Condition& condition : job.status.conditions) {
    const bool is_end =
        condition.type == "Failed" || condition.type == "Complete" || condition.type == "Suspended";
    if (is_end && condition.status == ConditionStatus::kTrue) return condition.type;
  }
  return std::to_string(job.status.active) + " active";
}

std::string WordOf(const Source& source) {
  const Condition* ready = FindCondition(source.status.conditions, "Ready");
  return ready == nullptr ? "not read yet" : ready->reason;
}

// What there is to say of one that is healthy.
std::string RemarkOn(const Object& object) {
  if (const auto* node = As<Node>(object); node != nullptr && node->status.cordon) {
    const auto& cordon = *node->status.cordon;
    return "cordoned by " + cordon.by + (cordon.reason.empty() ? "" : ": " + cordon.reason);
  }
  const std::string_view not_acted_on = InfoOf(object.kind).not_acted_on;
  return not_acted_on.empty() ? "" : "not acted on: " + std::string(not_acted_on);
}

void GradeSet(const PodCounts& counts, const Object& object, ObjectHealth* result) {
  const Condition* held = WhatHolds(*counts.conditions);
  const auto* deployment = As<Deployment>(object);
  const bool is_rolled_back = deployment != nullptr && !WhyRolledBack(*deployment).empty();
  result->health = held != nullptr || is_rolled_back ? Health::kDegraded : Health::kProgressing;
  if (held != nullptr && !is_rolled_back) {
    result->why = held->message;
  } else if (result->why == PodsReadyText(counts.ready_now, static_cast<int32_t>(counts.wanted))) {
    result->why.clear();  // the word says it
  }
}

// The word stands beside it.
std::string WithoutWord(const std::string& why, const std::string& word) {
  const std::string beginning = word + ": ";
  return why.starts_with(beginning) ? why.substr(beginning.size()) : why == word ? "" : why;
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

ObjectHealth HealthOf(const Object& object, const ClusterState& state) {
  ObjectHealth result;
  const Pod* pod = As<Pod>(object);
  const Node* node = As<Node>(object);
  const Source* source = As<Source>(object);
  const std::optional<PodCounts> counts = CountsOf(object);
  if (pod != nullptr) result.word = PodStatusWord(*pod);
  if (node != nullptr) result.word = CellsOf(*node, WallTime{})[1];
  if (source != nullptr) result.word = WordOf(*source);
  if (counts) result.word = WordOf(*counts);
  if (const auto* job = As<Job>(object)) result.word = WordOf(*job);
  result.why = WhyUnhealthyInWords(object, state);
  if (result.why.empty()) {
    result.why = RemarkOn(object);
    return result;
  }
  result.health = Health::kProgressing;
  if (pod != nullptr) result.health = GradeOf(*pod, result.word, state);
  if (node != nullptr) result.health = GradeOf(*node);
  if (source != nullptr) result.health = GradeOf(*source);
  if (counts) GradeSet(*counts, object, &result);
  result.why = WithoutWord(result.why, result.word);
  return result;
}

}  // namespace reconcile
