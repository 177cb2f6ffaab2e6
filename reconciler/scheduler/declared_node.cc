#include "reconciler/scheduler/declared_node.h"

#include <algorithm>
#include <array>

#include "reconciler/scheduler/node_affinity.h"
#include "reconciler/scheduler/taints.h"

namespace reconcile {
namespace {

// Nodes are cleared for good: what is bound to one again would be taken away again.
std::vector<Refusal> DrainFilter(const PodNeeds&, const NodeUsage& node) {
  if (!node.node->status.drain) return {};
  return {{.kind = "it is being drained", .text = "it is being drained"}};
}

std::vector<Refusal> NoExecuteFilter(const PodNeeds& needs, const NodeUsage& node) {
  for (const Taint& taint : node.node->spec.taints) {
    if (taint.effect != TaintEffect::kNoExecute || Tolerates(needs.tolerations, taint)) continue;
    const std::string text = "it has the untolerated taint " + ToString(taint);
    return {{.kind = text, .text = text}};
  }
  return {};
}

}  // namespace

std::vector<Refusal> WhyNotAdmitted(const PodNeeds& needs, const NodeUsage& node) {
  static constexpr std::array<Filter, 7> kFilters = {
      NodeReadyFilter,    DrainFilter,     NoExecuteFilter, NodeSelectorFilter,
      NodeAffinityFilter, NodePortsFilter, FitFilter};
  for (const Filter filter : kFilters) {
    std::vector<Refusal> refusals = filter(needs, node);
    if (!refusals.empty()) return refusals;
  }
  return {};
}

void ExplainDeclared(const NodeUsage* node, Binding* binding) {
  const std::string& name = binding->pod->spec.declared_node_name;
  if (node == nullptr) {
    binding->refusal = "spec.nodeName says " + name + ", and there is no such node";
    binding->explanation = binding->refusal + ": it waits until a host of that name has joined";
    return;
  }
  std::vector<Refusal> refusals = WhyNotAdmitted(PendingNeedsOf(*binding->pod), *node);
  if (refusals.empty()) {
    refusals.push_back({.kind = "it takes it now", .text = "it takes it now"});
  }
  binding->refusal = "spec.nodeName says " + name;
  binding->explanation = binding->refusal;
  const char* separator = ", which does not admit it: ";
  for (const Refusal& refusal : refusals) {
    binding->refusal += separator + refusal.kind;
    binding->explanation += separator + refusal.text;
    separator = ", ";
  }
}

}  // namespace reconcile
