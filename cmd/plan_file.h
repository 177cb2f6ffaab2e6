#pragma once

#include <string>

#include "api/saved_plan.h"

namespace reconcile {

// Writes a plan for `reconcile apply`, with mode 0600, whole or not at all, in place of what was
// there.
Status WritePlanFile(const std::string& path, const SavedPlan& plan);
// Its text, once it is seen to be a saved plan. Invalid when it is none or cannot be read.
struct PlanFile {
  std::string text;
  SavedPlan plan;
};
Result<PlanFile> ReadPlanFile(const std::string& path);

}  // namespace reconcile
