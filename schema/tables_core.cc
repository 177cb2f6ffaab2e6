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
    t.UnsupportedBut("spec", "{\"finalizers\":[\"kubernetes\"]}");
    t.Group("status", status).ReadOnly().Doc("What was last seen.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ServicePort>() {
  static const StructTable table = [] {
    Table<ServicePort> t("ServicePort");
    t.KeyedBy("port");
    t.Field<&ServicePort::name>("name").Doc("Required when there are several ports.");
    t.Field<&ServicePort::protocol>("protocol").Doc("The transport protocol.");
    t.Field<&ServicePort::port>("port").Required().Doc("The port of the Service, 1 to 65535.");
    t.Field<&ServicePort::target_port>("targetPort")
        .Default("port")
        .Doc("Number or name of the container port behind it.");
    t.Field<&ServicePort::node_port>("nodePort").Doc("The port on every node, 30000 to 32767.");
    t.Unsupported("appProtocol");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ServiceSpec>() {
  static const StructTable table = [] {
    Table<ServiceSpec> t("ServiceSpec");
    t.Field<&ServiceSpec::type>("type").Doc(
        "How the Service is reached. It is stored and shown, but has no data plane yet.");
    t.Field<&ServiceSpec::selector>("selector").Doc("Labels of the pods behind it.");
    t.Field<&ServiceSpec::ports>("ports").Doc("The ports it offers.");
    t.Field<&ServiceSpec::cluster_ip>("clusterIP")
        .Doc("None for a headless Service; otherwise its address.");
    t.UnsupportedBut("sessionAffinity", "\"None\"");
    t.UnsupportedBut("internalTrafficPolicy", "\"Cluster\"");
    t.UnsupportedBut("ipFamilyPolicy", "\"SingleStack\"");
    t.UnsupportedBut("ipFamilies", "[\"IPv4\"]");
    t.UnsupportedBut("publishNotReadyAddresses", "false");
    t.Unsupported(
        "allocateLoadBalancerNodePorts clusterIPs externalIPs externalName externalTrafficPolicy "
        "healthCheckNodePort loadBalancerClass loadBalancerIP loadBalancerSourceRanges "
        "sessionAffinityConfig trafficDistribution");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<Service>() {
  static const StructTable table = [] {
    Table<Service> t("Service");
    AddTypeMeta(&t);
    t.Field<&Service::metadata>("metadata").Required().Doc(kMetadataDoc);
    t.Field<&Service::spec>("spec").Required().Doc("What is wanted.");
    t.Dropped("status");
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
const StructTable& TableOf<NodeSpec>() {
  static const StructTable table = [] {
    Table<NodeSpec> t("NodeSpec");
    t.Field<&NodeSpec::pod_cidr>("podCIDR").NotDeclarable().Doc(
        "Addresses of the node's pods; the controller leases them.");
    t.Field<&NodeSpec::unschedulable>("unschedulable").Doc("Whether new pods go elsewhere.");
    t.Unsupported("configSource externalID podCIDRs providerID taints");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<NodeStatus>() {
  static const StructTable table = [] {
    Table<NodeStatus> t("NodeStatus");
    t.Field<&NodeStatus::capacity>("capacity").Doc("What the host has.");
    t.Field<&NodeStatus::allocatable>("allocatable").Doc("What pods may use of it.");
    t.Field<&NodeStatus::conditions>("conditions").Doc("Ready.");
    t.Field<&NodeStatus::addresses>("addresses");
    t.Field<&NodeStatus::node_info>("nodeInfo");
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
