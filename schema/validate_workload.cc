#include "schema/validate_workload.h"

#include "base/check.h"
#include "schema/names.h"
#include "schema/text.h"

namespace reconcile {

namespace {

void ValidateRequirement(const SelectorRequirement& requirement, const FieldPath& path,
                         FieldReporter* reporter) {
  if (!requirement.key.empty()) {
    ReportIf(CheckQualifiedName(requirement.key), FieldPath(path, "key"), reporter);
  }
  const FieldPath values(path, "values");
  for (size_t i = 0; i < requirement.values.size(); ++i) {
    ReportIf(CheckLabelValue(requirement.values[i]), FieldPath::Item(values, i), reporter);
  }
  const std::string name(ToString(requirement.op));
  switch (requirement.op) {
    case SelectorOperator::kIn:
    case SelectorOperator::kNotIn:
      if (requirement.values.empty()) reporter->Error(values, "required with operator " + name);
      return;
    case SelectorOperator::kExists:
    case SelectorOperator::kDoesNotExist:
      if (!requirement.values.empty()) {
        reporter->Error(values, "must not be given with operator " + name);
      }
      return;
  }
  CHECK(false);
}

}  // namespace

void ValidateSelector(const LabelSelector& selector, const FieldPath& path,
                      FieldReporter* reporter) {
  ValidateLabels(selector.match_labels, FieldPath(path, "matchLabels"), reporter);
  const FieldPath expressions(path, "matchExpressions");
  for (size_t i = 0; i < selector.match_expressions.size(); ++i) {
    ValidateRequirement(selector.match_expressions[i], FieldPath::Item(expressions, i), reporter);
  }
}

void ValidateSelector(const StringMap& selector, const FieldPath& path, FieldReporter* reporter) {
  ValidateLabels(selector, path, reporter);
}

void ValidateAnyTemplate(const PodTemplateSpec& pod_template, const VolumeNames& claims,
                         const FieldPath& path, FieldReporter* reporter) {
  const FieldPath metadata(path, "metadata");
  ValidateLabels(pod_template.metadata.labels, FieldPath(metadata, "labels"), reporter);
  ValidateAnnotations(pod_template.metadata.annotations, FieldPath(metadata, "annotations"),
                      reporter);
  ValidatePodSpec(pod_template.spec, claims, FieldPath(path, "spec"), reporter);
}

void ValidateTemplate(const PodTemplateSpec& pod_template, const VolumeNames& claims, bool matches,
                      const FieldPath& spec, FieldReporter* reporter) {
  const FieldPath path(spec, "template");
  const FieldPath metadata(path, "metadata");
  const FieldPath pod_spec(path, "spec");
  ValidateAnyTemplate(pod_template, claims, path, reporter);
  if (!matches && !reporter->HasFailed(FieldPath(spec, "selector"))) {
    reporter->Error(FieldPath(metadata, "labels"),
                    "the selector does not match the template's labels: the pods would not belong "
                    "to their own workload");
  }
  if (pod_template.spec.restart_policy != RestartPolicy::kAlways) {
    reporter->Error(FieldPath(pod_spec, "restartPolicy"),
                    "must be \"Always\" in a workload that keeps replicas running, not " +
                        Quoted(ToString(pod_template.spec.restart_policy)));
  }
  if (pod_template.spec.others.Find("activeDeadlineSeconds") != nullptr) {
    reporter->Error(FieldPath(pod_spec, "activeDeadlineSeconds"),
                    "must not be given in a workload that keeps replicas running: its pods run for "
                    "ever");
  }
}

bool IsSet(const LabelSelector& selector) {
  return !selector.match_labels.empty() || !selector.match_expressions.empty();
}

bool IsSet(const StringMap& selector) { return !selector.empty(); }

namespace {

constexpr int kNotAPercentage = -1;

// The number before the "%", or kNotAPercentage.
int PercentOf(const std::string& text) {
  constexpr size_t kMaxDigits = 6;
  if (text.size() < 2 || text.size() > kMaxDigits + 1 || text.back() != '%') return kNotAPercentage;
  int percent = 0;
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] < '0' || text[i] > '9') return kNotAPercentage;
    percent = percent * 10 + (text[i] - '0');
  }
  return percent;
}

}  // namespace

void ValidateIntOrPercent(const IntOrString& value, bool at_most_all, const FieldPath& path,
                          FieldReporter* reporter) {
  if (!value.is_string) return RequireNotNegative(value.number, path, reporter);
  const int percent = PercentOf(value.text);
  if (percent == kNotAPercentage) {
    reporter->Error(path,
                    Quoted(value.text) + " is neither a number nor a percentage like \"25%\"");
  } else if (at_most_all && percent > 100) {
    reporter->Error(path, "must not be more than 100%, not " + value.text);
  }
}

bool IsZero(const IntOrString& value) {
  return value.is_string ? PercentOf(value.text) == 0 : value.number == 0;
}

void Validate(const ReplicationController& controller, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath path(root, "spec");
  if (controller.spec.selector.empty()) {
    reporter->Error(FieldPath(path, "selector"),
                    "required, unless the template has labels to take its place");
  }
  ValidateWorkload(controller.spec, {}, path, reporter);
}

void Validate(const ReplicaSet& replica_set, FieldReporter* reporter) {
  const FieldPath root;
  ValidateWorkload(replica_set.spec, {}, FieldPath(root, "spec"), reporter);
}

void Validate(const Deployment& deployment, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath path(root, "spec");
  const DeploymentSpec& spec = deployment.spec;
  const FieldPath deadline(path, "progressDeadlineSeconds");
  RequireNotNegative(spec.progress_deadline_seconds, deadline, reporter);
  if (spec.progress_deadline_seconds >= 0 &&
      spec.progress_deadline_seconds <= spec.min_ready_seconds) {
    reporter->Error(deadline, "must be more than minReadySeconds: " +
                                  std::to_string(spec.progress_deadline_seconds) +
                                  " <= " + std::to_string(spec.min_ready_seconds));
  }
  const FieldPath strategy(path, "strategy");
  const FieldPath rolling(strategy, "rollingUpdate");
  if (spec.strategy.rolling_update && spec.strategy.type == DeploymentStrategyType::kRecreate) {
    reporter->Error(rolling, "must not be given with type \"Recreate\"");
  } else if (spec.strategy.rolling_update) {
    ValidateLimits(*spec.strategy.rolling_update, false, rolling, reporter);
  }
  ValidateWorkload(spec, {}, path, reporter);
}

}  // namespace reconcile
