#include "schema/sets.h"

#include "base/check.h"

namespace reconcile {

std::string_view ToString(PodManagementPolicy policy) {
  switch (policy) {
    case PodManagementPolicy::kOrderedReady:
      return "OrderedReady";
    case PodManagementPolicy::kParallel:
      return "Parallel";
  }
  CHECK(false);
}

std::string_view ToString(SetUpdateType type) {
  switch (type) {
    case SetUpdateType::kRollingUpdate:
      return "RollingUpdate";
    case SetUpdateType::kOnDelete:
      return "OnDelete";
  }
  CHECK(false);
}

std::string_view ToString(ClaimRetention retention) {
  switch (retention) {
    case ClaimRetention::kRetain:
      return "Retain";
    case ClaimRetention::kDelete:
      return "Delete";
  }
  CHECK(false);
}

}  // namespace reconcile
