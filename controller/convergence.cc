#include "controller/convergence.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "controller/clock_readings.h"
#include "reconciler/eviction.h"
#include "reconciler/health.h"
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
  const std::string pods_stay = WhyPodsStay(state);
  state.ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
    if (IsRevoked(*node)) return;  // NotesOn says so
    const std::string name = "node " + node->metadata.name;
    const Condition* ready = FindCondition(node->status.conditions, "Ready");
    if (!IsReady(*node)) {
      lines->push_back(name + ": not ready" +
                       (ready == nullptr ? ": has not reported yet" : ": " + ready->message) +
                       (IsSilent(*node) && !pods_stay.empty() ? "; " + pods_stay : ""));
    }
    const Condition* accepted = FindCondition(node->status.conditions, kAssignmentAccepted);
    if (accepted != nullptr && accepted->status == ConditionStatus::kFalse) {
      lines->push_back(name + ": does not follow its assignment: " + accepted->message);
    }
  });
}

// Of every object of T's kind, why it is not as it is to be.
template <typename T>
void AddUnhealthy(const ClusterState& state, std::vector<std::string>* lines) {
  state.ForEach<T>([&](const std::shared_ptr<const T>& object) {
    if (T::kKind == Kind::kReplicaSet && ControllerOf(object->metadata) != nullptr) return;
    const std::string why = WhyUnhealthyInWords(*object, state);
    if (why.empty()) return;
    const std::string name = object->metadata.namespace_name + "/" + object->metadata.name;
    lines->push_back((T::kKind == Kind::kPod ? "pod " + name : ToString(object->key())) + ": " +
                     why);
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
  spec.node_name = std::exchange(spec.declared_node_name, "");
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
    for (const std::string_view type :
         {kMemoryPressure, kDiskPressure, kPidPressure, kClockSkewed}) {
      const Condition* trouble = FindCondition(node->status.conditions, type);
      if (trouble == nullptr || trouble->status != ConditionStatus::kTrue) continue;
      notes.push_back("node " + node->metadata.name + ": " + trouble->message);
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
  AddUnhealthy<Deployment>(state, &lines);
  AddUnhealthy<ReplicationController>(state, &lines);
  AddUnhealthy<ReplicaSet>(state, &lines);
  AddUnhealthy<Pod>(state, &lines);
  return lines;
}

}  // namespace reconcile
