#include "controller/convergence.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "reconciler/source_operations.h"
#include "schema/core.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

void AddSources(const ClusterState& state, std::vector<std::string>* lines) {
  state.ForEach<Source>([&](const std::shared_ptr<const Source>& source) {
    if (IsSuspended(*source)) return;  // NotesOn says so
    const std::string name = "source " + source->metadata.name;
    const Condition* ready = FindCondition(source->status.conditions, "Ready");
    const bool held = ready != nullptr && ready->reason == "PruneHeld";
    if (held && source->status.held && !source->status.held->confirmed) {
      lines->push_back(name + ": held: " + source->status.held->reason);
      return;
    }
    if (ready == nullptr) {
      lines->push_back(name + ": not read yet");
    } else if (ready->status != ConditionStatus::kTrue && ready->reason != kWaitsForApply) {
      lines->push_back(name + ": " + ready->message);
    }
  });
}

void AddNodes(const ClusterState& state, std::vector<std::string>* lines) {
  state.ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
    if (IsRevoked(*node)) return;  // NotesOn says so
    const std::string name = "node " + node->metadata.name;
    const Condition* ready = FindCondition(node->status.conditions, "Ready");
    if (!IsReady(*node)) {
      lines->push_back(name + ": not ready" +
                       (ready == nullptr ? ": has not reported yet" : ": " + ready->message));
    }
    const Condition* accepted = FindCondition(node->status.conditions, kAssignmentAccepted);
    if (accepted != nullptr && accepted->status == ConditionStatus::kFalse) {
      lines->push_back(name + ": does not follow its assignment: " + accepted->message);
    }
  });
}

std::string WhyContainersWait(const Pod& pod) {
  for (const ContainerStatus& container : pod.status.container_statuses) {
    if (container.state.waiting && !container.state.waiting->reason.empty()) {
      const ContainerStateWaiting& waiting = *container.state.waiting;
      return waiting.reason + (waiting.message.empty() ? "" : ": " + waiting.message);
    }
    if (container.state.terminated) {
      const ContainerStateTerminated& terminated = *container.state.terminated;
      return "container " + container.name + " ended with exit code " +
             std::to_string(terminated.exit_code) + " (" + terminated.reason + ")";
    }
  }
  return "";
}

// A silent host's pods are as they were when it was last heard.
std::string WhyUnknown(const Pod& pod, const ClusterState& state) {
  const Condition* ready = FindCondition(pod.status.conditions, "Ready");
  if (ready != nullptr && ready->reason == kNodeStatusUnknown) return ready->message;
  const auto node = state.Find<Node>("", pod.spec.node_name);
  const Condition* of_node =
      node == nullptr ? nullptr : FindCondition(node->status.conditions, "Ready");
  if (of_node == nullptr || of_node->reason != kNodeStatusUnknown) return "";
  return "node " + pod.spec.node_name + " is silent; last seen " +
         std::string(ToString(pod.status.phase));
}

std::string WhyNotReady(const Pod& pod, const ClusterState& state) {
  const std::string unknown = WhyUnknown(pod, state);
  if (pod.metadata.deletion_timestamp) {
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
  return "starting on " + pod.spec.node_name;
}

void AddPods(const ClusterState& state, std::vector<std::string>* lines) {
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    const bool done =
        pod->status.phase == PodPhase::kSucceeded && !pod->metadata.deletion_timestamp;
    if (done || (IsReady(*pod) && !pod->metadata.deletion_timestamp)) return;
    lines->push_back("pod " + pod->metadata.namespace_name + "/" + pod->metadata.name + ": " +
                     WhyNotReady(*pod, state));
  });
}

std::string ReadyOf(int32_t ready, int32_t wanted) {
  return std::to_string(ready) + " of " + std::to_string(wanted) + " pods are ready";
}

void AddWorkloads(const ClusterState& state, std::vector<std::string>* lines) {
  const auto add = [&](const Object& object, const std::string& what) {
    lines->push_back(ToString(object.key()) + ": " + what);
  };
  state.ForEach<Deployment>([&](const std::shared_ptr<const Deployment>& deployment) {
    const DeploymentStatus& status = deployment->status;
    const int32_t wanted = deployment->spec.replicas;
    if (status.observed_generation < deployment->metadata.generation) {
      add(*deployment, "not looked at yet");
    } else if (status.available_replicas < wanted) {
      add(*deployment, ReadyOf(status.ready_replicas, wanted));
    } else if (!deployment->spec.paused &&
               (status.updated_replicas < wanted || status.replicas > wanted)) {
      add(*deployment, "rolling out: " + std::to_string(status.updated_replicas) + " of " +
                           std::to_string(wanted) + " pods are of the new template, " +
                           std::to_string(status.replicas) + " run");
    }
  });
  state.ForEach<ReplicationController>(
      [&](const std::shared_ptr<const ReplicationController>& controller) {
        const ReplicaSetStatus& status = controller->status;
        const int32_t wanted = controller->spec.replicas;
        if (status.observed_generation < controller->metadata.generation) {
          add(*controller, "not looked at yet");
        } else if (status.ready_replicas != wanted || status.replicas != wanted) {
          add(*controller, ReadyOf(status.ready_replicas, wanted));
        }
      });
  state.ForEach<ReplicaSet>([&](const std::shared_ptr<const ReplicaSet>& set) {
    const bool owned = ControllerOf(set->metadata) != nullptr;
    if (!owned && set->status.ready_replicas != set->spec.replicas) {
      add(*set, ReadyOf(set->status.ready_replicas, set->spec.replicas));
    }
  });
}

// Active pods by the uid of their controller.
using PodsByOwner = std::multimap<std::string, std::shared_ptr<const Pod>>;

PodsByOwner GroupPods(const ClusterState& state) {
  PodsByOwner pods;
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    const OwnerReference* owner = ControllerOf(pod->metadata);
    if (owner != nullptr && IsActive(*pod)) pods.emplace(owner->uid, pod);
  });
  return pods;
}

bool IsOfTemplate(const Pod& pod, const PodTemplateSpec& pod_template) {
  PodSpec spec = pod.spec;
  spec.node_name = pod_template.spec.node_name;
  return spec == pod_template.spec &&
         pod.metadata.annotations == pod_template.metadata.annotations &&
         Matches(pod_template.metadata.labels, pod.metadata.labels);
}

void NoteOlderPods(const Object& owner, const PodTemplateSpec& pod_template,
                   const PodsByOwner& pods, std::vector<std::string>* notes) {
  const auto [first, last] = pods.equal_range(owner.metadata.uid);
  const auto older = std::count_if(
      first, last, [&](const auto& entry) { return !IsOfTemplate(*entry.second, pod_template); });
  if (older == 0) return;
  notes->push_back(ToString(owner.key()) + ": " + std::to_string(older) + " of " +
                   std::to_string(std::distance(first, last)) + " pods run an older template. " +
                   std::string(kKeepsPodsAdvice));
}

}  // namespace

std::vector<std::string> NotesOn(const ClusterState& state) {
  std::vector<std::string> notes;
  if (const auto cluster = state.Find<Cluster>("", "cluster")) {
    for (const std::string& name : cluster->missing_nodes) {
      notes.push_back("node " + name +
                      ": not heard since the controller's database was lost; until it is, no other "
                      "new host gets a pod subnet. Start it, or `reconcile node revoke " +
                      name + "` and start the controller again");
    }
  }
  state.ForEach<Source>([&](const std::shared_ptr<const Source>& source) {
    for (const std::string& line : OperationLines(*source)) {
      notes.push_back("source " + source->metadata.name + ": " + line);
    }
  });
  const PodsByOwner pods = GroupPods(state);
  state.ForEach<ReplicationController>([&](const auto& controller) {
    NoteOlderPods(*controller, controller->spec.pod_template, pods, &notes);
  });
  state.ForEach<ReplicaSet>([&](const auto& set) {
    if (ControllerOf(set->metadata) != nullptr) return;
    NoteOlderPods(*set, set->spec.pod_template, pods, &notes);
  });
  state.ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
    if (IsRevoked(*node)) {
      notes.push_back("node " + node->metadata.name + ": " +
                      FindCondition(node->status.conditions, "Ready")->message);
      return;
    }
    const Condition* live = FindCondition(node->status.conditions, kLiveRestore);
    if (live == nullptr || live->status != ConditionStatus::kFalse) return;
    notes.push_back("node " + node->metadata.name + ": " + live->message);
  });
  return notes;
}

std::vector<std::string> UnconvergedIn(const ClusterState& state) {
  std::vector<std::string> lines;
  AddSources(state, &lines);
  AddNodes(state, &lines);
  AddWorkloads(state, &lines);
  AddPods(state, &lines);
  return lines;
}

}  // namespace reconcile
