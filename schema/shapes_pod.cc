#include "schema/shapes_pod.h"

namespace reconcile {

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
