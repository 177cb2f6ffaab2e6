#pragma once

#include <vector>

#include "base/value.h"
#include "controller/controller.h"

namespace reconcile {

// PURE. {"items": [{"revision", "source", "result", "inForce", "message", "author", "subject",
// "committedAt", "at", "timing"}]}, newest first. `timing` is missing where it is not known; it has
// {"stages": [{"name", "atMs", "tookMs", "sharePercent", "medianMs"}], "totalMs", "pod", "node",
// "pods", "podsReady", "ended", "note"}.
Value EncodeHistory(const std::vector<Controller::HistoryEntry>& entries);

}  // namespace reconcile
