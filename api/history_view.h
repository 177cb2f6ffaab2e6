#pragma once

#include <vector>

#include "base/value.h"
#include "controller/controller.h"

namespace reconcile {

// PURE. {"items": [{"revision", "source", "result", "inForce", "message", "author", "subject",
// "committedAt", "at", "changes", "outcome", "timing"}]}, newest first. `changes` {"created",
// "changed", "deleted"} and `outcome` {"result", "at", "tookMs", "podsStarted", "podsStopped"} are
// those of schema/core.h. `timing` is missing where it is not known; it has
// {"stages": [{"name", "atMs", "tookMs", "sharePercent", "medianMs"}], "totalMs", "pod", "node",
// "pods", "podsReady", "ended", "note"}.
Value EncodeHistory(const std::vector<Controller::HistoryEntry>& entries);

}  // namespace reconcile
