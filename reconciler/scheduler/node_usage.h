#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "schema/affinity.h"
#include "schema/cluster_state.h"
#include "schema/core.h"
#include "schema/pod_affinity.h"
#include "schema/tolerations.h"
#include "schema/topology_spread.h"

namespace reconcile {

// Scoring assumes this much for a container that requests nothing; fit never does (SEMANTICS 19.3).
inline constexpr int64_t kAssumedCpuMilli = 100;
inline constexpr int64_t kAssumedMemoryBytes = 200'000'000;
// Pods on a node whose agent does not say how many it takes (SEMANTICS 8.12).
inline constexpr int64_t kDefaultMaxPods = 110;

// A port of the host's own that a pod takes; an empty address is all of them.
struct HostPortClaim {
  Protocol protocol = Protocol::kTcp;
  int32_t port = 0;
  std::string address;
  friend auto operator<=>(const HostPortClaim&, const HostPortClaim&) = default;
};

// Tells one image from another: a hash of its name as engines list it (schema/images.h).
using ImageId = uint64_t;

// What a pod asks of a node. Amounts in thousandths, so that they add exactly.
struct PodNeeds {
  const Pod* pod = nullptr;
  std::map<std::string, int64_t> requests_milli;
  int64_t scored_cpu_milli = 0;
  int64_t scored_memory_bytes = 0;
  std::string siblings;  // uid of the controller; empty for a bare pod
  std::vector<HostPortClaim> host_ports;
  std::vector<ImageId> images;                      // of each container
  std::shared_ptr<const PodAffinities> affinities;  // null: says nothing of other pods
  // Of a pod that is to be placed alone: what is asked of the node while it is chosen.
  std::optional<NodeAffinity> node_affinity;
  std::vector<TopologySpread> spreads;
  bool is_best_effort = true;
  std::vector<Toleration> tolerations;  // with what Kubernetes adds for pods that are not
};
PodNeeds NeedsOf(const Pod& pod);         // on a node
PodNeeds PendingNeedsOf(const Pod& pod);  // of a pod that is to be placed

// What is on a node and what is free there.
struct NodeUsage {
  const Node* node = nullptr;
  bool ready = false;
  std::vector<Taint> pressures;  // of its conditions, besides the node's own
  int64_t max_pods = kDefaultMaxPods;
  int64_t pods = 0;
  std::map<std::string, int64_t> allocatable_milli;
  std::map<std::string, int64_t> requested_milli;
  int64_t scored_cpu_milli = 0;
  int64_t scored_memory_bytes = 0;
  std::unordered_map<std::string, int> siblings;  // pods by their controller's uid, going ones not

  std::set<HostPortClaim> host_ports;
  // By their names, those that it reports with their bytes and those that its pods use with 0.
  std::vector<std::pair<ImageId, int64_t>> images;
  std::vector<std::shared_ptr<const PodAffinities>> affinities;  // of its pods that have some

  int64_t FreeMilli(const std::string& resource) const;
  int SiblingsOf(const PodNeeds& needs) const;
  void Add(const PodNeeds& needs);
};

// One node without its pods.
NodeUsage EmptyUsageOf(const Node& node);
// One node with the pods that are bound to it, as in UsageOf.
NodeUsage UsageOfNode(const Node& node, const ClusterState& state);
// Every node with the pods that are bound to it; terminal pods hold nothing, going ones still do
// (SEMANTICS 19.5). Ordered by name. Refers to `state`, which must outlive it.
std::vector<NodeUsage> UsageOf(const ClusterState& state);

}  // namespace reconcile
