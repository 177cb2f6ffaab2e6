#include "reconciler/scheduler/node_usage.h"

#include <algorithm>
#include <limits>

#include "base/ids.h"
#include "schema/images.h"
#include "schema/sidecar.h"

namespace reconcile {
namespace {

// Requests come from manifests: their sum may pass int64's end, and then fits nowhere.
void AddTo(int64_t* sum, int64_t amount) {
  if (__builtin_add_overflow(*sum, amount, sum)) *sum = std::numeric_limits<int64_t>::max();
}

bool Requests(const Container& container, const std::string& resource) {
  const auto nonzero = [&](const ResourceList& list) {
    const auto found = list.find(resource);
    return found != list.end() && !found->second.IsZero();
  };
  return nonzero(container.resources.requests) || nonzero(container.resources.limits);
}

// As QosClassOf has it.
bool IsBestEffort(const PodSpec& spec) {
  const std::vector<const Container*> all = AllContainersOf(spec);
  return std::none_of(all.begin(), all.end(), [](const Container* container) {
    return Requests(*container, "cpu") || Requests(*container, "memory");
  });
}

int64_t MilliOf(const std::map<std::string, int64_t>& amounts, const std::string& resource) {
  const auto found = amounts.find(resource);
  return found == amounts.end() ? 0 : found->second;
}

// With the host's network every port that is declared is the host's (SEMANTICS 19).
void AddHostPorts(const PodSpec& spec, std::vector<HostPortClaim>* claims) {
  for (const Container* container : LastingContainersOf(spec)) {
    for (const ContainerPort& port : container->ports) {
      const int32_t number = spec.host_network ? port.container_port : port.host_port;
      const bool is_any = port.host_ip == "0.0.0.0" || spec.host_network;
      if (number != 0) claims->push_back({port.protocol, number, is_any ? "" : port.host_ip});
    }
  }
}

}  // namespace

PodNeeds NeedsOf(const Pod& pod) {
  PodNeeds needs;
  needs.pod = &pod;
  for (const auto& [resource, quantity] : RequestsOf(pod.spec)) {
    if (!quantity.IsZero()) needs.requests_milli[resource] = quantity.Milli();
  }
  needs.scored_cpu_milli = MilliOf(needs.requests_milli, "cpu");
  needs.scored_memory_bytes = MilliOf(needs.requests_milli, "memory") / 1000;
  for (const Container* container : LastingContainersOf(pod.spec)) {
    if (!Requests(*container, "cpu")) AddTo(&needs.scored_cpu_milli, kAssumedCpuMilli);
    if (!Requests(*container, "memory")) AddTo(&needs.scored_memory_bytes, kAssumedMemoryBytes);
  }
  if (const OwnerReference* owner = ControllerOf(pod.metadata)) needs.siblings = owner->uid;
  AddHostPorts(pod.spec, &needs.host_ports);
  for (const Container* container : AllContainersOf(pod.spec)) {
    needs.images.push_back(Fnv1a64(ListedImage(container->image)));
  }
  needs.affinities = PodAffinitiesOf(pod);
  return needs;
}

PodNeeds PendingNeedsOf(const Pod& pod) {
  PodNeeds needs = NeedsOf(pod);
  needs.node_affinity = NodeAffinityOf(pod.spec);
  needs.spreads = TopologySpreadsOf(pod.spec, pod.metadata.labels);
  needs.tolerations = TolerationsOf(pod.spec);
  needs.is_best_effort = IsBestEffort(pod.spec);
  if (!needs.is_best_effort) needs.tolerations.push_back(MemoryPressureToleration());
  return needs;
}

int64_t NodeUsage::FreeMilli(const std::string& resource) const {
  return MilliOf(allocatable_milli, resource) - MilliOf(requested_milli, resource);
}

int NodeUsage::SiblingsOf(const PodNeeds& needs) const {
  const auto found = siblings.find(needs.siblings);
  return found == siblings.end() ? 0 : found->second;
}

void NodeUsage::Add(const PodNeeds& needs) {
  ++pods;
  for (const auto& [resource, milli] : needs.requests_milli) {
    AddTo(&requested_milli[resource], milli);
  }
  AddTo(&scored_cpu_milli, needs.scored_cpu_milli);
  AddTo(&scored_memory_bytes, needs.scored_memory_bytes);
  if (needs.affinities) affinities.push_back(needs.affinities);
  host_ports.insert(needs.host_ports.begin(), needs.host_ports.end());
  for (const ImageId image : needs.images) images.emplace_back(image, 0);
  if (!needs.siblings.empty() && IsActive(*needs.pod)) ++siblings[needs.siblings];
}

NodeUsage EmptyUsageOf(const Node& node) {
  NodeUsage usage;
  usage.node = &node;
  usage.ready = IsReady(node);
  usage.pressures = PressureTaintsOf(node);
  for (const auto& [resource, quantity] : node.status.allocatable) {
    if (resource == "pods") {
      usage.max_pods = quantity.Units();
    } else {
      usage.allocatable_milli[resource] = quantity.Milli();
    }
  }
  for (const ContainerImage& image : node.status.images) {
    for (const std::string& name : image.names) {
      usage.images.emplace_back(Fnv1a64(name), image.size_bytes);
    }
  }
  return usage;
}

NodeUsage UsageOfNode(const Node& node, const ClusterState& state) {
  NodeUsage usage = EmptyUsageOf(node);
  state.pods_by_node().ForEach(node.metadata.name, [&](const ObjectKey& key) {
    const auto pod = As<Pod>(state.Find(key));
    if (!IsTerminal(*pod)) usage.Add(NeedsOf(*pod));
  });
  return usage;
}

std::vector<NodeUsage> UsageOf(const ClusterState& state) {
  std::vector<NodeUsage> nodes;
  state.ForEach<Node>(
      [&](const std::shared_ptr<const Node>& node) { nodes.push_back(UsageOfNode(*node, state)); });
  return nodes;
}

}  // namespace reconcile
