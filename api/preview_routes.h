#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/http.h"
#include "api/plan_desk.h"
#include "controller/controller.h"

namespace reconcile {

// What another revision, or manifests that somebody has at hand, would do to the cluster, for the
// page:
//   GET  /apis/reconcile.dev/v1/preview?source=S&revision=BRANCH
//   POST /apis/reconcile.dev/v1/preview?source=S    {"manifests": "YAML"}
// Both answer {"commit", "text": as the command line shows it, "plan": EncodePlan}, or a Status.
// Nothing for other requests. `write_text` makes the text of an EncodePlan, on another thread. Loop
// thread only, and what it does there is little: the plan is made at the desk.
std::optional<ApiResponse> HandlePreview(
    Controller* controller, PlanDesk* desk, const ApiRequest& request,
    const std::function<std::string(const Value&)>& write_text);

}  // namespace reconcile
