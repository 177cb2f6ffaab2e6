#include "schema/tables_kept.h"

namespace reconcile {

namespace {

Shape PolicyRulesShape() {
  static const ShapeTable table = [] {
    const Shape words = ListOf(StringShape());
    ShapeTable t("PolicyRule");
    t.Field("apiGroups", words, "Groups of the resources; \"\" is the core group.");
    t.Field("resources", words, "Resources, as pods or pods/log; * for all.");
    t.Field("verbs", words, "What may be done with them.").Required();
    t.Field("resourceNames", words, "Names of the objects; none stands for all.");
    t.Field("nonResourceURLs", words, "Paths that are no resources, in a ClusterRole.");
    return t;
  }();
  return ListOf(StructOf(table));
}

Shape SubjectsShape() {
  static const ShapeTable table = [] {
    ShapeTable t("Subject");
    t.Field("kind", OneOf({"User", "Group", "ServiceAccount"}), "What it is.").Required();
    t.Field("apiGroup", StringShape(), "rbac.authorization.k8s.io; none for a ServiceAccount.");
    t.Field("name", StringShape(), "Its name.").Required();
    t.Field("namespace", StringShape(), "Of a ServiceAccount.");
    return t;
  }();
  return ListOf(StructOf(table));
}

Shape RoleRefShape() {
  static const ShapeTable table = [] {
    ShapeTable t("RoleRef");
    t.Field("apiGroup", StringShape(), "The group of the role.")
        .Default("rbac.authorization.k8s.io");
    t.Field("kind", OneOf({"Role", "ClusterRole"}), "What kind of role it is.").Required();
    t.Field("name", StringShape(), "The role's name.").Required();
    return t;
  }();
  return StructOf(table);
}

template <typename T>
const StructTable& BindingTable() {
  static const StructTable table = [] {
    Table<T> t = KeptTable<T>();
    KeptRow(&t, "roleRef", RoleRefShape(), "The role that is given.").Required().Immutable();
    KeptRow(&t, "subjects", SubjectsShape(), "Who gets it.");
    return t;
  }();
  return table;
}

}  // namespace

template <>
const StructTable& TableOf<ServiceAccount>() {
  static const StructTable table = [] {
    Table<ServiceAccount> t = KeptTable<ServiceAccount>();
    KeptRow(&t, "secrets", ListOf(ObjectReferenceShape()), "Secrets that its pods may use.");
    KeptRow(&t, "imagePullSecrets", ListOf(LocalReferenceShape()),
            "Secrets with which its pods' images are pulled.")
        .ActedOn();
    KeptRow(&t, "automountServiceAccountToken", BoolShape(),
            "Whether its pods get a token, unless they say otherwise.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<Role>() {
  static const StructTable table = [] {
    Table<Role> t = KeptTable<Role>();
    KeptRow(&t, "rules", PolicyRulesShape(), "What the role allows.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ClusterRole>() {
  static const StructTable table = [] {
    static const ShapeTable aggregation = [] {
      ShapeTable t("AggregationRule");
      t.Field("clusterRoleSelectors", ListOf(LabelSelectorShape()),
              "Labels of the ClusterRoles whose rules it has.");
      return t;
    }();
    Table<ClusterRole> t = KeptTable<ClusterRole>();
    KeptRow(&t, "rules", PolicyRulesShape(), "What the role allows.");
    KeptRow(&t, "aggregationRule", StructOf(aggregation), "Where its rules come from instead.");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<RoleBinding>() {
  return BindingTable<RoleBinding>();
}

template <>
const StructTable& TableOf<ClusterRoleBinding>() {
  return BindingTable<ClusterRoleBinding>();
}

}  // namespace reconcile
