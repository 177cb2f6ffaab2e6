#include "schema/tables_kept.h"

namespace reconcile {

namespace {

Shape ProtocolShape() { return OneOf({"TCP", "UDP", "SCTP"}); }

Shape IngressBackendShape() {
  static const ShapeTable port = [] {
    ShapeTable t("ServiceBackendPort");
    t.Field("name", StringShape(), "The Service port's name.");
    t.Field("number", Int32Shape(), "Or its number.");
    return t;
  }();
  static const ShapeTable service = [] {
    ShapeTable t("IngressServiceBackend");
    t.Field("name", StringShape(), "The Service's name.").Required();
    t.Field("port", StructOf(port), "Its port, by name or number.");
    return t;
  }();
  static const ShapeTable resource = [] {
    ShapeTable t("TypedLocalObjectReference");
    t.Field("apiGroup", StringShape(), "The object's group.");
    t.Field("kind", StringShape(), "Its kind.").Required();
    t.Field("name", StringShape(), "Its name.").Required();
    return t;
  }();
  static const ShapeTable table = [] {
    ShapeTable t("IngressBackend");
    t.Field("service", StructOf(service), "The Service that answers.");
    t.Field("resource", StructOf(resource), "Or another object that does.");
    return t;
  }();
  return StructOf(table);
}

Shape IngressRulesShape() {
  static const ShapeTable path = [] {
    ShapeTable t("HTTPIngressPath");
    t.KeyedBy("path");
    t.Field("path", StringShape(), "The path of the request.");
    t.Field("pathType", OneOf({"Exact", "Prefix", "ImplementationSpecific"}), "How it is compared.")
        .Required();
    t.Field("backend", IngressBackendShape(), "Who answers.").Required();
    return t;
  }();
  static const ShapeTable http = [] {
    ShapeTable t("HTTPIngressRuleValue");
    t.Field("paths", ListOf(StructOf(path)), "Paths and who answers them.").Required();
    return t;
  }();
  static const ShapeTable table = [] {
    ShapeTable t("IngressRule");
    t.Field("host", StringShape(), "The host of the request; none stands for all.");
    t.Field("http", StructOf(http), "What happens with requests to it.");
    return t;
  }();
  return ListOf(StructOf(table));
}

Shape IngressSpecShape() {
  static const ShapeTable tls = [] {
    ShapeTable t("IngressTLS");
    t.Field("hosts", ListOf(StringShape()), "Hosts in the certificate.");
    t.Field("secretName", StringShape(), "The Secret with certificate and key.");
    return t;
  }();
  static const ShapeTable table = [] {
    ShapeTable t("IngressSpec");
    t.Field("ingressClassName", StringShape(), "The IngressClass that serves it.");
    t.Field("defaultBackend", IngressBackendShape(), "Who answers what no rule matches.");
    t.Field("rules", IngressRulesShape(), "Hosts and paths, and who answers them.");
    t.Field("tls", ListOf(StructOf(tls)), "Certificates.");
    return t;
  }();
  return StructOf(table);
}

Shape PolicyPortsShape() {
  static const ShapeTable table = [] {
    ShapeTable t("NetworkPolicyPort");
    t.Field("port", IntOrStringShape(), "The pod's port, by number or name; none stands for all.");
    t.Field("endPort", Int32Shape(), "The last of a range that begins with port.");
    t.Field("protocol", ProtocolShape(), "The transport protocol.").Default("TCP");
    return t;
  }();
  return ListOf(StructOf(table));
}

Shape PolicyPeersShape() {
  static const ShapeTable block = [] {
    ShapeTable t("IPBlock");
    t.Field("cidr", StringShape(), "Addresses, as 10.0.0.0/8.").Required();
    t.Field("except", ListOf(StringShape()), "Those of them that are left out.");
    return t;
  }();
  static const ShapeTable table = [] {
    ShapeTable t("NetworkPolicyPeer");
    t.Field("podSelector", LabelSelectorShape(), "Pods, by their labels.");
    t.Field("namespaceSelector", LabelSelectorShape(), "Namespaces, by their labels.");
    t.Field("ipBlock", StructOf(block), "Or addresses.");
    return t;
  }();
  return ListOf(StructOf(table));
}

Shape NetworkPolicySpecShape() {
  static const ShapeTable ingress = [] {
    ShapeTable t("NetworkPolicyIngressRule");
    t.Field("from", PolicyPeersShape(), "Who may connect; none stands for all.");
    t.Field("ports", PolicyPortsShape(), "To which ports; none stands for all.");
    return t;
  }();
  static const ShapeTable egress = [] {
    ShapeTable t("NetworkPolicyEgressRule");
    t.Field("to", PolicyPeersShape(), "Whom they may connect to; none stands for all.");
    t.Field("ports", PolicyPortsShape(), "To which ports; none stands for all.");
    return t;
  }();
  static const ShapeTable table = [] {
    ShapeTable t("NetworkPolicySpec");
    t.Field("podSelector", LabelSelectorShape(), "The pods it is about; empty stands for all.");
    t.Field("policyTypes", ListOf(OneOf({"Ingress", "Egress"})), "Which directions it is about.");
    t.Field("ingress", ListOf(StructOf(ingress)), "What may come in.");
    t.Field("egress", ListOf(StructOf(egress)), "What may go out.");
    return t;
  }();
  return StructOf(table);
}

}  // namespace

template <>
const StructTable& TableOf<Ingress>() {
  static const StructTable table = [] {
    Table<Ingress> t = KeptTable<Ingress>();
    KeptRow(&t, "spec", IngressSpecShape(), "What is wanted.").Required();
    t.SystemSet("status");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<IngressClass>() {
  static const StructTable table = [] {
    static const ShapeTable parameters = [] {
      ShapeTable t("IngressClassParametersReference");
      t.Field("apiGroup", StringShape(), "The object's group.");
      t.Field("kind", StringShape(), "Its kind.").Required();
      t.Field("name", StringShape(), "Its name.").Required();
      t.Field("namespace", StringShape(), "Its namespace, with scope Namespace.");
      t.Field("scope", OneOf({"Cluster", "Namespace"}), "Where it stands.").Default("Cluster");
      return t;
    }();
    static const ShapeTable spec = [] {
      ShapeTable t("IngressClassSpec");
      t.Field("controller", StringShape(), "Who serves it, as example.com/controller.").Immutable();
      t.Field("parameters", StructOf(parameters), "An object with its settings.");
      return t;
    }();
    Table<IngressClass> t = KeptTable<IngressClass>();
    KeptRow(&t, "spec", StructOf(spec), "What is wanted.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<NetworkPolicy>() {
  static const StructTable table = [] {
    Table<NetworkPolicy> t = KeptTable<NetworkPolicy>();
    KeptRow(&t, "spec", NetworkPolicySpecShape(), "What is wanted.");
    t.SystemSet("status");
    return t;
  }();
  return table;
}

}  // namespace reconcile
