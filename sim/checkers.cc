#include "sim/checkers.h"

#include "schema/core.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

constexpr size_t kMaxViolations = 20;

std::string LabelOf(const ContainerInfo& container, std::string_view label) {
  const auto found = container.labels.find(std::string(label));
  return found == container.labels.end() ? "" : found->second;
}

// "uid/container"; empty for a container that is not a pod's.
std::string SlotOf(const ContainerInfo& container) {
  const std::string uid = LabelOf(container, kLabelPodUid);
  return uid.empty() ? "" : uid + "/" + LabelOf(container, kLabelContainer);
}

// "Deployment web" for a pod of its ReplicaSets, "Pod x" for a bare one.
std::string WorkloadOf(const Pod& pod, const ClusterState& state) {
  const OwnerReference* owner = ControllerOf(pod.metadata);
  if (owner == nullptr) return "Pod " + pod.metadata.name;
  if (owner->kind != "ReplicaSet") return owner->kind + " " + owner->name;
  const auto set = state.Find<ReplicaSet>(pod.metadata.namespace_name, owner->name);
  const OwnerReference* top = set == nullptr ? nullptr : ControllerOf(set->metadata);
  return top == nullptr ? "ReplicaSet " + owner->name : top->kind + " " + top->name;
}

// Slots that should run, each with its node.
std::map<std::string, std::string> WantedSlots(const ClusterState& state) {
  std::map<std::string, std::string> wanted;
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    for (const Container& container : pod->spec.containers) {
      wanted[pod->metadata.uid + "/" + container.name] = pod->spec.node_name;
    }
    wanted[pod->metadata.uid + "/" + std::string(kSandboxContainer)] = pod->spec.node_name;
  });
  return wanted;
}

}  // namespace

void DoubleChecker::OnChange(const std::string& host, const FakeChange& change, MonoTime now) {
  const std::string slot = SlotOf(change.container);
  if (slot.empty()) return;
  std::set<std::string>& ids = live_[slot];
  if (change.what == "start") {
    ids.insert(change.container.id);
    if (ids.size() > 1 && violations_.size() < kMaxViolations) {
      violations_.push_back("at " + std::to_string(now.ms) + " ms on " + host + ": " +
                            std::to_string(ids.size()) + " live containers of " + slot + " (" +
                            change.container.name + ")");
    }
  } else if (change.what == "die" || change.what == "destroy") {
    ids.erase(change.container.id);
  }
}

std::vector<std::string> CheckRunning(const ClusterState& state,
                                      const std::map<std::string, int>& declared,
                                      const std::vector<HostContainers>& hosts) {
  std::vector<std::string> violations;
  std::map<std::string, int> pods;
  state.ForEach<Pod>(
      [&](const std::shared_ptr<const Pod>& pod) { ++pods[WorkloadOf(*pod, state)]; });
  for (const auto& [workload, replicas] : declared) {
    if (pods[workload] != replicas) {
      violations.push_back(workload + ": " + std::to_string(replicas) + " declared, " +
                           std::to_string(pods[workload]) + " pods in the model");
    }
    pods.erase(workload);
  }
  for (const auto& [workload, count] : pods) {
    violations.push_back(workload + ": not declared, " + std::to_string(count) + " pods");
  }
  std::map<std::string, std::string> wanted = WantedSlots(state);
  for (const HostContainers& host : hosts) {
    for (const ContainerInfo& container : host.containers) {
      if (container.state != ContainerRunState::kRunning) continue;
      const auto slot = wanted.find(SlotOf(container));
      if (slot == wanted.end() || slot->second != host.host) {
        violations.push_back(host.host + ": runs " + container.name + ", which nothing declares");
      } else {
        wanted.erase(slot);
      }
    }
  }
  for (const auto& [slot, node] : wanted) {
    violations.push_back(node + ": does not run " + slot);
  }
  return violations;
}

}  // namespace reconcile
