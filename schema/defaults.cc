#include <algorithm>
#include <string_view>

#include "schema/all_kinds.h"
#include "schema/codec.h"

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

bool IsFilled(const Container& container) {
  const auto is_filled = [](const EnvVar& variable) {
    return !variable.value_from || !variable.value_from->field_ref ||
           !variable.value_from->field_ref->api_version.empty();
  };
  return container.image_pull_policy != PullPolicy::kUnset &&
         std::all_of(container.env.begin(), container.env.end(), is_filled);
}

// Lists that need nothing stay shared.
void FillContainers(CopyOnWriteList<Container>* containers) {
  if (std::all_of(containers->begin(), containers->end(), IsFilled)) return;
  for (Container& container : containers->Edit()) {
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

// Fill(object) for each kind.

void Fill(Namespace* space) {
  // Selectors over namespaces find each by its name (SEMANTICS 22.1).
  space->metadata.labels["kubernetes.io/metadata.name"] = space->metadata.name;
}

void Fill(Pod* pod) {
  FillPodSpec(&pod->spec);
  // Only in pods: a template keeps what was written (SEMANTICS 17.4).
  const auto has_limits = [](const Container& container) {
    return !container.resources.limits.empty();
  };
  for (auto* containers : {&pod->spec.init_containers, &pod->spec.containers}) {
    if (std::none_of(containers->begin(), containers->end(), has_limits)) continue;
    for (Container& container : containers->Edit()) {
      ResourceRequirements& resources = container.resources;
      resources.requests.insert(resources.limits.begin(), resources.limits.end());
    }
  }
}

void Fill(ReplicationController* controller) {
  FillPodSpec(&controller->spec.pod_template.spec);
  const StringMap& labels = controller->spec.pod_template.metadata.labels;
  if (controller->spec.selector.empty()) controller->spec.selector = labels;
  if (controller->metadata.labels.empty()) controller->metadata.labels = labels;
}

void Fill(ReplicaSet* set) { FillPodSpec(&set->spec.pod_template.spec); }

// The limits of a rolling update, where that is the way.
template <typename Type, typename Rolling>
void FillStrategy(UpdateStrategy<Type, Rolling>* strategy) {
  if (strategy->type == Type::kRollingUpdate && !strategy->rolling_update) {
    strategy->rolling_update.emplace();
  }
}

void Fill(Deployment* deployment) {
  FillPodSpec(&deployment->spec.pod_template.spec);
  FillStrategy(&deployment->spec.strategy);
}

void Fill(StatefulSet* set) {
  FillPodSpec(&set->spec.pod_template.spec);
  FillStrategy(&set->spec.update_strategy);
}

void Fill(DaemonSet* set) {
  FillPodSpec(&set->spec.pod_template.spec);
  FillStrategy(&set->spec.update_strategy);
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

void Fill(Job* job) {
  FillJobSpec(&job->spec);
  if (job->metadata.labels.empty()) job->metadata.labels = job->spec.pod_template.metadata.labels;
}

void Fill(Service* service) {
  for (ServicePort& port : service->spec.ports) {
    const bool is_unset = !port.target_port || port.target_port->ToString() == "0" ||
                          port.target_port->ToString().empty();
    if (is_unset) port.target_port = IntOrString::Int(port.port);
  }
  ServiceSpec& spec = service->spec;
  const Value* addresses = spec.others.Find("clusterIPs");
  if (spec.cluster_ip.empty() && addresses != nullptr && !addresses->AsList().empty()) {
    const Value& first = addresses->AsList()[0];
    if (first.IsString()) spec.cluster_ip = first.AsString();
  }
  const bool is_outside = spec.type == ServiceType::kNodePort ||
                          spec.type == ServiceType::kLoadBalancer || !spec.external_ips.empty();
  if (is_outside && spec.external_traffic_policy == TrafficPolicy::kUnset) {
    spec.external_traffic_policy = TrafficPolicy::kCluster;
  }
  if (spec.session_affinity == SessionAffinity::kClientIp &&
      !spec.session_affinity_timeout_seconds) {
    spec.session_affinity_timeout_seconds = kDefaultAffinitySeconds;
  }
}

void Fill(CronJob* job) { FillJobSpec(&job->spec.job_template.spec); }

void Fill(Secret* secret) {
  if (secret->type.empty()) secret->type = "Opaque";
}

void Fill(Node*) {}
void Fill(ConfigMap*) {}
void Fill(Event*) {}
void Fill(Source*) {}
void Fill(Cluster*) {}
void Fill(Endpoints*) {}
void Fill(EndpointSlice*) {}
void Fill(KeptObject*) {}

}  // namespace

void ApplyDefaults(Object* object) {
  WithType(*object, [](auto& typed) { Fill(&typed); });
}

}  // namespace reconcile
