#include "schema/tables.h"

namespace reconcile {

template <>
const StructTable& TableOf<PodSpec>() {
  static const StructTable table = [] {
    Table<PodSpec> t("PodSpec");
    t.Field<&PodSpec::containers>("containers")
        .Required()
        .Doc("The containers of the pod; they share its network.");
    t.Field<&PodSpec::restart_policy>("restartPolicy")
        .Doc(
            "What happens when a container ends. Workloads other than bare pods take Always only.");
    t.Field<&PodSpec::termination_grace_period_seconds>("terminationGracePeriodSeconds")
        .Always()
        .Doc("Time between the stop signal and the kill.");
    t.Field<&PodSpec::node_selector>("nodeSelector").Doc("Labels that the node must have.");
    t.Field<&PodSpec::node_name>("nodeName")
        .Refused()
        .Doc("The node the pod is bound to; the scheduler sets it.");
    for (std::string_view name :
         {"automountServiceAccountToken", "enableServiceLinks", "hostIPC", "hostNetwork", "hostPID",
          "setHostnameAsFQDN", "shareProcessNamespace"}) {
      t.RefusedBut(name, "false");
    }
    t.RefusedBut("hostUsers", "true");
    t.RefusedBut("schedulerName", "\"default-scheduler\"");
    t.Refused(
        "activeDeadlineSeconds affinity dnsConfig dnsPolicy ephemeralContainers hostAliases "
        "hostname hostnameOverride imagePullSecrets initContainers os overhead preemptionPolicy "
        "priority priorityClassName readinessGates resourceClaims resources runtimeClassName "
        "schedulingGates securityContext serviceAccount serviceAccountName subdomain tolerations "
        "topologySpreadConstraints volumes workloadRef");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<PodTemplateSpec>() {
  static const StructTable table = [] {
    static const GroupType metadata(TemplateMetaTable());
    Table<PodTemplateSpec> t("PodTemplateSpec");
    t.Field<&PodTemplateSpec::metadata>("metadata", metadata)
        .Doc("Labels and annotations of the pods.");
    t.Field<&PodTemplateSpec::spec>("spec").Required().Doc("What the pods run.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ContainerStateWaiting>() {
  static const StructTable table = [] {
    Table<ContainerStateWaiting> t("ContainerStateWaiting");
    t.Field<&ContainerStateWaiting::reason>("reason");
    t.Field<&ContainerStateWaiting::message>("message");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ContainerStateRunning>() {
  static const StructTable table = [] {
    Table<ContainerStateRunning> t("ContainerStateRunning");
    t.Field<&ContainerStateRunning::started_at>("startedAt");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ContainerStateTerminated>() {
  static const StructTable table = [] {
    Table<ContainerStateTerminated> t("ContainerStateTerminated");
    t.Field<&ContainerStateTerminated::exit_code>("exitCode").Always();
    t.Field<&ContainerStateTerminated::signal>("signal");
    t.Field<&ContainerStateTerminated::reason>("reason");
    t.Field<&ContainerStateTerminated::message>("message");
    t.Field<&ContainerStateTerminated::started_at>("startedAt");
    t.Field<&ContainerStateTerminated::finished_at>("finishedAt");
    t.Field<&ContainerStateTerminated::container_id>("containerID");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ContainerState>() {
  static const StructTable table = [] {
    Table<ContainerState> t("ContainerState");
    t.Field<&ContainerState::waiting>("waiting");
    t.Field<&ContainerState::running>("running");
    t.Field<&ContainerState::terminated>("terminated");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ContainerStatus>() {
  static const StructTable table = [] {
    Table<ContainerStatus> t("ContainerStatus");
    t.KeyedBy("name");
    t.Field<&ContainerStatus::name>("name").Always();
    t.Field<&ContainerStatus::state>("state").Doc("One of waiting, running, terminated.");
    t.Field<&ContainerStatus::last_state>("lastState").Always().Doc("How the last run ended.");
    t.Field<&ContainerStatus::ready>("ready").Always();
    t.Field<&ContainerStatus::started>("started").Always();
    t.Field<&ContainerStatus::restart_count>("restartCount").Always();
    t.Field<&ContainerStatus::image>("image").Always();
    t.Field<&ContainerStatus::image_id>("imageID").Always();
    t.Field<&ContainerStatus::container_id>("containerID");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<PodStatus>() {
  static const StructTable table = [] {
    Table<PodStatus> t("PodStatus");
    t.Field<&PodStatus::phase>("phase").Doc("Where the pod is in its life.");
    t.Field<&PodStatus::conditions>("conditions")
        .Doc("PodScheduled, Initialized, ContainersReady, Ready.");
    t.Field<&PodStatus::reason>("reason");
    t.Field<&PodStatus::message>("message");
    t.Field<&PodStatus::host_ip>("hostIP");
    t.Field<&PodStatus::pod_ip>("podIP");
    t.Field<&PodStatus::start_time>("startTime");
    t.Field<&PodStatus::container_statuses>("containerStatuses");
    t.Field<&PodStatus::qos_class>("qosClass").Doc("Guaranteed, Burstable or BestEffort.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<Pod>() {
  static const StructTable table = [] {
    Table<Pod> t("Pod");
    AddTypeMeta(&t);
    t.Field<&Pod::metadata>("metadata").Required().Doc("Name, namespace, labels, annotations.");
    t.Field<&Pod::spec>("spec").Required().Immutable().Doc("What the pod runs.");
    t.Field<&Pod::status>("status").ReadOnly().Doc("What was last seen of the pod.");
    return t;
  }();
  return table;
}

}  // namespace reconcile
