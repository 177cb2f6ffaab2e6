#include "schema/job.h"

#include "base/check.h"

namespace reconcile {

std::string_view ToString(CompletionMode mode) {
  switch (mode) {
    case CompletionMode::kNonIndexed:
      return "NonIndexed";
    case CompletionMode::kIndexed:
      return "Indexed";
  }
  CHECK(false);
}

std::string_view ToString(ConcurrencyPolicy policy) {
  switch (policy) {
    case ConcurrencyPolicy::kAllow:
      return "Allow";
    case ConcurrencyPolicy::kForbid:
      return "Forbid";
    case ConcurrencyPolicy::kReplace:
      return "Replace";
  }
  CHECK(false);
}

}  // namespace reconcile
