#include "schema/tables.h"

namespace reconcile {

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
    t.Refused("resourceFieldRef fileKeyRef");
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
    t.Refused("hostIP hostPort");
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
    t.Refused("claims");
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
    t.RefusedBut("stdin", "false");
    t.RefusedBut("stdinOnce", "false");
    t.RefusedBut("tty", "false");
    t.Refused(
        "lifecycle livenessProbe readinessProbe resizePolicy restartPolicy restartPolicyRules "
        "securityContext startupProbe terminationMessagePath terminationMessagePolicy "
        "volumeDevices volumeMounts");
    return t;
  }();
  return table;
}

}  // namespace reconcile
