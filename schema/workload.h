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

struct ReplicationControllerSpec {
  int32_t replicas = 1;
  int32_t min_ready_seconds = 0;
  StringMap selector;  // the template's labels when empty
  PodTemplateSpec pod_template;
  friend bool operator==(const ReplicationControllerSpec&,
                         const ReplicationControllerSpec&) = default;
};
struct ReplicaSetStatus {  // ReplicationController's too
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

struct ReplicaSetSpec {
  int32_t replicas = 1;
  int32_t min_ready_seconds = 0;
  LabelSelector selector;
  PodTemplateSpec pod_template;
  friend bool operator==(const ReplicaSetSpec&, const ReplicaSetSpec&) = default;
};
struct ReplicaSet : ObjectOf<ReplicaSet, Kind::kReplicaSet> {
  ReplicaSetSpec spec;
  ReplicaSetStatus status;
};

enum class DeploymentStrategyType { kRollingUpdate, kRecreate };
std::string_view ToString(DeploymentStrategyType type);
struct RollingUpdateDeployment {
  IntOrString max_surge = IntOrString::String("25%");
  IntOrString max_unavailable = IntOrString::String("25%");
  friend bool operator==(const RollingUpdateDeployment&, const RollingUpdateDeployment&) = default;
};
struct DeploymentStrategy {
  DeploymentStrategyType type = DeploymentStrategyType::kRollingUpdate;
  std::optional<RollingUpdateDeployment> rolling_update;  // filled by defaults for RollingUpdate
  friend bool operator==(const DeploymentStrategy&, const DeploymentStrategy&) = default;
};
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
struct DeploymentStatus {
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
