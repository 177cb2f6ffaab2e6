#include "schema/shapes_shared.h"
#include "schema/tables.h"

// Tables of Services and of the addresses behind them.

namespace reconcile {

namespace {

constexpr std::string_view kMetadataDoc = "Name, namespace, labels, annotations.";
constexpr std::string_view kOneFamily = "Services have IPv4 addresses";
constexpr std::string_view kByPlace = "trafficDistribution goes by nodeName and zone";

}  // namespace

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
        .ActedOn()
        .Doc("What is spoken there, as http or kubernetes.io/h2c.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<LoadBalancerIngress>() {
  static const StructTable table = [] {
    Table<LoadBalancerIngress> t("LoadBalancerIngress");
    t.KeyedBy("ip");
    t.Field<&LoadBalancerIngress::ip>("ip").Doc("An address of a ready host.");
    return t;
  }();
  return table;
}

namespace {

const StructTable& SessionAffinityConfigTable() {
  static const StructTable table = [] {
    static const StructTable client_ip = [] {
      Table<ServiceSpec> t("ClientIPConfig");
      t.Field<&ServiceSpec::session_affinity_timeout_seconds>("timeoutSeconds")
          .Default("10800")
          .Doc("How long a client stays, 1 to 86400.");
      return t;
    }();
    static const GroupType client_ip_type(client_ip);
    Table<ServiceSpec> t("SessionAffinityConfig");
    t.Group("clientIP", client_ip_type).Doc("With sessionAffinity ClientIP.");
    return t;
  }();
  return table;
}

void AddOutside(Table<ServiceSpec>* t) {
  t->Field<&ServiceSpec::external_traffic_policy>("externalTrafficPolicy")
      .Default("Cluster")
      .LeftOutByDefault()
      .Doc("Which pods clients outside reach.");
  t->Field<&ServiceSpec::health_check_node_port>("healthCheckNodePort")
      .Doc("With externalTrafficPolicy Local.");
  t->Accepted("clusterIPs", ListOf(StringShape()), "").ActedOn().Doc("The first is clusterIP.");
  t->Accepted("ipFamilies", ListOf(OneOf({"IPv4", "IPv6"})), kOneFamily)
      .RunWith("[\"IPv4\"]")
      .Doc("Families of its addresses.");
  t->Accepted("ipFamilyPolicy", OneOf({"SingleStack", "PreferDualStack", "RequireDualStack"}),
              kOneFamily)
      .Default("SingleStack")
      .Doc("How many families of addresses it has.");
  t->Field<&ServiceSpec::allocate_load_balancer_node_ports>("allocateLoadBalancerNodePorts")
      .Default("true")
      .LeftOutByDefault()
      .Doc("Whether a LoadBalancer has node ports.");
  t->Accepted("loadBalancerIP", StringShape(), "a load balancer has the addresses of the hosts")
      .Doc("The address that a LoadBalancer should have.");
  t->Accepted("loadBalancerClass", StringShape(),
              "there is no other load balancer than the hosts, and they are none for it")
      .Doc("Who is to provide the load balancer.");
  t->Field<&ServiceSpec::load_balancer_source_ranges>("loadBalancerSourceRanges")
      .Doc("CIDRs of a LoadBalancer's clients.");
  t->Accepted("trafficDistribution", StringShape(), "")
      .ActedOn()
      .Doc("Which endpoints to prefer: PreferSameNode, or PreferSameZone, once PreferClose.");
}

void AddServiceExtras(Table<ServiceSpec>* t) {
  static const GroupType affinity(SessionAffinityConfigTable());
  t->Field<&ServiceSpec::external_name>("externalName")
      .Doc("The name that an ExternalName Service stands for.");
  t->Field<&ServiceSpec::external_ips>("externalIPs")
      .Doc("Addresses of nodes at which it answers too.");
  t->Field<&ServiceSpec::session_affinity>("sessionAffinity")
      .Default("None")
      .LeftOutByDefault()
      .Doc("Whether a client keeps its pod.");
  t->Group("sessionAffinityConfig", affinity).Doc("For how long.");
  t->Field<&ServiceSpec::publish_not_ready_addresses>("publishNotReadyAddresses")
      .Doc("Whether its name leads to unready pods too.");
  t->Field<&ServiceSpec::internal_traffic_policy>("internalTrafficPolicy")
      .Default("Cluster")
      .LeftOutByDefault()
      .Doc("Which pods clients inside reach.");
  AddOutside(t);
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
const StructTable& TableOf<ServiceStatus>() {
  static const StructTable table = [] {
    static const StructTable balancer = [] {
      Table<ServiceStatus> t("LoadBalancerStatus");
      t.Field<&ServiceStatus::load_balancer_ingress>("ingress").Doc("Where it is reached.");
      return t;
    }();
    static const GroupType balancer_type(balancer);
    Table<ServiceStatus> t("ServiceStatus");
    t.Group("loadBalancer", balancer_type).Doc("Of type LoadBalancer.");
    t.Field<&ServiceStatus::conditions>("conditions").Doc("Allocated, when it is not.");
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
    t.Field<&Service::status>("status").ReadOnly().Doc("Where it is reached from outside.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<EndpointPort>() {
  static const StructTable table = [] {
    Table<EndpointPort> t("EndpointPort");
    t.KeyedBy("name");
    t.Field<&EndpointPort::name>("name").Always().Doc("The Service port's name.");
    t.Field<&EndpointPort::port>("port").Doc("The port at the address, 1 to 65535.");
    t.Field<&EndpointPort::protocol>("protocol").Default("TCP").Doc("The transport protocol.");
    t.Accepted("appProtocol", StringShape(), "").ActedOn().Doc("What is spoken there.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<EndpointAddress>() {
  static const StructTable table = [] {
    Table<EndpointAddress> t("EndpointAddress");
    t.KeyedBy("ip");
    t.Field<&EndpointAddress::ip>("ip").Required().Doc("The address.");
    t.Field<&EndpointAddress::hostname>("hostname").Doc("Its name in the Service's domain.");
    t.Field<&EndpointAddress::node_name>("nodeName").Doc("The node it is on.");
    t.Field<&EndpointAddress::target_ref>("targetRef").Doc("The object behind it.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<EndpointSubset>() {
  static const StructTable table = [] {
    Table<EndpointSubset> t("EndpointSubset");
    t.Field<&EndpointSubset::addresses>("addresses").Doc("Those that are ready.");
    t.Field<&EndpointSubset::not_ready_addresses>("notReadyAddresses").Doc("Those that are not.");
    t.Field<&EndpointSubset::ports>("ports").Doc("The ports at each of them.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<Endpoints>() {
  static const StructTable table = [] {
    Table<Endpoints> t("Endpoints");
    AddTypeMeta(&t);
    t.Field<&Endpoints::metadata>("metadata").Required().Doc(kMetadataDoc);
    t.Field<&Endpoints::subsets>("subsets").Doc("Addresses that share their ports.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<EndpointConditions>() {
  static const StructTable table = [] {
    Table<EndpointConditions> t("EndpointConditions");
    t.Field<&EndpointConditions::ready>("ready").Doc("Whether it takes traffic.");
    t.Field<&EndpointConditions::serving>("serving").Doc("Whether it answers, going or not.");
    t.Field<&EndpointConditions::terminating>("terminating").Doc("Whether it is going.");
    return t;
  }();
  return table;
}

namespace {

Shape HintsShape() {
  static const ShapeTable zone =
      MakeShapeTable("ForZone", {{"name", StringShape(), "The zone's name.", kRequired}});
  static const ShapeTable hints = MakeShapeTable(
      "EndpointHints", {{"forZones", ListOf(StructOf(zone)), "Zones that should use it."}});
  return StructOf(hints);
}

}  // namespace

template <>
const StructTable& TableOf<Endpoint>() {
  static const StructTable table = [] {
    Table<Endpoint> t("Endpoint");
    t.Field<&Endpoint::addresses>("addresses").Required().Doc("Its addresses, 1 to 100.");
    t.Field<&Endpoint::conditions>("conditions").Doc("How it is.");
    t.Field<&Endpoint::hostname>("hostname").Doc("Its name in the Service's domain.");
    t.Field<&Endpoint::node_name>("nodeName").Doc("The node it is on.");
    t.Field<&Endpoint::zone>("zone").Doc("The zone it is in.");
    t.Field<&Endpoint::target_ref>("targetRef").Doc("The object behind it.");
    t.Accepted("hints", HintsShape(), kByPlace).Doc("Who should use it.");
    t.Accepted("deprecatedTopology", StringMapShape(), kByPlace)
        .Doc("Where it is, as v1beta1 said it.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<EndpointSlice>() {
  static const StructTable table = [] {
    Table<EndpointSlice> t("EndpointSlice");
    AddTypeMeta(&t);
    t.Field<&EndpointSlice::metadata>("metadata").Required().Doc(kMetadataDoc);
    t.Field<&EndpointSlice::address_type>("addressType")
        .Required()
        .Immutable()
        .Always()
        .Doc("What the addresses are.");
    t.Field<&EndpointSlice::endpoints>("endpoints").Doc("Up to 1000 of them.");
    t.Field<&EndpointSlice::ports>("ports").Doc("The ports at each of them.");
    return t;
  }();
  return table;
}

}  // namespace reconcile
