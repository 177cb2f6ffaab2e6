#include "schema/names.h"
#include "schema/sets.h"
#include "schema/text.h"
#include "schema/validate_kept.h"
#include "schema/validate_workload.h"

namespace reconcile {

namespace {

// The claims' names, which volumeMounts refer to.
VolumeNames ValidateClaims(const StatefulSetSpec& spec, const FieldPath& path,
                           FieldReporter* reporter) {
  VolumeNames names;
  const FieldPath claims(path, "volumeClaimTemplates");
  const Value::List& list = ListIn(spec.others, "volumeClaimTemplates");
  for (size_t i = 0; i < list.size(); ++i) {
    const FieldPath claim = FieldPath::Item(claims, i);
    const FieldPath metadata(claim, "metadata");
    const FieldPath name_path(metadata, "name");
    const Value* meta = list[i].Find("metadata");
    const std::string name = meta == nullptr ? "" : meta->GetString("name");
    if (name.empty()) {
      reporter->Error(name_path, "required");
      continue;
    }
    ReportIf(CheckDnsSubdomain(name), name_path, reporter);
    if (!names.insert(name).second) {
      reporter->Error(name_path, "duplicate claim name " + Quoted(name));
    }
    const Value* claim_spec = list[i].Find("spec");
    if (claim_spec != nullptr) ValidateClaimSpec(*claim_spec, FieldPath(claim, "spec"), reporter);
  }
  return names;
}

}  // namespace

void Validate(const StatefulSet& set, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath path(root, "spec");
  const StatefulSetSpec& spec = set.spec;
  if (spec.ordinals) {
    const FieldPath ordinals(path, "ordinals");
    RequireNotNegative(spec.ordinals->start, FieldPath(ordinals, "start"), reporter);
  }
  if (!spec.service_name.empty()) {
    ReportIf(CheckDnsSubdomain(spec.service_name), FieldPath(path, "serviceName"), reporter);
  }
  const FieldPath strategy(path, "updateStrategy");
  const FieldPath rolling_path(strategy, "rollingUpdate");
  if (spec.update_strategy.rolling_update) {
    const RollingUpdateStatefulSet& rolling = *spec.update_strategy.rolling_update;
    if (spec.update_strategy.type == SetUpdateType::kOnDelete) {
      reporter->Error(rolling_path, "must not be given with type \"OnDelete\"");
    }
    RequireNotNegative(rolling.partition, FieldPath(rolling_path, "partition"), reporter);
    const FieldPath unavailable(rolling_path, "maxUnavailable");
    if (rolling.max_unavailable) {
      ValidateIntOrPercent(*rolling.max_unavailable, true, unavailable, reporter);
      if (IsZero(*rolling.max_unavailable)) reporter->Error(unavailable, "must not be 0");
    }
  }
  ValidateWorkload(spec, ValidateClaims(spec, path, reporter), path, reporter);
}

void Validate(const DaemonSet& set, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath path(root, "spec");
  const DaemonSetSpec& spec = set.spec;
  const FieldPath strategy(path, "updateStrategy");
  const FieldPath rolling_path(strategy, "rollingUpdate");
  if (spec.update_strategy.rolling_update) {
    const RollingUpdateDaemonSet& rolling = *spec.update_strategy.rolling_update;
    ValidateLimits(rolling, true, rolling_path, reporter);
    if (!IsZero(rolling.max_surge) && !IsZero(rolling.max_unavailable)) {
      reporter->Error(FieldPath(rolling_path, "maxSurge"), "must be 0 unless maxUnavailable is 0");
    }
  }
  ValidateWorkload(spec, {}, path, reporter);
}

}  // namespace reconcile
