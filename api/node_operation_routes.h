#pragma once

#include <optional>
#include <string>

#include "api/http.h"
#include "controller/controller.h"

namespace reconcile {

// What people tell about a node by commands. All POST, with `node`; `by` and `reason` say who tells
// it and why:
//   cordon, uncordon
//   drain         force, ignoreDaemonSets, deleteEmptyDirData: "true" or not; timeoutMs: when it is
//                 given up, never without it
//   drain-status  the same flags. {"draining", "unschedulable",
//                 "pods": [{"pod", "why", "blocked"}]}: what has to leave yet
// Nothing when `verb` is none of these. Runs on the controller's loop thread.
std::optional<ApiResponse> HandleNodeOperation(Controller* controller, const ApiRequest& request,
                                               const std::string& verb, Now now);

}  // namespace reconcile
