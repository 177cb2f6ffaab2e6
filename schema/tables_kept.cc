#include "schema/tables_kept.h"

namespace reconcile {

namespace {

ShapeTable RequirementTable(std::string_view name, std::initializer_list<std::string_view> words) {
  ShapeTable t(name);
  t.KeyedBy("key");
  t.Field("key", StringShape(), "The label's key.").Required();
  t.Field("operator", OneOf(words), "How the values are compared.").Required();
  t.Field("values", ListOf(StringShape()), "What it is compared with.");
  return t;
}

}  // namespace

Shape LabelSelectorShape() {
  static const ShapeTable requirement =
      RequirementTable("LabelSelectorRequirement", {"In", "NotIn", "Exists", "DoesNotExist"});
  static const ShapeTable table = [] {
    ShapeTable t("LabelSelector");
    t.Field("matchLabels", StringMapShape(), "Labels that all must be there.");
    t.Field("matchExpressions", ListOf(StructOf(requirement)), "Conditions that all must hold.");
    return t;
  }();
  return StructOf(table);
}

Shape NodeSelectorShape() {
  static const ShapeTable requirement = RequirementTable(
      "NodeSelectorRequirement", {"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"});
  static const ShapeTable term = [] {
    ShapeTable t("NodeSelectorTerm");
    t.Field("matchExpressions", ListOf(StructOf(requirement)), "Of the node's labels.");
    t.Field("matchFields", ListOf(StructOf(requirement)), "Of the node's fields.");
    return t;
  }();
  static const ShapeTable table = [] {
    ShapeTable t("NodeSelector");
    t.Field("nodeSelectorTerms", ListOf(StructOf(term)), "One of these must hold.").Required();
    return t;
  }();
  return StructOf(table);
}

Shape ObjectReferenceShape() {
  static const ShapeTable table = [] {
    ShapeTable t("ObjectReference");
    t.Field("apiVersion", StringShape(), "The object's apiVersion.");
    t.Field("kind", StringShape(), "Its kind.");
    t.Field("name", StringShape(), "Its name.");
    t.Field("namespace", StringShape(), "Its namespace.");
    t.Field("uid", StringShape(), "Its uid.");
    t.Field("resourceVersion", StringShape(), "Its version.");
    t.Field("fieldPath", StringShape(), "A part of it.");
    return t;
  }();
  return StructOf(table);
}

Shape LocalReferenceShape() {
  static const ShapeTable table = [] {
    ShapeTable t("LocalObjectReference");
    t.KeyedBy("name");
    t.Field("name", StringShape(), "The object's name.");
    return t;
  }();
  return StructOf(table);
}

Shape SecretReferenceShape() {
  static const ShapeTable table = [] {
    ShapeTable t("SecretReference");
    t.Field("name", StringShape(), "The Secret's name.");
    t.Field("namespace", StringShape(), "The Secret's namespace.");
    return t;
  }();
  return StructOf(table);
}

}  // namespace reconcile
