#include "schema/shapes_shared.h"

namespace reconcile {

Shape LabelSelectorShape() {
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

Shape NodeSelectorTermShape() {
  static const ShapeTable requirement =
      MakeShapeTable("NodeSelectorRequirement",
                     {{"key", StringShape(), "The label's key.", kRequired},
                      {"operator", OneOf({"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"}),
                       "How values are compared.", kRequired},
                      {"values", ListOf(StringShape()),
                       "Values to compare with; for Gt and Lt one whole number."}});
  static const ShapeTable term = MakeShapeTable(
      "NodeSelectorTerm",
      {{"matchExpressions", ListOf(StructOf(requirement)), "Requirements on the node's labels."},
       {"matchFields", ListOf(StructOf(requirement)), "Requirements on metadata.name."}});
  return StructOf(term);
}

Shape NodeSelectorShape() {
  static const ShapeTable table =
      MakeShapeTable("NodeSelector", {{"nodeSelectorTerms", ListOf(NodeSelectorTermShape()),
                                       "Alternatives: one of them must hold.", kRequired}});
  return StructOf(table);
}

Shape ObjectReferenceShape() {
  static const ShapeTable table =
      MakeShapeTable("ObjectReference", {{"apiVersion", StringShape(), "The object's apiVersion."},
                                         {"kind", StringShape(), "Its kind."},
                                         {"name", StringShape(), "Its name."},
                                         {"namespace", StringShape(), "Its namespace."},
                                         {"uid", StringShape(), "Its uid."},
                                         {"resourceVersion", StringShape(), "Its version."},
                                         {"fieldPath", StringShape(), "A part of it."}});
  return StructOf(table);
}

Shape LocalReferenceShape() {
  static const ShapeTable table =
      MakeShapeTable("LocalObjectReference",
                     {{"name", StringShape(), "Name of the object in this namespace."}}, "name");
  return StructOf(table);
}

Shape SecretReferenceShape() {
  static const ShapeTable table =
      MakeShapeTable("SecretReference", {{"name", StringShape(), "The Secret's name."},
                                         {"namespace", StringShape(), "The Secret's namespace."}});
  return StructOf(table);
}

}  // namespace reconcile
