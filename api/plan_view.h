#pragma once

#include <string>

#include "base/value.h"
#include "controller/controller.h"

namespace reconcile {

// What `reconcile --dry-run` shows, from one answer. JSON: {"errors": [...], "warnings": [...],
// "changes": [...], "pods": [...], "held": {...}, "summary": {...}}; docs/cli.md describes it.
Value EncodePlan(const Controller::PlanAnswer& answer);

struct PlanTextOptions {
  bool color = false;
};
// The same for a terminal. Text from outside is escaped (FAULTS 22).
std::string PlanText(const Controller::PlanAnswer& answer, const PlanTextOptions& options);

// True when the commit would change nothing: no object and no pod.
bool IsNoChange(const Controller::PlanAnswer& answer);

}  // namespace reconcile
