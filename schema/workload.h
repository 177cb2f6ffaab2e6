#pragma once

#include "schema/pod.h"

namespace reconcile {

// metav1.LabelSelector; matchExpressions are ANDed with matchLabels.
enum class SelectorOperator { kIn, kNotIn, kExists, kDoesNotExist };
std::string_view ToString(SelectorOperator op);
struct SelectorRequirement {
  std::string key;
  SelectorOperator op = SelectorOperator::kIn;
  std::vector<std::string> values;
  friend bool operator==(const SelectorRequirement&, const SelectorRequirement&) = default;
};
struct LabelSelector {
  StringMap match_labels;
  std::vector<SelectorRequirement> match_expressions;
  friend bool operator==(const LabelSelector&, const LabelSelector&) = default;
};
// An empty selector matches everything.
bool Matches(const LabelSelector& selector, const StringMap& labels);
bool Matches(const StringMap& selector, const StringMap& labels);

// What keeps a number of copies of one pod; the two kinds select them in different words.
template <typename Selector>
struct ReplicaSpec {
  int32_t replicas = 1;
  int32_t min_ready_seconds = 0;
  Selector selector;
  PodTemplateSpec pod_template;
  friend bool operator==(const ReplicaSpec&, const ReplicaSpec&) = default;
};

using ReplicationControllerSpec = ReplicaSpec<StringMap>;  // the template's labels when empty
struct ReplicaSetStatus {                                  // ReplicationController's too
  int32_t replicas = 0;
  int32_t fully_labeled_replicas = 0;
  int32_t ready_replicas = 0;
  int32_t available_replicas = 0;
  int64_t observed_generation = 0;
  std::vector<Condition> conditions;
  friend bool operator==(const ReplicaSetStatus&, const ReplicaSetStatus&) = default;
};
struct ReplicationController : ObjectOf<ReplicationController, Kind::kReplicationController> {
  ReplicationControllerSpec spec;
  ReplicaSetStatus status;
};

using ReplicaSetSpec = ReplicaSpec<LabelSelector>;
struct ReplicaSet : ObjectOf<ReplicaSet, Kind::kReplicaSet> {
  ReplicaSetSpec spec;
  ReplicaSetStatus status;
};

// How a workload brings its pods to a new template. `Rolling` holds the limits of kRollingUpdate,
// and is filled by defaults for that.
template <typename Type, typename Rolling>
struct UpdateStrategy {
  Type type = Type::kRollingUpdate;
  std::optional<Rolling> rolling_update;
  friend bool operator==(const UpdateStrategy&, const UpdateStrategy&) = default;
};

enum class DeploymentStrategyType { kRollingUpdate, kRecreate };
std::string_view ToString(DeploymentStrategyType type);
struct RollingUpdateDeployment {
  IntOrString max_surge = IntOrString::String("25%");
  IntOrString max_unavailable = IntOrString::String("25%");
  friend bool operator==(const RollingUpdateDeployment&, const RollingUpdateDeployment&) = default;
};
using DeploymentStrategy = UpdateStrategy<DeploymentStrategyType, RollingUpdateDeployment>;
struct DeploymentSpec {
  int32_t replicas = 1;
  LabelSelector selector;
  PodTemplateSpec pod_template;
  DeploymentStrategy strategy;
  int32_t min_ready_seconds = 0;
  int32_t revision_history_limit = 10;
  int32_t progress_deadline_seconds = 600;
  bool paused = false;
  friend bool operator==(const DeploymentSpec&, const DeploymentSpec&) = default;
};
// That a person told a workload to make its pods anew, on top of what Git says of it: who, why and
// when (reconciler/restart.h).
struct WorkloadRestart {
  std::string by;
  std::string reason;
  std::optional<WallTime> at;
  friend bool operator==(const WorkloadRestart&, const WorkloadRestart&) = default;
};
struct DeploymentStatus {
  std::optional<WorkloadRestart> restart;  // the last one
  int64_t observed_generation = 0;
  int32_t replicas = 0;
  int32_t updated_replicas = 0;
  int32_t ready_replicas = 0;
  int32_t available_replicas = 0;
  int32_t unavailable_replicas = 0;
  int32_t collision_count = 0;
  std::vector<Condition> conditions;
  friend bool operator==(const DeploymentStatus&, const DeploymentStatus&) = default;
};
struct Deployment : ObjectOf<Deployment, Kind::kDeployment> {
  DeploymentSpec spec;
  DeploymentStatus status;
};

}  // namespace reconcile
