#include "schema/shapes_pod.h"
#include "schema/tables.h"

namespace reconcile {

namespace {

constexpr std::string_view kSetMetadataDoc = "Name, namespace, labels, annotations.";
constexpr std::string_view kSetSelectorDoc =
    "Which pods are its own; it must match the template's labels.";
constexpr std::string_view kSetMinReadyDoc =
    "How long a new pod must be ready before it counts as available.";
constexpr std::string_view kHistoryDoc = "How many old templates to keep for a rollback.";
constexpr std::string_view kUpdateTypeDoc =
    "RollingUpdate replaces pods step by step; OnDelete waits until they are deleted.";

}  // namespace

template <>
const StructTable& TableOf<RollingUpdateStatefulSet>() {
  static const StructTable table = [] {
    Table<RollingUpdateStatefulSet> t("RollingUpdateStatefulSetStrategy");
    t.Field<&RollingUpdateStatefulSet::partition>("partition")
        .Doc("Pods from this ordinal on are updated.");
    t.Field<&RollingUpdateStatefulSet::max_unavailable>("maxUnavailable")
        .Doc("How many pods may be unavailable meanwhile.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<StatefulSetUpdateStrategy>() {
  static const StructTable table = [] {
    Table<StatefulSetUpdateStrategy> t("StatefulSetUpdateStrategy");
    t.Field<&StatefulSetUpdateStrategy::type>("type").Doc(kUpdateTypeDoc);
    t.Field<&StatefulSetUpdateStrategy::rolling_update>("rollingUpdate")
        .Doc("Limits of RollingUpdate.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ClaimRetentionPolicy>() {
  static const StructTable table = [] {
    Table<ClaimRetentionPolicy> t("StatefulSetPersistentVolumeClaimRetentionPolicy");
    t.Field<&ClaimRetentionPolicy::when_deleted>("whenDeleted")
        .Doc("What becomes of the claims when the StatefulSet goes.");
    t.Field<&ClaimRetentionPolicy::when_scaled>("whenScaled")
        .Doc("What becomes of the claims of pods that are scaled away.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<StatefulSetOrdinals>() {
  static const StructTable table = [] {
    Table<StatefulSetOrdinals> t("StatefulSetOrdinals");
    t.Field<&StatefulSetOrdinals::start>("start").Doc("The first pod's number.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<StatefulSetSpec>() {
  using Spec = StatefulSetSpec;
  static const StructTable table = [] {
    Table<Spec> t("StatefulSetSpec");
    t.Field<&Spec::replicas>("replicas").Always().Doc("How many pods to keep running.");
    t.Field<&Spec::selector>("selector").Required().Immutable().Doc(kSetSelectorDoc);
    t.Field<&Spec::pod_template>("template").Required().Doc("The pod to run copies of.");
    t.Field<&Spec::service_name>("serviceName")
        .Immutable()
        .Doc("The headless Service under which the pods have names.");
    t.Field<&Spec::pod_management_policy>("podManagementPolicy")
        .Immutable()
        .Doc("OrderedReady starts and stops pods one after another; Parallel all at once.");
    t.Field<&Spec::update_strategy>("updateStrategy").Doc("How old pods give way to new ones.");
    t.Field<&Spec::revision_history_limit>("revisionHistoryLimit").Always().Doc(kHistoryDoc);
    t.Field<&Spec::min_ready_seconds>("minReadySeconds").Doc(kSetMinReadyDoc);
    t.Field<&Spec::claim_retention_policy>("persistentVolumeClaimRetentionPolicy")
        .Doc("When claims are deleted; by default never.");
    t.Field<&Spec::ordinals>("ordinals").Doc("How pods are numbered.");
    t.Accepted("volumeClaimTemplates", ListOf(ClaimTemplateShape()), "")
        .Immutable()
        .Doc("Claims that each pod gets for itself; volumeMounts refer to their names.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<StatefulSetStatus>() {
  using SetStatus = StatefulSetStatus;
  static const StructTable table = [] {
    Table<SetStatus> t("StatefulSetStatus");
    t.Field<&SetStatus::observed_generation>("observedGeneration");
    t.Field<&SetStatus::replicas>("replicas").Always();
    t.Field<&SetStatus::ready_replicas>("readyReplicas");
    t.Field<&SetStatus::current_replicas>("currentReplicas");
    t.Field<&SetStatus::updated_replicas>("updatedReplicas");
    t.Field<&SetStatus::available_replicas>("availableReplicas").Always();
    t.Field<&SetStatus::current_revision>("currentRevision");
    t.Field<&SetStatus::update_revision>("updateRevision");
    t.Field<&SetStatus::collision_count>("collisionCount");
    t.Field<&SetStatus::conditions>("conditions");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<StatefulSet>() {
  static const StructTable table = [] {
    Table<StatefulSet> t("StatefulSet");
    AddTypeMeta(&t);
    t.Field<&StatefulSet::metadata>("metadata").Required().Doc(kSetMetadataDoc);
    t.Field<&StatefulSet::spec>("spec").Required().Doc("What is wanted.");
    t.Field<&StatefulSet::status>("status").ReadOnly().Doc("What was last seen.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<RollingUpdateDaemonSet>() {
  static const StructTable table = [] {
    Table<RollingUpdateDaemonSet> t("RollingUpdateDaemonSet");
    t.Field<&RollingUpdateDaemonSet::max_surge>("maxSurge")
        .Always()
        .Doc("How many nodes may have an old and a new pod; a percentage is rounded up.");
    t.Field<&RollingUpdateDaemonSet::max_unavailable>("maxUnavailable")
        .Always()
        .Doc("How many nodes may be without; a percentage is rounded up.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<DaemonSetUpdateStrategy>() {
  static const StructTable table = [] {
    Table<DaemonSetUpdateStrategy> t("DaemonSetUpdateStrategy");
    t.Field<&DaemonSetUpdateStrategy::type>("type").Doc(kUpdateTypeDoc);
    t.Field<&DaemonSetUpdateStrategy::rolling_update>("rollingUpdate")
        .Doc("Limits of RollingUpdate.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<DaemonSetSpec>() {
  using Spec = DaemonSetSpec;
  static const StructTable table = [] {
    Table<Spec> t("DaemonSetSpec");
    t.Field<&Spec::selector>("selector").Required().Immutable().Doc(kSetSelectorDoc);
    t.Field<&Spec::pod_template>("template").Required().Doc("The pod to run on each node.");
    t.Field<&Spec::update_strategy>("updateStrategy").Doc("How old pods give way to new ones.");
    t.Field<&Spec::min_ready_seconds>("minReadySeconds").Doc(kSetMinReadyDoc);
    t.Field<&Spec::revision_history_limit>("revisionHistoryLimit").Always().Doc(kHistoryDoc);
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<DaemonSetStatus>() {
  using SetStatus = DaemonSetStatus;
  static const StructTable table = [] {
    Table<SetStatus> t("DaemonSetStatus");
    t.Field<&SetStatus::observed_generation>("observedGeneration");
    t.Field<&SetStatus::current_number_scheduled>("currentNumberScheduled").Always();
    t.Field<&SetStatus::desired_number_scheduled>("desiredNumberScheduled").Always();
    t.Field<&SetStatus::number_misscheduled>("numberMisscheduled").Always();
    t.Field<&SetStatus::number_ready>("numberReady").Always();
    t.Field<&SetStatus::updated_number_scheduled>("updatedNumberScheduled");
    t.Field<&SetStatus::number_available>("numberAvailable");
    t.Field<&SetStatus::number_unavailable>("numberUnavailable");
    t.Field<&SetStatus::collision_count>("collisionCount");
    t.Field<&SetStatus::conditions>("conditions");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<DaemonSet>() {
  static const StructTable table = [] {
    Table<DaemonSet> t("DaemonSet");
    AddTypeMeta(&t);
    t.Field<&DaemonSet::metadata>("metadata").Required().Doc(kSetMetadataDoc);
    t.Field<&DaemonSet::spec>("spec").Required().Doc("What is wanted.");
    t.Field<&DaemonSet::status>("status").ReadOnly().Doc("What was last seen.");
    return t;
  }();
  return table;
}

}  // namespace reconcile
