#pragma once

#include <optional>
#include <string>

#include "api/http.h"
#include "controller/controller.h"

namespace reconcile {

// What people tell about a source by commands. All POST, with `source`; `by` and `reason` say who
// tells it and why:
//   suspend, resume
//   rollback     to: a commit of the history; empty: the last good one. find: "true" only says what
//   it would
//                be. {"commit", "from", "repository"}
//   plan-newest  what applying the commit that was read last would do. {"commit", "modelRevision",
//                "plan"}
//   apply        its body is a saved plan (api/saved_plan.h). It is planned again and compared:
//                Conflict, with a line for each difference, when it would not do what it says.
//                {"commit", "held": of the deletion breaker, when it holds it}
// Nothing when `verb` is none of these. Runs on the controller's loop thread.
std::optional<ApiResponse> HandleOperation(Controller* controller, const ApiRequest& request,
                                           const std::string& verb);

}  // namespace reconcile
