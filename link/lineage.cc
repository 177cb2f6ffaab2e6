#include "link/lineage.h"

namespace reconcile {

// Lengths keep the parts apart whatever is in them.
std::string LineageText(const LineageClaim& claim) {
  std::string text = "reconcile lineage 1\n";
  for (const std::string& part :
       {claim.cluster_id, claim.lineage, std::to_string(claim.began_at_ms)}) {
    text += std::to_string(part.size()) + ":" + part + "\n";
  }
  return text;
}

}  // namespace reconcile
