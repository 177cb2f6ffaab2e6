#pragma once

#include "base/value.h"
#include "cmd/plan_lines.h"

namespace reconcile {

// The plan's section "Network": what clients reach Services and hosts by, as it comes, changes and
// goes. Nothing when nothing of it does.
inline constexpr size_t kMostNetworkLines = 50;
void WriteNetwork(const Value& plan, PlanLines* lines);

}  // namespace reconcile
