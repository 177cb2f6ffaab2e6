#include "schema/tables_kept.h"

namespace reconcile {

namespace {

Shape AccessModesShape() {
  return ListOf(OneOf({"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"}));
}

Shape ClaimResourcesShape() {
  static const ShapeTable table = [] {
    ShapeTable t("VolumeResourceRequirements");
    t.Field("requests", QuantityMapShape(), "The least that is wanted; storage must be there.")
        .Mutable();
    t.Field("limits", QuantityMapShape(), "The most that is wanted.").Mutable();
    return t;
  }();
  return StructOf(table);
}

Shape DataSourceShape(bool has_namespace) {
  static const auto make = [](std::string_view name) {
    ShapeTable t(name);
    t.Field("apiGroup", StringShape(), "The object's group.");
    t.Field("kind", StringShape(), "Its kind.").Required();
    t.Field("name", StringShape(), "Its name.").Required();
    return t;
  };
  static const ShapeTable local = make("TypedLocalObjectReference");
  static const ShapeTable global = [] {
    ShapeTable t = make("TypedObjectReference");
    t.Field("namespace", StringShape(), "Its namespace.");
    return t;
  }();
  return StructOf(has_namespace ? global : local);
}

Shape ClaimSpecShape() {
  static const ShapeTable table = [] {
    ShapeTable t("PersistentVolumeClaimSpec");
    t.Field("accessModes", AccessModesShape(), "How it is to be mounted.").Required();
    t.Field("resources", ClaimResourcesShape(), "How large it is to be.").Required();
    t.Field("storageClassName", StringShape(), "The StorageClass; \"\" asks for none.");
    t.Field("volumeName", StringShape(), "The PersistentVolume that it is to get.");
    t.Field("volumeMode", OneOf({"Filesystem", "Block"}), "What the pod gets.")
        .Default("Filesystem");
    t.Field("selector", LabelSelectorShape(), "Labels of the volumes that it may get.");
    t.Field("dataSource", DataSourceShape(false), "What it is filled from.");
    t.Field("dataSourceRef", DataSourceShape(true), "What it is filled from.");
    t.Field("volumeAttributesClassName", StringShape(), "Attributes of the volume.").Mutable();
    return t;
  }();
  return StructOf(table);
}

Shape TopologyShape() {
  static const ShapeTable expression = [] {
    ShapeTable t("TopologySelectorLabelRequirement");
    t.Field("key", StringShape(), "A node label's key.").Required();
    t.Field("values", ListOf(StringShape()), "One of these.").Required();
    return t;
  }();
  static const ShapeTable table = [] {
    ShapeTable t("TopologySelectorTerm");
    t.Field("matchLabelExpressions", ListOf(StructOf(expression)), "Conditions that all hold.");
    return t;
  }();
  return ListOf(StructOf(table));
}

}  // namespace

template <>
const StructTable& TableOf<PersistentVolumeClaim>() {
  static const StructTable table = [] {
    Table<PersistentVolumeClaim> t = KeptTable<PersistentVolumeClaim>();
    KeptRow(&t, "spec", ClaimSpecShape(), "What is wanted.").Required().Immutable();
    t.SystemSet("status");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<PersistentVolume>() {
  static const StructTable table = [] {
    static const ShapeTable affinity = [] {
      ShapeTable t("VolumeNodeAffinity");
      t.Field("required", NodeSelectorShape(), "Nodes that can reach it.");
      return t;
    }();
    static const ShapeTable spec = [] {
      ShapeTable t("PersistentVolumeSpec");
      t.Field("capacity", QuantityMapShape(), "How large it is; storage must be there.").Required();
      t.Field("accessModes", AccessModesShape(), "How it can be mounted.").Required();
      t.Field("persistentVolumeReclaimPolicy", OneOf({"Retain", "Delete", "Recycle"}),
              "What becomes of it when its claim goes.")
          .Default("Retain");
      t.Field("storageClassName", StringShape(), "The StorageClass that it belongs to.");
      t.Field("volumeMode", OneOf({"Filesystem", "Block"}), "What the pod gets.")
          .Default("Filesystem")
          .Immutable();
      t.Field("mountOptions", ListOf(StringShape()), "Options of mount.");
      t.Field("claimRef", ObjectReferenceShape(), "The claim that it is for.");
      t.Field("nodeAffinity", StructOf(affinity), "Where it can be reached.");
      t.Field("volumeAttributesClassName", StringShape(), "Attributes of the volume.");
      AddVolumeSources(&t);
      return t;
    }();
    Table<PersistentVolume> t = KeptTable<PersistentVolume>();
    KeptRow(&t, "spec", StructOf(spec), "What there is.").Required();
    t.SystemSet("status");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<StorageClass>() {
  static const StructTable table = [] {
    Table<StorageClass> t = KeptTable<StorageClass>();
    KeptRow(&t, "provisioner", StringShape(), "Who makes its volumes.").Required().Immutable();
    KeptRow(&t, "parameters", StringMapShape(), "The provisioner's settings.").Immutable();
    KeptRow(&t, "reclaimPolicy", OneOf({"Retain", "Delete"}),
            "What becomes of a volume when its claim goes.")
        .Default("Delete")
        .Immutable();
    KeptRow(&t, "volumeBindingMode", OneOf({"Immediate", "WaitForFirstConsumer"}),
            "When a volume is made.")
        .Default("Immediate")
        .Immutable();
    KeptRow(&t, "allowVolumeExpansion", BoolShape(), "Whether its claims may grow.");
    KeptRow(&t, "mountOptions", ListOf(StringShape()), "Options of mount.");
    KeptRow(&t, "allowedTopologies", TopologyShape(), "Nodes that its volumes can be for.");
    return t;
  }();
  return table;
}

}  // namespace reconcile
