#include "schema/shapes_pod.h"
#include "schema/tables.h"

namespace reconcile {

namespace {

constexpr std::string_view kPodNotRun = "pods that have it are not started";
constexpr std::string_view kNoApi = "the API is not served inside pods, and no token is mounted";

void AddHostAccess(Table<PodSpec>* t) {
  t->Field<&PodSpec::host_network>("hostNetwork").Doc("Whether the pod has the host's network.");
  for (const auto& [name, doc] :
       {std::pair("hostPID", "Whether it sees the host's processes."),
        std::pair("hostIPC", "Whether it shares the host's System V and POSIX memory."),
        std::pair("shareProcessNamespace", "Whether its containers see each other's processes.")}) {
    t->Accepted(name, BoolShape(), "").ActedOn().Doc(doc);
  }
  t->Accepted("hostUsers", BoolShape(), "")
      .NotRunWith(kPodNotRun)
      .Default("true")
      .Doc("Whether user ids are the host's.");
  t->Accepted("volumes", ListOf(VolumeShape()), "").ActedOn().Doc("Files that containers mount.");
  t->Accepted("securityContext", PodSecurityContextShape(), "")
      .ActedOn()
      .Doc("Rights of all containers; a container's own win.");
  t->Accepted("runtimeClassName", StringShape(), "")
      .NotRunWith(kPodNotRun)
      .Doc("Another container runtime.");
  t->Accepted("resourceClaims", ListOf(PodResourceClaimShape()), "")
      .NotRunWith(kPodNotRun)
      .Doc("Devices that the pod claims.");
  static const ShapeTable os = MakeShapeTable(
      "PodOS", {{"name", OneOf({"linux", "windows"}), "linux or windows.", kRequired}});
  t->Accepted("os", StructOf(os), "")
      .NotRunWith("nodes run Linux, and other pods are not started")
      .RunWith("{\"name\":\"linux\"}")
      .Doc("The operating system.");
}

void AddIdentity(Table<PodSpec>* t) {
  t->Accepted("serviceAccountName", StringShape(), kNoApi).Doc("The ServiceAccount it runs as.");
  t->Accepted("serviceAccount", StringShape(), kNoApi).Doc("Old name of serviceAccountName.");
  t->Accepted("automountServiceAccountToken", BoolShape(), kNoApi)
      .Default("true")
      .Doc("Whether the ServiceAccount's token is mounted.");
  t->Accepted("imagePullSecrets", ListOf(LocalReferenceShape()), "")
      .ActedOn()
      .Doc("Secrets with logins for registries.");
  t->Accepted("enableServiceLinks", BoolShape(), "")
      .ActedOn()
      .Default("true")
      .Doc("Whether containers get variables for the Services of their namespace.");
}

void AddNames(Table<PodSpec>* t) {
  t->Field<&PodSpec::dns_policy>("dnsPolicy")
      .LeftOutByDefault()
      .Default("ClusterFirst")
      .Doc("Where names are looked up.");
  t->Field<&PodSpec::dns_config>("dnsConfig").Doc("Further name servers and so on.");
  t->Accepted("hostAliases", ListOf(HostAliasShape()), "").ActedOn().Doc("Lines of /etc/hosts.");
  t->Field<&PodSpec::hostname>("hostname").Doc("The pod's host name, instead of its own name.");
  t->Accepted("hostnameOverride", StringShape(), "")
      .NotRunWith(kPodNotRun)
      .Doc("The pod's host name.");
  t->Field<&PodSpec::subdomain>("subdomain")
      .Doc("The headless Service under which hostname is found.");
  t->Accepted("setHostnameAsFQDN", BoolShape(), "")
      .NotRunWith(kPodNotRun)
      .Doc("Whether the host name is the whole domain name.");
}

void AddPlacement(Table<PodSpec>* t) {
  t->Accepted("affinity", AffinityShape(), "")
      .ActedOn()
      .Doc("Nodes and pods to be near to or away from.");
  t->Accepted("tolerations", ListOf(TolerationShape()), "")
      .ActedOn()
      .Mutable()
      .Doc("Taints of nodes that do not keep the pod away.");
  t->Accepted("topologySpreadConstraints", ListOf(TopologySpreadShape()), "")
      .ActedOn()
      .Doc("How pods are spread over nodes and zones.");
  t->Accepted("schedulerName", StringShape(), "there is one scheduler, and it places all pods")
      .Default("default-scheduler")
      .Doc("Who places the pod.");
  t->Accepted("schedulingGates", ListOf(LocalReferenceShape()), "")
      .NotRunWith(kPodNotRun)
      .Doc("What must be taken away before the pod is placed.");
  t->Accepted("priorityClassName", StringShape(), "")
      .ActedOn()
      .Doc(
          "Its PriorityClass: pods of a higher one are placed first, and push out others where no "
          "node has room.");
  t->Accepted("priority", Int32Shape(), "")
      .ActedOn()
      .Doc("Its priority, when it names no PriorityClass.");
  t->Accepted("preemptionPolicy", OneOf({"PreemptLowerPriority", "Never"}), "")
      .ActedOn()
      .Default("PreemptLowerPriority")
      .Doc("Whether it may push out pods of lower priority.");
}

void AddLimits(Table<PodSpec>* t) {
  t->Accepted("activeDeadlineSeconds", Int64Shape(), "")
      .ActedOn()
      .Mutable()
      .Doc(
          "How long the pod may run, from its start on its host, before it is stopped and Failed.");
  t->Accepted("readinessGates", ListOf(ReadinessGateShape()),
              "a pod is ready when its containers are")
      .Doc("Further conditions of being ready.");
  t->Accepted("overhead", QuantityMapShape(), "only what containers ask for is counted")
      .Doc("What the pod itself uses.");
  t->Accepted("resources", ResourcesShape(), "only containers' own limits are set")
      .Doc("CPU and memory of all containers together.");
}

}  // namespace

template <>
const StructTable& TableOf<PodDnsOption>() {
  static const StructTable table = [] {
    Table<PodDnsOption> t("PodDNSConfigOption");
    t.KeyedBy("name");
    t.Field<&PodDnsOption::name>("name").Doc("As resolv.conf has it.");
    t.Field<&PodDnsOption::value>("value").Doc("Its value, if it has one.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<PodDnsConfig>() {
  static const StructTable table = [] {
    Table<PodDnsConfig> t("PodDNSConfig");
    t.Field<&PodDnsConfig::nameservers>("nameservers").Doc("Addresses of further name servers.");
    t.Field<&PodDnsConfig::searches>("searches").Doc("Domains that short names are looked up in.");
    t.Field<&PodDnsConfig::options>("options").Doc("Options of resolv.conf, such as ndots.");
    return t;
  }();
  return table;
}

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
        .Doc(
            "The node the pod is bound to; the scheduler sets it. A manifest that names one sends "
            "the pod there, cordoned or not: it waits only for room, ports, its own selector and "
            "affinity, and taints with NoExecute.");
    t.Field<&PodSpec::declared_node_name>("declaredNodeName").Internal();
    t.Field<&PodSpec::init_containers>("initContainers")
        .Doc(
            "Containers that start one after another before the others: each ends well before the "
            "next, or stays beside them (restartPolicy Always).");
    t.Refused("ephemeralContainers", "they are added to running pods, through the API");
    t.Refused("workloadRef");
    AddHostAccess(&t);
    AddIdentity(&t);
    AddNames(&t);
    AddPlacement(&t);
    AddLimits(&t);
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
const StructTable& TableOf<PodIp>() {
  static const StructTable table = [] {
    Table<PodIp> t("PodIP");
    t.Field<&PodIp::ip>("ip");
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
    t.Field<&PodStatus::pod_ips>("podIPs");
    t.Field<&PodStatus::start_time>("startTime");
    t.Field<&PodStatus::init_container_statuses>("initContainerStatuses");
    t.Field<&PodStatus::container_statuses>("containerStatuses");
    t.Field<&PodStatus::qos_class>("qosClass").Doc("Guaranteed, Burstable or BestEffort.");
    t.Field<&PodStatus::nominated_node_name>("nominatedNodeName")
        .Doc("The node where pods of lower priority make room for it.");
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
