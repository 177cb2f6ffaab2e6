#include "schema/shapes_pod.h"
#include "schema/tables.h"

namespace reconcile {

namespace {

Shape ResourceClaimShape() {
  static const ShapeTable table = MakeShapeTable(
      "ResourceClaim",
      {{"name", StringShape(), "Name of one of the pod's resourceClaims.", kRequired},
       {"request", StringShape(), "The part of it; all when none is named."}},
      "name");
  return StructOf(table);
}

void AddProbes(Table<Container>* t) {
  t->Accepted("livenessProbe", ProbeShape(), "")
      .ActedOn()
      .Doc("Whether the container must be restarted.");
  t->Accepted("readinessProbe", ProbeShape(), "").ActedOn().Doc("Whether it can serve.");
  t->Accepted("startupProbe", ProbeShape(), "").ActedOn().Doc("Whether it has started.");
  t->Accepted("lifecycle", LifecycleShape(), "")
      .ActedOn()
      .Doc("Hooks that run after the start and before the stop.");
  t->Accepted("terminationMessagePath", StringShape(), "")
      .ActedOn()
      .Default("/dev/termination-log")
      .Doc("The file whose content is why the container ended.");
  t->Accepted("terminationMessagePolicy", OneOf({"File", "FallbackToLogsOnError"}), "")
      .ActedOn()
      .Default("File")
      .Doc(
          "Where the message is taken from: the file, or when that says nothing and the "
          "container failed, the end of its log.");
}

void AddOtherFields(Table<Container>* t) {
  constexpr std::string_view kNotRun = "pods that have it are not started";
  t->Accepted("volumeMounts", ListOf(VolumeMountShape()), "")
      .ActedOn()
      .Doc("Where volumes appear in the container.");
  t->Accepted("volumeDevices", ListOf(VolumeDeviceShape()), "")
      .NotRunWith(kNotRun)
      .Doc("Where volumes appear as devices.");
  t->Accepted("securityContext", SecurityContextShape(), "")
      .ActedOn()
      .Doc("Rights of the container.");
  t->Accepted("restartPolicy", OneOf({"Always", "OnFailure", "Never"}), "")
      .ActedOn()
      .Doc("Its own, in place of the pod's; Always lets an init container run beside the others.");
  t->Refused("restartPolicyRules");
  t->Accepted("resizePolicy", ListOf(ResizePolicyShape()),
              "changed resources always come with a new pod")
      .Doc("How changes of resources are made.");
  t->Accepted("stdin", BoolShape(), "")
      .ActedOn()
      .Doc("Whether standard input stays open, for kubectl attach -i.");
  t->Accepted("stdinOnce", BoolShape(), "")
      .ActedOn()
      .Doc("Whether standard input closes after the first session.");
  t->Accepted("tty", BoolShape(), "").ActedOn().Doc("Whether it has a terminal.");
}

}  // namespace

template <>
const StructTable& TableOf<KeySelector>() {
  static const StructTable table = [] {
    Table<KeySelector> t("KeySelector");
    t.Field<&KeySelector::name>("name").Required().Doc("Name of the object in this namespace.");
    t.Field<&KeySelector::key>("key").Required().Doc("The key whose value is taken.");
    t.Field<&KeySelector::optional>("optional")
        .Doc(
            "Leave the variable out when the object or the key is missing; otherwise the "
            "container waits for it.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<FieldSelector>() {
  static const StructTable table = [] {
    Table<FieldSelector> t("ObjectFieldSelector");
    t.Field<&FieldSelector::api_version>("apiVersion").Doc("Version that fieldPath is written in.");
    t.Field<&FieldSelector::field_path>("fieldPath")
        .Required()
        .Doc(
            "metadata.name, metadata.namespace, metadata.uid, metadata.labels['KEY'], "
            "metadata.annotations['KEY'], spec.nodeName, spec.serviceAccountName, status.hostIP, "
            "status.hostIPs, status.podIP or status.podIPs.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<EnvVarSource>() {
  static const StructTable table = [] {
    Table<EnvVarSource> t("EnvVarSource");
    t.Field<&EnvVarSource::field_ref>("fieldRef").Doc("A field of the pod.");
    t.Field<&EnvVarSource::config_map_key_ref>("configMapKeyRef").Doc("A key of a ConfigMap.");
    t.Field<&EnvVarSource::secret_key_ref>("secretKeyRef").Doc("A key of a Secret.");
    t.Accepted("resourceFieldRef", ResourceFieldShape(), "")
        .ActedOn()
        .Doc("A limit or request of a container, divided by divisor and rounded up.");
    t.Refused("fileKeyRef");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<EnvVar>() {
  static const StructTable table = [] {
    Table<EnvVar> t("EnvVar");
    t.KeyedBy("name");
    t.Field<&EnvVar::name>("name").Required().Doc("Printable ASCII without \"=\".");
    t.Field<&EnvVar::value>("value").Doc(
        "The value. $(NAME) stands for a variable defined before; $$ for $.");
    t.Field<&EnvVar::value_from>("valueFrom").Doc("Where the value comes from, if not from value.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<EnvFromRef>() {
  static const StructTable table = [] {
    Table<EnvFromRef> t("EnvFromReference");
    t.Field<&EnvFromRef::name>("name").Required().Doc("Name of the object in this namespace.");
    t.Field<&EnvFromRef::optional>("optional").Doc("Go on without it when it is missing.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<EnvFromSource>() {
  static const StructTable table = [] {
    Table<EnvFromSource> t("EnvFromSource");
    t.Field<&EnvFromSource::prefix>("prefix").Doc("Put before each key.");
    t.Field<&EnvFromSource::config_map_ref>("configMapRef").Doc("All keys of a ConfigMap.");
    t.Field<&EnvFromSource::secret_ref>("secretRef").Doc("All keys of a Secret.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ContainerPort>() {
  static const StructTable table = [] {
    Table<ContainerPort> t("ContainerPort");
    t.KeyedBy("containerPort");
    t.Field<&ContainerPort::name>("name").Doc("By which Services may refer to the port.");
    t.Field<&ContainerPort::container_port>("containerPort")
        .Required()
        .Doc("The port that the process listens on, 1 to 65535.");
    t.Field<&ContainerPort::protocol>("protocol").Doc("The transport protocol.");
    t.Field<&ContainerPort::host_port>("hostPort").Doc("The port of the host that leads to it.");
    t.Field<&ContainerPort::host_ip>("hostIP").Doc(
        "The host's address that hostPort is opened on.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ResourceRequirements>() {
  static const StructTable table = [] {
    Table<ResourceRequirements> t("ResourceRequirements");
    t.Field<&ResourceRequirements::limits>("limits").Doc("The most the container may use.");
    t.Field<&ResourceRequirements::requests>("requests")
        .Default("the limits")
        .Doc("What the scheduler sets aside on the node.");
    t.Accepted("claims", ListOf(ResourceClaimShape()), "")
        .NotRunWith(
            "devices are not given to containers yet, and pods that claim them are not "
            "started")
        .Doc("Devices of the pod's resourceClaims.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<Container>() {
  static const StructTable table = [] {
    Table<Container> t("Container");
    t.KeyedBy("name");
    t.Field<&Container::name>("name").Required().Doc("Unique within the pod; a DNS label.");
    t.Field<&Container::image>("image").Required().Mutable().Doc(
        "Image reference, as for docker pull.");
    t.Field<&Container::command>("command").Doc("Replaces the image's entrypoint.");
    t.Field<&Container::args>("args").Doc("Replaces the image's arguments.");
    t.Field<&Container::working_dir>("workingDir")
        .Default("the image's")
        .Doc("Folder the process starts in.");
    t.Field<&Container::ports>("ports").Doc("Ports the container listens on.");
    t.Field<&Container::env_from>("envFrom").Doc(
        "Objects whose keys become environment variables; later ones win.");
    t.Field<&Container::env>("env").Doc("Environment variables; they win over envFrom.");
    t.Field<&Container::resources>("resources").Always().Doc("CPU and memory: cpu, memory.");
    t.Field<&Container::image_pull_policy>("imagePullPolicy")
        .Default("Always for the tag latest or none, else IfNotPresent")
        .Doc("When to ask the registry for the image.");
    AddProbes(&t);
    AddOtherFields(&t);
    return t;
  }();
  return table;
}

}  // namespace reconcile
