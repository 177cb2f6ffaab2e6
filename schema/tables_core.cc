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
    t.Accepted("appProtocol", StringShape(), "")
        .Doc("What is spoken there, as http or kubernetes.io/h2c.");
    return t;
  }();
  return table;
}

namespace {

const StructTable& SessionAffinityConfigTable() {
  static const StructTable table = [] {
    static const ShapeTable client_ip = [] {
      ShapeTable t("ClientIPConfig");
      t.Field("timeoutSeconds", Int32Shape(), "How long a client stays, 1 to 86400.")
          .Default("10800");
      return t;
    }();
    ShapeTable t("SessionAffinityConfig");
    t.Field("clientIP", StructOf(client_ip), "With sessionAffinity ClientIP.");
    return t;
  }();
  return table;
}

// What only a data plane asks for.
void AddServiceExtras(Table<ServiceSpec>* table) {
  const auto add = [table](std::string_view name, const Shape& shape,
                           std::string_view doc) -> FieldInfo& {
    return table->Accepted(name, shape, "").Doc(doc);
  };
  add("externalName", StringShape(), "The name that an ExternalName Service stands for.");
  add("externalIPs", ListOf(StringShape()), "Addresses of nodes at which it answers too.");
  add("sessionAffinity", OneOf({"None", "ClientIP"}), "Whether a client keeps its pod.")
      .Default("None");
  add("sessionAffinityConfig", StructOf(SessionAffinityConfigTable()), "For how long.");
  add("publishNotReadyAddresses", BoolShape(), "Whether its name leads to unready pods too.");
  add("internalTrafficPolicy", OneOf({"Cluster", "Local"}), "Which pods clients inside reach.")
      .Default("Cluster");
  add("externalTrafficPolicy", OneOf({"Cluster", "Local"}), "Which pods clients outside reach.")
      .Default("Cluster");
  add("healthCheckNodePort", Int32Shape(), "With externalTrafficPolicy Local.");
  add("clusterIPs", ListOf(StringShape()), "The first is clusterIP.");
  add("ipFamilies", ListOf(OneOf({"IPv4", "IPv6"})), "Families of its addresses.");
  add("ipFamilyPolicy", OneOf({"SingleStack", "PreferDualStack", "RequireDualStack"}),
      "How many families of addresses it has.")
      .Default("SingleStack");
  add("allocateLoadBalancerNodePorts", BoolShape(), "Whether a LoadBalancer has node ports.")
      .Default("true");
  add("loadBalancerIP", StringShape(), "The address that a LoadBalancer should have.");
  add("loadBalancerClass", StringShape(), "Who is to provide the load balancer.");
  add("loadBalancerSourceRanges", ListOf(StringShape()), "CIDRs of a LoadBalancer's clients.");
  add("trafficDistribution", StringShape(), "Which endpoints to prefer, as PreferClose.");
}

}  // namespace

template <>
const StructTable& TableOf<ServiceSpec>() {
  static const StructTable table = [] {
    Table<ServiceSpec> t("ServiceSpec");
    t.Field<&ServiceSpec::type>("type").Doc("How the Service is reached.");
    t.Field<&ServiceSpec::selector>("selector").Doc("Labels of the pods behind it.");
    t.Field<&ServiceSpec::ports>("ports").Doc("The ports it offers.");
    t.Field<&ServiceSpec::cluster_ip>("clusterIP")
        .Doc("None for a headless Service; otherwise its address.");
    AddServiceExtras(&t);
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
    t.SystemSet("status");
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
    t.Field<&NodeSpec::pod_cidr>("podCIDR").Refused().Doc(
        "Addresses of the node's pods; the controller leases them.");
    t.Field<&NodeSpec::unschedulable>("unschedulable").Doc("Whether new pods go elsewhere.");
    t.Refused("configSource externalID podCIDRs providerID taints");
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
