#pragma once

// What the tables_*.cc share. Each struct's table stands in the file of its subject.

#include "schema/field_types.h"
#include "schema/kept.h"

namespace reconcile {

void AddTypeMeta(StructTable* table);    // apiVersion, kind
const StructTable& TemplateMetaTable();  // of PodTemplateSpec::metadata

template <>
const StructTable& TableOf<OwnerReference>();
template <>
const StructTable& TableOf<Origin>();
template <>
const StructTable& TableOf<Condition>();
template <>
const StructTable& TableOf<ObjectMeta>();
template <>
const StructTable& TableOf<ObjectReference>();
template <>
const StructTable& TableOf<PodSpec>();
template <>
const StructTable& TableOf<PodTemplateSpec>();

// The whole objects.
template <>
const StructTable& TableOf<Namespace>();
template <>
const StructTable& TableOf<Node>();
template <>
const StructTable& TableOf<Pod>();
template <>
const StructTable& TableOf<ReplicationController>();
template <>
const StructTable& TableOf<ReplicaSet>();
template <>
const StructTable& TableOf<Deployment>();
template <>
const StructTable& TableOf<StatefulSet>();
template <>
const StructTable& TableOf<DaemonSet>();
template <>
const StructTable& TableOf<Job>();
template <>
const StructTable& TableOf<CronJob>();
template <>
const StructTable& TableOf<Service>();
template <>
const StructTable& TableOf<ConfigMap>();
template <>
const StructTable& TableOf<Secret>();
template <>
const StructTable& TableOf<Event>();
template <>
const StructTable& TableOf<Source>();
template <>
const StructTable& TableOf<Cluster>();
template <>
const StructTable& TableOf<Endpoints>();
template <>
const StructTable& TableOf<EndpointSlice>();

// Those that are kept and not acted on.
template <>
const StructTable& TableOf<Ingress>();
template <>
const StructTable& TableOf<IngressClass>();
template <>
const StructTable& TableOf<NetworkPolicy>();
template <>
const StructTable& TableOf<PersistentVolume>();
template <>
const StructTable& TableOf<PersistentVolumeClaim>();
template <>
const StructTable& TableOf<StorageClass>();
template <>
const StructTable& TableOf<ServiceAccount>();
template <>
const StructTable& TableOf<Role>();
template <>
const StructTable& TableOf<ClusterRole>();
template <>
const StructTable& TableOf<RoleBinding>();
template <>
const StructTable& TableOf<ClusterRoleBinding>();
template <>
const StructTable& TableOf<HorizontalPodAutoscaler>();
template <>
const StructTable& TableOf<PodDisruptionBudget>();
template <>
const StructTable& TableOf<ResourceQuota>();
template <>
const StructTable& TableOf<LimitRange>();
template <>
const StructTable& TableOf<PriorityClass>();
template <>
const StructTable& TableOf<Lease>();

}  // namespace reconcile
