#include "reconciler/scheduler/taints.h"

namespace reconcile {

std::vector<Refusal> TaintFilter(const PodNeeds& needs, const NodeUsage& node) {
  for (const Taint& taint : node.node->spec.taints) {
    if (taint.effect == TaintEffect::kPreferNoSchedule || Tolerates(needs.tolerations, taint)) {
      continue;
    }
    // kube-scheduler's words: people search for them.
    const std::string text = "node(s) had untolerated taint " + ToString(taint);
    return {{text, text}};
  }
  return {};
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
