#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/value.h"

namespace reconcile {

// What `reconcile --dry-run --save` writes and `reconcile apply` takes (docs/cli.md describes the
// form). All PURE.
struct SavedPlan {
  std::string source;
  std::string commit;
  int64_t model_revision = 0;  // for people: a plan holds as long as it says the same
  std::string plan_hash;       // PlanHashOf(plan)
  Value plan;                  // EncodePlan
};

inline constexpr int64_t kSavedPlanVersion = 1;
inline constexpr size_t kMaxSavedPlanBytes = 64 << 20;
inline constexpr std::string_view kWorkTreeCommit = "worktree";  // of manifests in no commit

std::string WriteSavedPlan(const SavedPlan& plan);
// Invalid when it is none, is of another version, was changed since it was written, or is of a
// work tree, which has no commit that could be applied.
Result<SavedPlan> ReadSavedPlan(std::string_view text);

// Of what a plan promises: changes of objects, pods with their hosts, what the breaker holds. Not
// of warnings, explanations and loads.
std::string PlanHashOf(const Value& plan);

// A line for each promise in which `now` is not what `saved` says; at most kMaxPlanDifferences and
// one that counts the rest. Empty exactly when their hashes are the same.
std::vector<std::string> PlanDifferences(const Value& saved, const Value& now);
inline constexpr size_t kMaxPlanDifferences = 20;

}  // namespace reconcile
