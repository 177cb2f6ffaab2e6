#pragma once

#include "schema/other_fields.h"
#include "schema/workload.h"

namespace reconcile {

enum class PodManagementPolicy { kOrderedReady, kParallel };
std::string_view ToString(PodManagementPolicy policy);
enum class SetUpdateType { kRollingUpdate, kOnDelete };  // of StatefulSets and DaemonSets
std::string_view ToString(SetUpdateType type);
enum class ClaimRetention { kRetain, kDelete };
std::string_view ToString(ClaimRetention retention);

struct RollingUpdateStatefulSet {
  int32_t partition = 0;  // pods from this ordinal on are updated
  std::optional<IntOrString> max_unavailable;
  friend bool operator==(const RollingUpdateStatefulSet&,
                         const RollingUpdateStatefulSet&) = default;
};
struct StatefulSetUpdateStrategy {
  SetUpdateType type = SetUpdateType::kRollingUpdate;
  std::optional<RollingUpdateStatefulSet> rolling_update;  // filled by defaults for RollingUpdate
  friend bool operator==(const StatefulSetUpdateStrategy&,
                         const StatefulSetUpdateStrategy&) = default;
};
struct ClaimRetentionPolicy {
  ClaimRetention when_deleted = ClaimRetention::kRetain;
  ClaimRetention when_scaled = ClaimRetention::kRetain;
  friend bool operator==(const ClaimRetentionPolicy&, const ClaimRetentionPolicy&) = default;
};
struct StatefulSetOrdinals {
  int32_t start = 0;
  friend bool operator==(const StatefulSetOrdinals&, const StatefulSetOrdinals&) = default;
};
struct StatefulSetSpec {
  int32_t replicas = 1;
  LabelSelector selector;
  PodTemplateSpec pod_template;
  std::string service_name;
  PodManagementPolicy pod_management_policy = PodManagementPolicy::kOrderedReady;
  StatefulSetUpdateStrategy update_strategy;
  int32_t revision_history_limit = 10;
  int32_t min_ready_seconds = 0;
  std::optional<ClaimRetentionPolicy> claim_retention_policy;
  std::optional<StatefulSetOrdinals> ordinals;
  OtherFields others;  // volumeClaimTemplates
  friend bool operator==(const StatefulSetSpec&, const StatefulSetSpec&) = default;
};
struct StatefulSetStatus {
  int64_t observed_generation = 0;
  int32_t replicas = 0;
  int32_t ready_replicas = 0;
  int32_t current_replicas = 0;
  int32_t updated_replicas = 0;
  int32_t available_replicas = 0;
  std::string current_revision;
  std::string update_revision;
  int32_t collision_count = 0;
  std::vector<Condition> conditions;
  friend bool operator==(const StatefulSetStatus&, const StatefulSetStatus&) = default;
};
struct StatefulSet : ObjectOf<StatefulSet, Kind::kStatefulSet> {
  StatefulSetSpec spec;
  StatefulSetStatus status;
};

struct RollingUpdateDaemonSet {
  IntOrString max_surge = IntOrString::Int(0);
  IntOrString max_unavailable = IntOrString::Int(1);
  friend bool operator==(const RollingUpdateDaemonSet&, const RollingUpdateDaemonSet&) = default;
};
struct DaemonSetUpdateStrategy {
  SetUpdateType type = SetUpdateType::kRollingUpdate;
  std::optional<RollingUpdateDaemonSet> rolling_update;  // filled by defaults for RollingUpdate
  friend bool operator==(const DaemonSetUpdateStrategy&, const DaemonSetUpdateStrategy&) = default;
};
struct DaemonSetSpec {
  LabelSelector selector;
  PodTemplateSpec pod_template;
  DaemonSetUpdateStrategy update_strategy;
  int32_t min_ready_seconds = 0;
  int32_t revision_history_limit = 10;
  friend bool operator==(const DaemonSetSpec&, const DaemonSetSpec&) = default;
};
struct DaemonSetStatus {
  int64_t observed_generation = 0;
  int32_t current_number_scheduled = 0;
  int32_t desired_number_scheduled = 0;
  int32_t number_misscheduled = 0;
  int32_t number_ready = 0;
  int32_t updated_number_scheduled = 0;
  int32_t number_available = 0;
  int32_t number_unavailable = 0;
  int32_t collision_count = 0;
  std::vector<Condition> conditions;
  friend bool operator==(const DaemonSetStatus&, const DaemonSetStatus&) = default;
};
struct DaemonSet : ObjectOf<DaemonSet, Kind::kDaemonSet> {
  DaemonSetSpec spec;
  DaemonSetStatus status;
};

}  // namespace reconcile
