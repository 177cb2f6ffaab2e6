#include "schema/tables.h"

namespace reconcile {

namespace {

constexpr std::string_view kWorkloadMetadataDoc = "Name, namespace, labels, annotations.";
constexpr std::string_view kReplicasDoc = "How many pods to keep running.";
constexpr std::string_view kMinReadyDoc =
    "How long a new pod must be ready before it counts as available.";
constexpr std::string_view kTemplateDoc = "The pod to run copies of.";

}  // namespace

template <>
const StructTable& TableOf<SelectorRequirement>() {
  static const StructTable table = [] {
    Table<SelectorRequirement> t("LabelSelectorRequirement");
    t.Field<&SelectorRequirement::key>("key").Required().Doc("The label's key.");
    t.Field<&SelectorRequirement::op>("operator").Required().Doc("How values are compared.");
    t.Field<&SelectorRequirement::values>("values").Doc(
        "For In and NotIn: at least one value. For Exists and DoesNotExist: none.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<LabelSelector>() {
  static const StructTable table = [] {
    Table<LabelSelector> t("LabelSelector");
    t.Field<&LabelSelector::match_labels>("matchLabels").Doc("Labels a pod must have.");
    t.Field<&LabelSelector::match_expressions>("matchExpressions")
        .Doc("Further requirements; all of them must hold.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ReplicationControllerSpec>() {
  using Spec = ReplicationControllerSpec;
  static const StructTable table = [] {
    Table<Spec> t("ReplicationControllerSpec");
    t.Field<&Spec::replicas>("replicas").Always().Doc(kReplicasDoc);
    t.Field<&Spec::min_ready_seconds>("minReadySeconds").Doc(kMinReadyDoc);
    t.Field<&Spec::selector>("selector")
        .Default("the template's labels")
        .Doc("Labels of the pods.");
    t.Field<&Spec::pod_template>("template").Required().Doc(kTemplateDoc);
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ReplicaSetStatus>() {
  static const StructTable table = [] {
    Table<ReplicaSetStatus> t("ReplicaSetStatus");
    t.Field<&ReplicaSetStatus::replicas>("replicas").Always();
    t.Field<&ReplicaSetStatus::fully_labeled_replicas>("fullyLabeledReplicas");
    t.Field<&ReplicaSetStatus::ready_replicas>("readyReplicas");
    t.Field<&ReplicaSetStatus::available_replicas>("availableReplicas");
    t.Field<&ReplicaSetStatus::observed_generation>("observedGeneration");
    t.Field<&ReplicaSetStatus::conditions>("conditions");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ReplicationController>() {
  static const StructTable table = [] {
    Table<ReplicationController> t("ReplicationController");
    AddTypeMeta(&t);
    t.Field<&ReplicationController::metadata>("metadata").Required().Doc(kWorkloadMetadataDoc);
    t.Field<&ReplicationController::spec>("spec").Required().Doc("What is wanted.");
    t.Field<&ReplicationController::status>("status").ReadOnly().Doc("What was last seen.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ReplicaSetSpec>() {
  static const StructTable table = [] {
    Table<ReplicaSetSpec> t("ReplicaSetSpec");
    t.Field<&ReplicaSetSpec::replicas>("replicas").Always().Doc(kReplicasDoc);
    t.Field<&ReplicaSetSpec::min_ready_seconds>("minReadySeconds").Doc(kMinReadyDoc);
    t.Field<&ReplicaSetSpec::selector>("selector")
        .Required()
        .Immutable()
        .Doc("Which pods are its own; it must match the template's labels.");
    t.Field<&ReplicaSetSpec::pod_template>("template").Required().Doc(kTemplateDoc);
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ReplicaSet>() {
  static const StructTable table = [] {
    Table<ReplicaSet> t("ReplicaSet");
    AddTypeMeta(&t);
    t.Field<&ReplicaSet::metadata>("metadata").Required().Doc(kWorkloadMetadataDoc);
    t.Field<&ReplicaSet::spec>("spec").Required().Doc("What is wanted.");
    t.Field<&ReplicaSet::status>("status").ReadOnly().Doc("What was last seen.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<RollingUpdateDeployment>() {
  static const StructTable table = [] {
    Table<RollingUpdateDeployment> t("RollingUpdateDeployment");
    t.Field<&RollingUpdateDeployment::max_surge>("maxSurge")
        .Always()
        .Doc("How many pods there may be beyond replicas; a percentage is rounded up.");
    t.Field<&RollingUpdateDeployment::max_unavailable>("maxUnavailable")
        .Always()
        .Doc("How many of replicas may be unavailable; a percentage is rounded down.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<DeploymentStrategy>() {
  static const StructTable table = [] {
    Table<DeploymentStrategy> t("DeploymentStrategy");
    t.Field<&DeploymentStrategy::type>("type").Doc(
        "RollingUpdate replaces pods step by step; Recreate stops all old ones first.");
    t.Field<&DeploymentStrategy::rolling_update>("rollingUpdate").Doc("Limits of RollingUpdate.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<DeploymentSpec>() {
  static const StructTable table = [] {
    Table<DeploymentSpec> t("DeploymentSpec");
    t.Field<&DeploymentSpec::replicas>("replicas").Always().Doc(kReplicasDoc);
    t.Field<&DeploymentSpec::selector>("selector")
        .Required()
        .Immutable()
        .Doc("Which pods are its own; it must match the template's labels.");
    t.Field<&DeploymentSpec::pod_template>("template").Required().Doc(kTemplateDoc);
    t.Field<&DeploymentSpec::strategy>("strategy").Doc("How old pods give way to new ones.");
    t.Field<&DeploymentSpec::min_ready_seconds>("minReadySeconds").Doc(kMinReadyDoc);
    t.Field<&DeploymentSpec::revision_history_limit>("revisionHistoryLimit")
        .Always()
        .Doc("How many old ReplicaSets to keep for a rollback.");
    t.Field<&DeploymentSpec::progress_deadline_seconds>("progressDeadlineSeconds")
        .Always()
        .Doc("How long a rollout may stand still before it is reported as failed.");
    t.Field<&DeploymentSpec::paused>("paused").Doc("Whether rollouts wait.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<WorkloadRestart>() {
  static const StructTable table = [] {
    Table<WorkloadRestart> t("WorkloadRestart");
    t.Field<&WorkloadRestart::by>("by");
    t.Field<&WorkloadRestart::reason>("reason");
    t.Field<&WorkloadRestart::at>("at");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<DeploymentStatus>() {
  static const StructTable table = [] {
    Table<DeploymentStatus> t("DeploymentStatus");
    t.Field<&DeploymentStatus::restart>("restart").Doc(
        "That a person had its pods made anew; the last time.");
    t.Field<&DeploymentStatus::observed_generation>("observedGeneration");
    t.Field<&DeploymentStatus::replicas>("replicas");
    t.Field<&DeploymentStatus::updated_replicas>("updatedReplicas");
    t.Field<&DeploymentStatus::ready_replicas>("readyReplicas");
    t.Field<&DeploymentStatus::available_replicas>("availableReplicas");
    t.Field<&DeploymentStatus::unavailable_replicas>("unavailableReplicas");
    t.Field<&DeploymentStatus::collision_count>("collisionCount");
    t.Field<&DeploymentStatus::conditions>("conditions");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<Deployment>() {
  static const StructTable table = [] {
    Table<Deployment> t("Deployment");
    AddTypeMeta(&t);
    t.Field<&Deployment::metadata>("metadata").Required().Doc(kWorkloadMetadataDoc);
    t.Field<&Deployment::spec>("spec").Required().Doc("What is wanted.");
    t.Field<&Deployment::status>("status").ReadOnly().Doc("What was last seen.");
    return t;
  }();
  return table;
}

}  // namespace reconcile
