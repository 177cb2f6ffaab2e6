#include "reconciler/scheduler/taints.h"

#include <algorithm>

namespace reconcile {

namespace {

const Taint* FirstInTheWay(const std::vector<Toleration>& tolerations,
                           const std::vector<Taint>& taints) {
  const auto found = std::find_if(taints.begin(), taints.end(), [&](const Taint& taint) {
    return taint.effect != TaintEffect::kPreferNoSchedule && !Tolerates(tolerations, taint);
  });
  return found == taints.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Refusal> TaintFilter(const PodNeeds& needs, const NodeUsage& node) {
  const Taint* taint = FirstInTheWay(needs.tolerations, node.node->spec.taints);
  if (taint == nullptr) taint = FirstInTheWay(needs.tolerations, node.pressures);
  if (taint == nullptr) return {};
  // kube-scheduler's words: people search for them.
  const std::string text = "node(s) had untolerated taint " + ToString(*taint);
  return {{text, text}};
}

int64_t AvoidedTaints(const PodNeeds& needs, const NodeUsage& node) {
  int64_t avoided = 0;
  for (const Taint& taint : node.node->spec.taints) {
    const bool counts = taint.effect == TaintEffect::kPreferNoSchedule;
    if (counts && !Tolerates(needs.tolerations, taint)) ++avoided;
  }
  return avoided;
}

int64_t TaintScore(int64_t avoided, int64_t most) {
  return most <= 0 ? kMaxScore : kMaxScore - avoided * kMaxScore / most;
}

}  // namespace reconcile
