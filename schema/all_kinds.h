#pragma once

// The C++ types of all kinds, in one list. Code that treats kinds by their types walks it, so that
// a kind is added in one line here.

#include <array>
#include <type_traits>

#include "schema/core.h"
#include "schema/job.h"
#include "schema/kept.h"
#include "schema/network.h"
#include "schema/sets.h"
#include "schema/workload.h"

namespace reconcile {

template <typename... Types>
struct TypeList {};

// In the order of Kind.
using ObjectTypes =
    TypeList<Namespace, Node, Pod, ReplicationController, ReplicaSet, Deployment, StatefulSet,
             DaemonSet, Job, CronJob, Service, ConfigMap, Secret, Event, Source, Cluster, Endpoints,
             EndpointSlice, Ingress, IngressClass, NetworkPolicy, PersistentVolume,
             PersistentVolumeClaim, StorageClass, ServiceAccount, Role, ClusterRole, RoleBinding,
             ClusterRoleBinding, HorizontalPodAutoscaler, PodDisruptionBudget, ResourceQuota,
             LimitRange, PriorityClass, Lease>;

// Whether the list has each kind once and in order.
template <typename... Types>
consteval bool IsInOrder(TypeList<Types...>) {
  return std::array{Types::kKind...} == kAllKinds;
}
static_assert(IsInOrder(ObjectTypes()));

// T, const where Like is.
template <typename T, typename Like>
using ConstLike = std::conditional_t<std::is_const_v<Like>, const T, T>;

template <typename... Types, typename AnyObject, typename Function>
decltype(auto) CallWithType(TypeList<Types...>, AnyObject& object, Function& fn) {
  using Result = decltype(fn(static_cast<ConstLike<Namespace, AnyObject>&>(object)));
  using Call = Result (*)(AnyObject&, Function&);
  static constexpr std::array<Call, kKindCount> calls = {
      [](AnyObject& typed, Function& call) -> Result {
        return call(static_cast<ConstLike<Types, AnyObject>&>(typed));
      }...};
  return calls[static_cast<size_t>(object.kind)](object, fn);
}

// fn(the object as what it is); AnyObject is Object or const Object, and results are of one type.
// `fn` takes every kind, or the build fails: an overload for KeptObject stands for all kinds that
// are only kept.
template <typename AnyObject, typename Function>
decltype(auto) WithType(AnyObject& object, Function&& fn) {
  return CallWithType(ObjectTypes(), object, fn);
}

}  // namespace reconcile
