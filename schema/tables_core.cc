#include "schema/tables.h"

namespace reconcile {

namespace {

constexpr std::string_view kMetadataDoc = "Name, namespace, labels, annotations.";

const StructTable& NamespaceStatusTable() {
  static const StructTable table = [] {
    Table<Namespace> t("NamespaceStatus");
    t.Field<&Namespace::phase>("phase").Doc("Active or Terminating.");
    return t;
  }();
  return table;
}

}  // namespace

template <>
const StructTable& TableOf<Namespace>() {
  static const StructTable table = [] {
    static const GroupType status(NamespaceStatusTable());
    Table<Namespace> t("Namespace");
    AddTypeMeta(&t);
    t.Field<&Namespace::metadata>("metadata").Required().Doc("Name, labels, annotations.");
    t.RefusedBut("spec", "{\"finalizers\":[\"kubernetes\"]}");
    t.Group("status", status).ReadOnly().Doc("What was last seen.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ConfigMap>() {
  static const StructTable table = [] {
    Table<ConfigMap> t("ConfigMap");
    AddTypeMeta(&t);
    t.Field<&ConfigMap::metadata>("metadata").Required().Doc(kMetadataDoc);
    t.Field<&ConfigMap::data>("data").Doc("Keys and their texts.");
    t.Field<&ConfigMap::binary_data>("binaryData", Base64MapType())
        .Doc("Keys and their bytes, in base64; no key of data again.");
    t.Field<&ConfigMap::immutable>("immutable")
        .Doc("Whether data and binaryData may never change.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<Secret>() {
  static const StructTable table = [] {
    Table<Secret> t("Secret");
    AddTypeMeta(&t);
    t.Field<&Secret::metadata>("metadata").Required().Doc(kMetadataDoc);
    t.Field<&Secret::type>("type").Immutable().Doc(
        "What programs expect inside, such as kubernetes.io/tls.");
    t.Field<&Secret::data>("data", Base64MapType())
        .Secret()
        .Doc("Keys and their bytes, in base64.");
    t.Field<&Secret::data>("stringData")
        .Secret()
        .DecodeOnly()
        .Doc("Keys and their texts; they win over the same keys of data.");
    t.Field<&Secret::immutable>("immutable").Doc("Whether data may never change.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<NodeAddress>() {
  static const StructTable table = [] {
    Table<NodeAddress> t("NodeAddress");
    t.KeyedBy("type");
    t.Field<&NodeAddress::type>("type").Always().Doc("InternalIP or Hostname.");
    t.Field<&NodeAddress::address>("address").Always();
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<NodeSystemInfo>() {
  static const StructTable table = [] {
    Table<NodeSystemInfo> t("NodeSystemInfo");
    t.Field<&NodeSystemInfo::machine_id>("machineID");
    t.Field<&NodeSystemInfo::boot_id>("bootID");
    t.Field<&NodeSystemInfo::kernel_version>("kernelVersion");
    t.Field<&NodeSystemInfo::os_image>("osImage");
    t.Field<&NodeSystemInfo::container_runtime_version>("containerRuntimeVersion");
    t.Field<&NodeSystemInfo::agent_version>("kubeletVersion").Doc("The version of the agent.");
    t.Field<&NodeSystemInfo::operating_system>("operatingSystem");
    t.Field<&NodeSystemInfo::architecture>("architecture");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ContainerImage>() {
  static const StructTable table = [] {
    Table<ContainerImage> t("ContainerImage");
    t.Field<&ContainerImage::names>("names").Doc("Its tags and digests.");
    t.Field<&ContainerImage::size_bytes>("sizeBytes");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<Taint>() {
  static const StructTable table = [] {
    Table<Taint> t("Taint");
    t.Field<&Taint::key>("key").Required().Doc("Its name.");
    t.Field<&Taint::value>("value").Doc("Further words that tolerations may ask for.");
    t.Field<&Taint::effect>("effect").Required().Doc(
        "NoSchedule keeps new pods away, PreferNoSchedule if possible, NoExecute also those that "
        "are there.");
    t.Field<&Taint::time_added>("timeAdded")
        .Doc("Since when a NoExecute taint counts; when it was first seen, unless it is given.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<NodeCordon>() {
  static const StructTable table = [] {
    Table<NodeCordon> t("NodeCordon");
    t.Field<&NodeCordon::by>("by");
    t.Field<&NodeCordon::reason>("reason");
    t.Field<&NodeCordon::at>("at");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<NodeDrain>() {
  static const StructTable table = [] {
    Table<NodeDrain> t("NodeDrain");
    t.Field<&NodeDrain::by>("by");
    t.Field<&NodeDrain::reason>("reason");
    t.Field<&NodeDrain::at>("at");
    t.Field<&NodeDrain::until>("until").Doc("When it is given up.");
    t.Field<&NodeDrain::force>("force");
    t.Field<&NodeDrain::ignore_daemon_sets>("ignoreDaemonSets");
    t.Field<&NodeDrain::delete_empty_dir_data>("deleteEmptyDirData");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<NodeSpec>() {
  static const StructTable table = [] {
    Table<NodeSpec> t("NodeSpec");
    t.Field<&NodeSpec::pod_cidr>("podCIDR").Refused().Doc(
        "Addresses of the node's pods; the controller leases them.");
    t.Field<&NodeSpec::unschedulable>("unschedulable").Doc("Whether new pods go elsewhere.");
    t.Field<&NodeSpec::taints>("taints").Doc("What keeps pods away that do not tolerate it.");
    t.Refused("configSource externalID podCIDRs providerID");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<NodeStatus>() {
  static const StructTable table = [] {
    Table<NodeStatus> t("NodeStatus");
    t.Field<&NodeStatus::cordon>("cordon").Doc("That a person told new pods to go elsewhere.");
    t.Field<&NodeStatus::drain>("drain").Doc("That a person has its pods moved, until they are.");
    t.Field<&NodeStatus::capacity>("capacity").Doc("What the host has.");
    t.Field<&NodeStatus::allocatable>("allocatable").Doc("What pods may use of it.");
    t.Field<&NodeStatus::conditions>("conditions").Doc("Ready.");
    t.Field<&NodeStatus::addresses>("addresses");
    t.Field<&NodeStatus::node_info>("nodeInfo");
    t.Field<&NodeStatus::images>("images").Doc("The largest images that the host has.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<Node>() {
  static const StructTable table = [] {
    Table<Node> t("Node");
    AddTypeMeta(&t);
    t.Field<&Node::metadata>("metadata").Required().Doc("Name, labels, annotations.");
    t.Field<&Node::spec>("spec").Doc(
        "Whether the host takes pods, and the addresses that it leases.");
    t.Field<&Node::status>("status").ReadOnly().Doc("What the agent reported.");
    return t;
  }();
  return table;
}

}  // namespace reconcile
