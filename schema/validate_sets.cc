#include "schema/names.h"
#include "schema/sets.h"
#include "schema/text.h"
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
    const FieldPath claim_spec_path(claim, "spec");
    const Value* claim_spec = list[i].Find("spec");
    if (claim_spec == nullptr) continue;
    if (claim_spec->GetList("accessModes").empty()) {
      reporter->Error(FieldPath(claim_spec_path, "accessModes"), "required");
    }
    const Value* resources = claim_spec->Find("resources");
    const Value* requests = resources == nullptr ? nullptr : resources->Find("requests");
    if (requests == nullptr || requests->Find("storage") == nullptr) {
      reporter->Error(FieldPath(claim_spec_path, "resources"),
                      "needs requests.storage: how much the claim asks for");
    }
  }
  return names;
}

}  // namespace

void ValidateStatefulSet(const StatefulSet& set, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath path(root, "spec");
  const StatefulSetSpec& spec = set.spec;
  RequireNotNegative(spec.replicas, FieldPath(path, "replicas"), reporter);
  RequireNotNegative(spec.min_ready_seconds, FieldPath(path, "minReadySeconds"), reporter);
  RequireNotNegative(spec.revision_history_limit, FieldPath(path, "revisionHistoryLimit"),
                     reporter);
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
  ValidateSelector(spec.selector, FieldPath(path, "selector"), reporter);
  const VolumeNames claims = ValidateClaims(spec, path, reporter);
  ValidateTemplate(
      spec.pod_template, claims,
      !IsSet(spec.selector) || Matches(spec.selector, spec.pod_template.metadata.labels), path,
      reporter);
}

void ValidateDaemonSet(const DaemonSet& set, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath path(root, "spec");
  const DaemonSetSpec& spec = set.spec;
  RequireNotNegative(spec.min_ready_seconds, FieldPath(path, "minReadySeconds"), reporter);
  RequireNotNegative(spec.revision_history_limit, FieldPath(path, "revisionHistoryLimit"),
                     reporter);
  const FieldPath strategy(path, "updateStrategy");
  const FieldPath rolling_path(strategy, "rollingUpdate");
  if (spec.update_strategy.rolling_update) {
    const RollingUpdateDaemonSet& rolling = *spec.update_strategy.rolling_update;
    const FieldPath surge(rolling_path, "maxSurge");
    const FieldPath unavailable(rolling_path, "maxUnavailable");
    ValidateIntOrPercent(rolling.max_surge, true, surge, reporter);
    ValidateIntOrPercent(rolling.max_unavailable, true, unavailable, reporter);
    if (IsZero(rolling.max_surge) && IsZero(rolling.max_unavailable)) {
      reporter->Error(unavailable, "must not be 0 when maxSurge is 0: no pod could be replaced");
    }
    if (!IsZero(rolling.max_surge) && !IsZero(rolling.max_unavailable)) {
      reporter->Error(surge, "must be 0 unless maxUnavailable is 0");
    }
  }
  ValidateSelector(spec.selector, FieldPath(path, "selector"), reporter);
  ValidateTemplate(
      spec.pod_template, {},
      !IsSet(spec.selector) || Matches(spec.selector, spec.pod_template.metadata.labels), path,
      reporter);
  if (spec.pod_template.spec.others.Find("activeDeadlineSeconds") != nullptr) {
    const FieldPath pod_template(path, "template");
    const FieldPath pod_spec(pod_template, "spec");
    reporter->Error(FieldPath(pod_spec, "activeDeadlineSeconds"),
                    "must not be given: a DaemonSet's pods run for ever");
  }
}

}  // namespace reconcile
