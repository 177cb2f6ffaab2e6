#include "reconciler/health.h"

#include <algorithm>

#include "reconciler/restart_on_change.h"
#include "reconciler/rollback_on_deadline.h"
#include "reconciler/source_operations.h"
#include "schema/core.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

constexpr char kNotLookedAt[] = "not looked at yet";

std::string EndText(const ContainerStateTerminated& end) {
  return "exit code " + std::to_string(end.exit_code) + " (" + end.reason + ")";
}

// Of one that is to be started again, how it ended.
std::string EndBefore(const ContainerStatus& container) {
  if (!container.last_state.terminated) return "";
  return "; container " + container.name + " ended before with " +
         EndText(*container.last_state.terminated);
}

std::string WhyContainerWaits(const ContainerStatus& container) {
  if (container.state.waiting && !container.state.waiting->reason.empty()) {
    const ContainerStateWaiting& waiting = *container.state.waiting;
    return waiting.reason + (waiting.message.empty() ? "" : ": " + waiting.message) +
           EndBefore(container);
  }
  if (!container.state.terminated) return "";
  return "container " + container.name + " ended with " + EndText(*container.state.terminated);
}

// The first init container that has not succeeded, if it is known why; then the others.
std::string WhyContainersWait(const Pod& pod) {
  for (const ContainerStatus& init : pod.status.init_container_statuses) {
    if (init.ready || init.started) continue;
    if (init.state.terminated && init.state.terminated->exit_code == 0) continue;  // a sidecar
    if (init.state.running) return "init container " + init.name + " runs";
    const std::string why = WhyContainerWaits(init);
    if (!why.empty()) return "init container " + init.name + ": " + why;
  }
  for (const ContainerStatus& container : pod.status.container_statuses) {
    const std::string why = WhyContainerWaits(container);
    if (!why.empty()) return why;
  }
  return "";
}

// A silent host's pods are as they were when it was last heard.
std::string WhyUnknown(const Pod& pod, const ClusterState& state) {
  const Condition* ready = FindCondition(pod.status.conditions, "Ready");
  if (ready != nullptr && ready->reason == kNodeStatusUnknown) {
    return ready->message.empty() ? "its host is silent" : ready->message;
  }
  const auto node = state.Find<Node>("", pod.spec.node_name);
  const Condition* of_node =
      node == nullptr ? nullptr : FindCondition(node->status.conditions, "Ready");
  if (of_node == nullptr || of_node->reason != kNodeStatusUnknown) return "";
  return "node " + pod.spec.node_name + " is silent; last seen " +
         std::string(ToString(pod.status.phase));
}

std::string StartingText(const Pod& pod) { return "starting on " + pod.spec.node_name; }

std::string OfPod(const Pod& pod, const ClusterState& state) {
  const bool going = pod.metadata.deletion_timestamp.has_value();
  const bool done = pod.status.phase == PodPhase::kSucceeded;
  if (!going && (done || IsReady(pod))) return "";
  const std::string unknown = WhyUnknown(pod, state);
  if (going) {
    const std::string& why = unknown.empty() ? pod.status.message : unknown;
    return "being stopped" + (why.empty() ? "" : ": " + why);
  }
  if (pod.spec.node_name.empty()) {
    const Condition* scheduled = FindCondition(pod.status.conditions, "PodScheduled");
    return scheduled != nullptr && !scheduled->message.empty() ? scheduled->message
                                                               : "waiting for a host";
  }
  if (!unknown.empty()) return unknown;
  std::string why = WhyContainersWait(pod);
  if (!why.empty()) return why;
  if (!pod.status.message.empty()) return pod.status.message;
  return StartingText(pod);
}

std::string OfNode(const Node& node) {
  const Condition* ready = FindCondition(node.status.conditions, "Ready");
  if (ready == nullptr) return "not ready: has not reported yet";
  if (!IsReady(node)) return "not ready" + (ready->message.empty() ? "" : ": " + ready->message);
  for (const std::string_view type : {kMemoryPressure, kDiskPressure, kPidPressure}) {
    const Condition* pressure = FindCondition(node.status.conditions, type);
    if (pressure == nullptr || pressure->status != ConditionStatus::kTrue) continue;
    return pressure->message.empty() ? std::string(type) : pressure->message;
  }
  return "";
}

std::string OfSource(const Source& source) {
  if (IsSuspended(source)) return "suspended: nothing of it changes";
  const Condition* ready = FindCondition(source.status.conditions, "Ready");
  if (ready == nullptr) return "not read yet";
  if (ready->status == ConditionStatus::kTrue) return "";
  return ready->message.empty() ? "not ready" : ready->message;
}

// Whether its newest pods have been told to be of the template that there is now: when a ConfigMap
// changes, nothing else of the Deployment does before that.
bool HasNewestSet(const std::shared_ptr<const Deployment>& deployment, const ClusterState& state) {
  if (deployment->spec.paused || !RestartsOnChange(deployment->metadata)) return true;
  const auto content_in = [](const PodTemplateSpec& pods) {
    const auto found = pods.metadata.annotations.find(std::string(kConfigAnnotation));
    return found == pods.metadata.annotations.end() ? "" : found->second;
  };
  const std::string wanted = content_in(*TemplateOf(deployment, state));
  bool found = false;
  state.by_owner().ForEach(deployment->metadata.uid, [&](const ObjectKey& key) {
    const auto set = As<ReplicaSet>(state.Find(key));
    if (set == nullptr || content_in(set->spec.pod_template) != wanted) return;
    found = found || set->spec.replicas > 0 || deployment->spec.replicas == 0;
  });
  return found;
}

std::string OfDeployment(const Deployment& deployment) {
  const DeploymentStatus& status = deployment.status;
  const int32_t wanted = deployment.spec.replicas;
  if (status.observed_generation < deployment.metadata.generation) return kNotLookedAt;
  if (const std::string held = WhyRolledBack(deployment); !held.empty()) return held;
  if (status.available_replicas < wanted) return PodsReadyText(status.ready_replicas, wanted);
  if (deployment.spec.paused) return "";
  if (status.updated_replicas >= wanted && status.replicas <= wanted) return "";
  return "rolling out: " + std::to_string(status.updated_replicas) + " of " +
         std::to_string(wanted) + " pods are of the new template, " +
         std::to_string(status.replicas) + " run";
}

std::string OfController(const ReplicationController& controller) {
  const ReplicaSetStatus& status = controller.status;
  const int32_t wanted = controller.spec.replicas;
  if (status.observed_generation < controller.metadata.generation) return kNotLookedAt;
  const bool all = status.ready_replicas == wanted && status.replicas == wanted;
  return all ? "" : PodsReadyText(status.ready_replicas, wanted);
}

// The words of the pod's newest Event of a failed probe; "" when there is none.
std::string LastProbeFailure(const Pod& pod, const ClusterState& state) {
  const ObjectMap& events = state.Objects(Kind::kEvent);
  const std::string beginning = pod.metadata.name + ".";  // of their names (reconciler/events.h)
  const Event* newest = nullptr;
  for (auto at = events.lower_bound({Kind::kEvent, pod.metadata.namespace_name, beginning});
       at != events.end() && at->first.namespace_name == pod.metadata.namespace_name &&
       at->first.name.starts_with(beginning);
       ++at) {
    const Event* event = As<Event>(*at->second);
    const bool is_probe = event->reason == "Unhealthy" &&
                          event->involved_object.uid == pod.metadata.uid && event->last_timestamp;
    if (!is_probe) continue;
    if (newest == nullptr || *event->last_timestamp > *newest->last_timestamp) newest = event;
  }
  return newest == nullptr ? "" : newest->message;
}

bool RunsUnready(const Pod& pod) {
  const auto& containers = pod.status.container_statuses;
  return !pod.metadata.deletion_timestamp &&
         std::any_of(containers.begin(), containers.end(), [](const ContainerStatus& container) {
           return container.state.running && !container.ready;
         });
}

}  // namespace

std::string PodsReadyText(int32_t ready, int32_t wanted) {
  return std::to_string(ready) + " of " + std::to_string(wanted) + " pods are ready";
}

bool IsUnknown(const Pod& pod, const ClusterState& state) {
  return !WhyUnknown(pod, state).empty();
}

std::string WhyUnfinished(const Object& object, const ClusterState& state) {
  return object.kind == Kind::kNode ? "" : WhyUnhealthy(object, state);
}

std::string WhyUnhealthyInWords(const Object& object, const ClusterState& state) {
  std::string why = WhyUnhealthy(object, state);
  const Pod* pod = As<Pod>(object);
  if (why.empty() || pod == nullptr || !RunsUnready(*pod)) return why;
  const std::string failure = LastProbeFailure(*pod, state);
  if (failure.empty()) return why;
  const bool is_starting = why == StartingText(*pod);
  return (is_starting ? "runs on " + pod->spec.node_name + " and is not ready" : why) + ": " +
         failure;
}

std::string WhyUnhealthy(const Object& object, const ClusterState& state) {
  if (const Pod* pod = As<Pod>(object)) return OfPod(*pod, state);
  if (object.metadata.deletion_timestamp) return "being deleted";
  if (const auto* deployment = As<Deployment>(object)) {
    const std::string why = OfDeployment(*deployment);
    if (!why.empty() || !RestartsOnChange(deployment->metadata)) return why;
    const auto held = As<Deployment>(state.Find(object.key()));
    const bool has_newest = held == nullptr || HasNewestSet(held, state);
    return has_newest ? "" : "rolling out: a ConfigMap or Secret that it uses changed";
  }
  if (const auto* controller = As<ReplicationController>(object)) return OfController(*controller);
  if (const auto* set = As<ReplicaSet>(object)) {
    const int32_t ready = set->status.ready_replicas;
    return ready == set->spec.replicas ? "" : PodsReadyText(ready, set->spec.replicas);
  }
  if (const auto* node = As<Node>(object)) return OfNode(*node);
  if (const auto* source = As<Source>(object)) return OfSource(*source);
  return "";
}

}  // namespace reconcile
