#include <string_view>

#include "base/check.h"
#include "schema/codec.h"
#include "schema/core.h"
#include "schema/job.h"
#include "schema/sets.h"
#include "schema/workload.h"

namespace reconcile {

namespace {

// Source: SEMANTICS 8.6. A tag counts even when a digest follows it.
PullPolicy PullPolicyFor(std::string_view image) {
  const size_t at = image.find('@');
  std::string_view name = image.substr(0, at);
  const size_t slash = name.rfind('/');
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  const size_t colon = name.find(':');
  const bool has_tag = colon != std::string_view::npos;
  if (has_tag && name.substr(colon + 1) == "latest") return PullPolicy::kAlways;
  return has_tag || at != std::string_view::npos ? PullPolicy::kIfNotPresent : PullPolicy::kAlways;
}

void FillContainers(std::vector<Container>* containers) {
  for (Container& container : *containers) {
    if (container.image_pull_policy == PullPolicy::kUnset) {
      container.image_pull_policy = PullPolicyFor(container.image);
    }
    for (EnvVar& variable : container.env) {
      if (!variable.value_from || !variable.value_from->field_ref) continue;
      FieldSelector& field = *variable.value_from->field_ref;
      if (field.api_version.empty()) field.api_version = "v1";
    }
  }
}

void FillPodSpec(PodSpec* spec) {
  FillContainers(&spec->containers);
  FillContainers(&spec->init_containers);
}

void FillPod(Pod* pod) {
  FillPodSpec(&pod->spec);
  // Only in pods: a template keeps what was written (SEMANTICS 17.4).
  for (Container& container : pod->spec.containers) {
    ResourceRequirements& resources = container.resources;
    resources.requests.insert(resources.limits.begin(), resources.limits.end());
  }
}

void FillReplicationController(ReplicationController* controller) {
  FillPodSpec(&controller->spec.pod_template.spec);
  const StringMap& labels = controller->spec.pod_template.metadata.labels;
  if (controller->spec.selector.empty()) controller->spec.selector = labels;
  if (controller->metadata.labels.empty()) controller->metadata.labels = labels;
}

void FillDeployment(Deployment* deployment) {
  FillPodSpec(&deployment->spec.pod_template.spec);
  DeploymentStrategy& strategy = deployment->spec.strategy;
  if (strategy.type == DeploymentStrategyType::kRollingUpdate && !strategy.rolling_update) {
    strategy.rolling_update.emplace();
  }
}

void FillStatefulSet(StatefulSet* set) {
  FillPodSpec(&set->spec.pod_template.spec);
  StatefulSetUpdateStrategy& strategy = set->spec.update_strategy;
  if (strategy.type == SetUpdateType::kRollingUpdate && !strategy.rolling_update) {
    strategy.rolling_update.emplace();
  }
}

void FillDaemonSet(DaemonSet* set) {
  FillPodSpec(&set->spec.pod_template.spec);
  DaemonSetUpdateStrategy& strategy = set->spec.update_strategy;
  if (strategy.type == SetUpdateType::kRollingUpdate && !strategy.rolling_update) {
    strategy.rolling_update.emplace();
  }
}

// Where parallelism is given and completions is not, the first success ends the Job.
void FillJobSpec(JobSpec* spec) {
  constexpr int32_t kBackoffLimit = 6;
  constexpr int32_t kNoLimit = 2'147'483'647;
  FillPodSpec(&spec->pod_template.spec);
  if (!spec->completions && !spec->parallelism) spec->completions = 1;
  if (!spec->parallelism) spec->parallelism = 1;
  if (!spec->backoff_limit) {
    spec->backoff_limit = spec->backoff_limit_per_index ? kNoLimit : kBackoffLimit;
  }
}

void FillJob(Job* job) {
  FillJobSpec(&job->spec);
  if (job->metadata.labels.empty()) job->metadata.labels = job->spec.pod_template.metadata.labels;
}

void FillService(Service* service) {
  for (ServicePort& port : service->spec.ports) {
    const bool is_unset = !port.target_port || port.target_port->ToString() == "0" ||
                          port.target_port->ToString().empty();
    if (is_unset) port.target_port = IntOrString::Int(port.port);
  }
}

}  // namespace

void ApplyDefaults(Object* object) {
  switch (object->kind) {
    case Kind::kNamespace:
      // Selectors over namespaces find each by its name (SEMANTICS 22.1).
      object->metadata.labels["kubernetes.io/metadata.name"] = object->metadata.name;
      return;
    case Kind::kPod:
      return FillPod(static_cast<Pod*>(object));
    case Kind::kReplicationController:
      return FillReplicationController(static_cast<ReplicationController*>(object));
    case Kind::kReplicaSet:
      return FillPodSpec(&static_cast<ReplicaSet*>(object)->spec.pod_template.spec);
    case Kind::kDeployment:
      return FillDeployment(static_cast<Deployment*>(object));
    case Kind::kStatefulSet:
      return FillStatefulSet(static_cast<StatefulSet*>(object));
    case Kind::kDaemonSet:
      return FillDaemonSet(static_cast<DaemonSet*>(object));
    case Kind::kJob:
      return FillJob(static_cast<Job*>(object));
    case Kind::kCronJob:
      return FillJobSpec(&static_cast<CronJob*>(object)->spec.job_template.spec);
    case Kind::kService:
      return FillService(static_cast<Service*>(object));
    case Kind::kSecret: {
      auto* secret = static_cast<Secret*>(object);
      if (secret->type.empty()) secret->type = "Opaque";
      return;
    }
    case Kind::kNode:
    case Kind::kConfigMap:
    case Kind::kEvent:
    case Kind::kSource:
    case Kind::kCluster:
    case Kind::kEndpoints:
    case Kind::kEndpointSlice:
    case Kind::kIngress:
    case Kind::kIngressClass:
    case Kind::kNetworkPolicy:
    case Kind::kPersistentVolume:
    case Kind::kPersistentVolumeClaim:
    case Kind::kStorageClass:
    case Kind::kServiceAccount:
    case Kind::kRole:
    case Kind::kClusterRole:
    case Kind::kRoleBinding:
    case Kind::kClusterRoleBinding:
    case Kind::kHorizontalPodAutoscaler:
    case Kind::kPodDisruptionBudget:
    case Kind::kResourceQuota:
    case Kind::kLimitRange:
    case Kind::kPriorityClass:
    case Kind::kLease:
      return;
  }
  CHECK(false);
}

}  // namespace reconcile
