#include "schema/shapes_pod.h"

namespace reconcile {

ShapeTable MakeShapeTable(std::string_view name, std::initializer_list<ShapeRow> rows,
                          std::string_view key) {
  ShapeTable table(name);
  for (const ShapeRow& row : rows) {
    FieldInfo& field = table.Field(row.name, row.shape).Doc(row.doc);
    if (row.is_required) field.Required();
    if (!row.default_text.empty()) field.Default(row.default_text);
  }
  if (!key.empty()) table.KeyedBy(key);
  return table;
}

Shape PodLabelSelectorShape() {
  static const ShapeTable requirement = MakeShapeTable(
      "LabelSelectorRequirement",
      {{"key", StringShape(), "The label's key.", kRequired},
       {"operator", OneOf({"In", "NotIn", "Exists", "DoesNotExist"}), "How values are compared.",
        kRequired},
       {"values", ListOf(StringShape()),
        "For In and NotIn: at least one value. For Exists and DoesNotExist: none."}});
  static const ShapeTable table = MakeShapeTable(
      "LabelSelector", {{"matchLabels", StringMapShape(), "Labels that must be there."},
                        {"matchExpressions", ListOf(StructOf(requirement)),
                         "Further requirements; all of them must hold."}});
  return StructOf(table);
}

Shape PodLocalReferenceShape() {
  static const ShapeTable table =
      MakeShapeTable("LocalObjectReference",
                     {{"name", StringShape(), "Name of the object in this namespace."}}, "name");
  return StructOf(table);
}

Shape TolerationShape() {
  static const ShapeTable table = MakeShapeTable(
      "Toleration",
      {{"key", StringShape(), "Key of the taint; none stands for all taints."},
       {"operator", OneOf({"Exists", "Equal", "Lt", "Gt"}), "How value is compared.", false,
        "Equal"},
       {"value", StringShape(), "Value of the taint."},
       {"effect", OneOf({"", "NoSchedule", "PreferNoSchedule", "NoExecute"}),
        "Effect of the taint; none stands for all."},
       {"tolerationSeconds", Int64Shape(), "How long a NoExecute taint is tolerated."}});
  return StructOf(table);
}

Shape DnsConfigShape() {
  static const ShapeTable option =
      MakeShapeTable("PodDNSConfigOption",
                     {{"name", StringShape(), "As resolv.conf has it."},
                      {"value", StringShape(), "Its value, if it has one."}},
                     "name");
  static const ShapeTable table = MakeShapeTable(
      "PodDNSConfig",
      {{"nameservers", ListOf(StringShape()), "Addresses of further name servers."},
       {"searches", ListOf(StringShape()), "Domains that short names are looked up in."},
       {"options", ListOf(StructOf(option)), "Options of resolv.conf, such as ndots."}});
  return StructOf(table);
}

Shape HostAliasShape() {
  static const ShapeTable table =
      MakeShapeTable("HostAlias",
                     {{"ip", StringShape(), "The address.", kRequired},
                      {"hostnames", ListOf(StringShape()), "Names for it in /etc/hosts."}},
                     "ip");
  return StructOf(table);
}

Shape ResourceFieldShape() {
  static const ShapeTable table = MakeShapeTable(
      "ResourceFieldSelector",
      {{"containerName", StringShape(), "The container; in a volume it must be named."},
       {"resource", StringShape(), "limits.cpu, requests.memory and so on.", kRequired},
       {"divisor", QuantityShape(), "What one unit of the result is.", false, "1"}});
  return StructOf(table);
}

Shape ResizePolicyShape() {
  static const ShapeTable table =
      MakeShapeTable("ContainerResizePolicy",
                     {{"resourceName", StringShape(), "cpu or memory.", kRequired},
                      {"restartPolicy", OneOf({"NotRequired", "RestartContainer"}),
                       "Whether a change of the resource restarts the container.", kRequired}});
  return StructOf(table);
}

Shape PodResourceClaimShape() {
  static const ShapeTable table = MakeShapeTable(
      "PodResourceClaim",
      {{"name", StringShape(), "Name by which containers refer to it.", kRequired},
       {"resourceClaimName", StringShape(), "Name of a ResourceClaim."},
       {"resourceClaimTemplateName", StringShape(), "Name of a ResourceClaimTemplate."}},
      "name");
  return StructOf(table);
}

Shape ReadinessGateShape() {
  static const ShapeTable table = MakeShapeTable(
      "PodReadinessGate",
      {{"conditionType", StringShape(), "A condition that must be True.", kRequired}});
  return StructOf(table);
}

Shape ResourcesShape() {
  static const ShapeTable table = MakeShapeTable(
      "ResourceRequirements", {{"limits", QuantityMapShape(), "The most that may be used."},
                               {"requests", QuantityMapShape(), "What is set aside."}});
  return StructOf(table);
}

}  // namespace reconcile
