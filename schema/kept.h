#pragma once

#include "schema/object.h"
#include "schema/other_fields.h"
#include "schema/pod.h"

namespace reconcile {

// An object of a kind that is checked, stored, diffed and shown, and from which nothing follows
// (KindInfo::not_acted_on). Its fields, apart from metadata, are those of its table. A kind that
// comes to be acted on gets a struct of its own in place of its line below.
struct KeptObject : Object {
  using Object::Object;
  OtherFields others;
};

template <Kind kObjectKind>
struct Kept final : KeptObject {
  static constexpr Kind kKind = kObjectKind;
  Kept() : KeptObject(kObjectKind) {}
  std::unique_ptr<Object> Clone() const override { return std::make_unique<Kept>(*this); }
};

using Ingress = Kept<Kind::kIngress>;
using IngressClass = Kept<Kind::kIngressClass>;
using NetworkPolicy = Kept<Kind::kNetworkPolicy>;
using PersistentVolume = Kept<Kind::kPersistentVolume>;
using PersistentVolumeClaim = Kept<Kind::kPersistentVolumeClaim>;
using StorageClass = Kept<Kind::kStorageClass>;
using ServiceAccount = Kept<Kind::kServiceAccount>;
using Role = Kept<Kind::kRole>;
using ClusterRole = Kept<Kind::kClusterRole>;
using RoleBinding = Kept<Kind::kRoleBinding>;
using ClusterRoleBinding = Kept<Kind::kClusterRoleBinding>;
using HorizontalPodAutoscaler = Kept<Kind::kHorizontalPodAutoscaler>;
using ResourceQuota = Kept<Kind::kResourceQuota>;
using LimitRange = Kept<Kind::kLimitRange>;
using PriorityClass = Kept<Kind::kPriorityClass>;
using Lease = Kept<Kind::kLease>;

// How many of the pods of a budget may be taken away (reconciler/disruption.h).
struct PodDisruptionBudgetStatus {
  int64_t observed_generation = 0;
  int32_t disruptions_allowed = 0;
  int32_t current_healthy = 0;
  int32_t desired_healthy = 0;
  int32_t expected_pods = 0;
  std::vector<Condition> conditions;  // DisruptionAllowed
  friend bool operator==(const PodDisruptionBudgetStatus&,
                         const PodDisruptionBudgetStatus&) = default;
};
// Its spec is one of its others.
struct PodDisruptionBudget final : KeptObject {
  static constexpr Kind kKind = Kind::kPodDisruptionBudget;
  PodDisruptionBudget() : KeptObject(kKind) {}
  std::unique_ptr<Object> Clone() const override {
    return std::make_unique<PodDisruptionBudget>(*this);
  }
  PodDisruptionBudgetStatus status;
};

// The fields of a PersistentVolume's spec of which exactly one says what it is.
const std::vector<std::string_view>& PersistentVolumeSourceNames();

}  // namespace reconcile
