#include "schema/tables.h"

namespace reconcile {

void AddTypeMeta(StructTable* table) {
  table->SystemSet("apiVersion kind");
  // Every object has them; the codec reads and writes them itself.
}

template <>
const StructTable& TableOf<OwnerReference>() {
  static const StructTable table = [] {
    Table<OwnerReference> t("OwnerReference");
    t.KeyedBy("uid");
    t.Field<&OwnerReference::api_version>("apiVersion").Required();
    t.Field<&OwnerReference::kind>("kind").Required();
    t.Field<&OwnerReference::name>("name").Required();
    t.Field<&OwnerReference::uid>("uid").Required();
    t.Field<&OwnerReference::controller>("controller")
        .Doc("Whether this owner manages the object.");
    t.Field<&OwnerReference::block_owner_deletion>("blockOwnerDeletion");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<Origin>() {
  static const StructTable table = [] {
    Table<Origin> t("Origin");
    t.Field<&Origin::source>("source");
    t.Field<&Origin::file>("file");
    t.Field<&Origin::line>("line");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<Condition>() {
  static const StructTable table = [] {
    Table<Condition> t("Condition");
    t.KeyedBy("type");
    t.Field<&Condition::type>("type").Always();
    t.Field<&Condition::status>("status").Always();
    t.Field<&Condition::reason>("reason").Doc("A word for programs: why the condition is so.");
    t.Field<&Condition::message>("message").Doc("A sentence for people: why the condition is so.");
    t.Field<&Condition::last_transition_time>("lastTransitionTime");
    t.Field<&Condition::last_update_time>("lastUpdateTime");
    return t;
  }();
  return table;
}

template <>
const StructTable& TableOf<ObjectMeta>() {
  static const StructTable table = [] {
    Table<ObjectMeta> t("ObjectMeta");
    t.Field<&ObjectMeta::name>("name").Required().Doc(
        "The object's name, unique for its kind within its namespace. It cannot be changed: "
        "another name is another object.");
    t.Field<&ObjectMeta::namespace_name>("namespace")
        .Default("default")
        .Doc("The namespace the object belongs to. Cluster-wide kinds have none.");
    t.Field<&ObjectMeta::labels>("labels").Doc("Keys and values by which selectors find objects.");
    t.Field<&ObjectMeta::annotations>("annotations")
        .Doc("Keys and values for people and tools; nothing selects by them.");
    t.Field<&ObjectMeta::uid>("uid").ReadOnly();
    t.Field<&ObjectMeta::resource_version>("resourceVersion", Int64AsStringType()).ReadOnly();
    t.Field<&ObjectMeta::generation>("generation").ReadOnly();
    t.Field<&ObjectMeta::creation_timestamp>("creationTimestamp").ReadOnly();
    t.Field<&ObjectMeta::deletion_timestamp>("deletionTimestamp").ReadOnly();
    t.Field<&ObjectMeta::deletion_grace_period_seconds>("deletionGracePeriodSeconds").ReadOnly();
    t.Field<&ObjectMeta::owner_references>("ownerReferences")
        .Refused("owners are found by uid, which no file can know; leave it out");
    t.Field<&ObjectMeta::finalizers>("finalizers")
        .Accepted("a deletion waits for nobody")
        .Doc("Who else has to agree before the object goes.");
    t.Field<&ObjectMeta::generate_name>("generateName")
        .Refused("each commit would bring another object; give it a name");
    t.Field<&ObjectMeta::incarnation>("incarnation").Internal();
    t.Field<&ObjectMeta::origin>("origin").Internal();
    t.SystemSet("managedFields selfLink");
    return t;
  }();
  return table;
}

const StructTable& TemplateMetaTable() {
  static const StructTable table = [] {
    Table<ObjectMeta> t("ObjectMeta");
    t.Field<&ObjectMeta::labels>("labels").Doc("Labels of the pods; the selector must match them.");
    t.Field<&ObjectMeta::annotations>("annotations").Doc("Annotations of the pods.");
    // Pods are named after their owner, in its namespace, whatever the template says.
    t.SystemSet(
        "name namespace generateName uid resourceVersion generation creationTimestamp "
        "deletionTimestamp deletionGracePeriodSeconds managedFields selfLink");
    t.Refused("finalizers ownerReferences", "the pods' owner is the object that has the template");
    return t;
  }();
  return table;
}

}  // namespace reconcile
