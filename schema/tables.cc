#include "schema/tables.h"

#include "base/check.h"

namespace reconcile {

namespace {

// What the codec needs to know about a kind's C++ type.
struct KindEntry {
  const StructTable& (*table)();
  void* (*struct_of)(Object*);
  std::unique_ptr<Object> (*make)();
};

template <typename T>
KindEntry EntryOf() {
  return {&TableOf<T>, [](Object* object) -> void* { return static_cast<T*>(object); },
          []() -> std::unique_ptr<Object> { return std::make_unique<T>(); }};
}

const KindEntry& EntryOf(Kind kind) {
  // In the order of Kind.
  static const std::array<KindEntry, kAllKinds.size()> entries = {
      EntryOf<Namespace>(),
      EntryOf<Node>(),
      EntryOf<Pod>(),
      EntryOf<ReplicationController>(),
      EntryOf<ReplicaSet>(),
      EntryOf<Deployment>(),
      EntryOf<StatefulSet>(),
      EntryOf<DaemonSet>(),
      EntryOf<Job>(),
      EntryOf<CronJob>(),
      EntryOf<Service>(),
      EntryOf<ConfigMap>(),
      EntryOf<Secret>(),
      EntryOf<Event>(),
      EntryOf<Source>(),
      EntryOf<Cluster>(),
      EntryOf<Endpoints>(),
      EntryOf<EndpointSlice>(),
      EntryOf<Ingress>(),
      EntryOf<IngressClass>(),
      EntryOf<NetworkPolicy>(),
      EntryOf<PersistentVolume>(),
      EntryOf<PersistentVolumeClaim>(),
      EntryOf<StorageClass>(),
      EntryOf<ServiceAccount>(),
      EntryOf<Role>(),
      EntryOf<ClusterRole>(),
      EntryOf<RoleBinding>(),
      EntryOf<ClusterRoleBinding>(),
      EntryOf<HorizontalPodAutoscaler>(),
      EntryOf<PodDisruptionBudget>(),
      EntryOf<ResourceQuota>(),
      EntryOf<LimitRange>(),
      EntryOf<PriorityClass>(),
      EntryOf<Lease>()};
  return entries[static_cast<size_t>(kind)];
}

}  // namespace

const StructTable& TableOf(Kind kind) { return EntryOf(kind).table(); }

void* StructOf(Object* object) { return EntryOf(object->kind).struct_of(object); }

const void* StructOf(const Object& object) { return StructOf(const_cast<Object*>(&object)); }

std::unique_ptr<Object> NewObject(Kind kind) {
  std::unique_ptr<Object> object = EntryOf(kind).make();
  CHECK(object->kind == kind);
  return object;
}

}  // namespace reconcile
