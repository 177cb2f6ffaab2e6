#include "reconciler/scheduler/filters.h"

#include <algorithm>
#include <array>

#include "reconciler/scheduler/node_affinity.h"
#include "reconciler/scheduler/taints.h"

namespace reconcile {
namespace {

constexpr int64_t kMebibyte = 1 << 20;

// "500m" for cpu, "1Gi" for memory. What is free is rounded down, so that it never looks enough.
std::string AmountText(const std::string& resource, int64_t milli) {
  if (resource != "memory" && resource != "ephemeral-storage") {
    return Quantity::FromMilli(milli).ToString();
  }
  int64_t bytes = milli / 1000;
  if (bytes >= kMebibyte) bytes -= bytes % kMebibyte;
  return Quantity::FromUnits(bytes, Quantity::Family::kBinary).ToString();
}

std::string NeedText(const Pod& pod, const std::string& resource) {
  const ResourceList requests = RequestsOf(pod.spec);
  return requests.at(resource).ToString();
}

std::vector<Refusal> RefusedFor(const std::string& kind, const std::string& text) {
  return {{.kind = kind, .text = text}};
}

}  // namespace

std::vector<Refusal> NodeReadyFilter(const PodNeeds&, const NodeUsage& node) {
  if (node.ready) return {};
  return IsRevoked(*node.node) ? RefusedFor("node(s) were revoked", "revoked")
                               : RefusedFor("node(s) were not ready", "not ready");
}

std::vector<Refusal> NodeUnschedulableFilter(const PodNeeds& needs, const NodeUsage& node) {
  static const Taint kTaint = {.key = std::string(kUnschedulableTaint),
                               .value = "",
                               .effect = TaintEffect::kNoSchedule,
                               .time_added = std::nullopt};
  if (!IsUnschedulable(*node.node) || Tolerates(needs.tolerations, kTaint)) return {};
  return RefusedFor("node(s) were unschedulable", "unschedulable");
}

std::vector<Refusal> NodeSelectorFilter(const PodNeeds& needs, const NodeUsage& node) {
  for (const auto& [label, value] : needs.pod->spec.node_selector) {
    const auto found = node.node->metadata.labels.find(label);
    if (found == node.node->metadata.labels.end() || found->second != value) {
      return RefusedFor(kNodeAffinityWords, "label " + label + "=" + value + " not matched");
    }
  }
  return {};
}

std::vector<Refusal> NodePortsFilter(const PodNeeds& needs, const NodeUsage& node) {
  for (const HostPortClaim& claim : needs.host_ports) {
    const auto clashes = [&](const HostPortClaim& taken) {
      const bool meets =
          taken.address.empty() || claim.address.empty() || taken.address == claim.address;
      return taken.protocol == claim.protocol && taken.port == claim.port && meets;
    };
    if (std::any_of(node.host_ports.begin(), node.host_ports.end(), clashes)) {
      return RefusedFor("node(s) didn't have free ports for the requested pod ports",
                        "port " + std::to_string(claim.port) + "/" +
                            std::string(ToString(claim.protocol)) + " of the host taken");
    }
  }
  return {};
}

std::vector<Refusal> FitFilter(const PodNeeds& needs, const NodeUsage& node) {
  std::vector<Refusal> refusals;
  if (node.pods >= node.max_pods) {
    const std::string most = std::to_string(node.max_pods);
    refusals.push_back({.kind = "Too many pods",
                        .text = "has " + std::to_string(node.pods) + " pods of at most " + most});
  }
  for (const auto& [resource, milli] : needs.requests_milli) {
    const int64_t free = node.FreeMilli(resource);
    if (milli <= free) continue;
    refusals.push_back({.kind = "Insufficient " + resource,
                        .text = "needs " + NeedText(*needs.pod, resource) + " " + resource + ", " +
                                AmountText(resource, std::max<int64_t>(free, 0)) + " free"});
  }
  return refusals;
}

std::vector<Refusal> WhyNot(const PodNeeds& needs, const NodeUsage& node) {
  static constexpr std::array<Filter, 7> kFilters = {
      NodeReadyFilter,    NodeUnschedulableFilter, TaintFilter, NodeSelectorFilter,
      NodeAffinityFilter, NodePortsFilter,         FitFilter};
  for (const Filter filter : kFilters) {
    std::vector<Refusal> refusals = filter(needs, node);
    if (!refusals.empty()) return refusals;
  }
  return {};
}

}  // namespace reconcile
