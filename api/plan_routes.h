#pragma once

#include <optional>

#include "api/http.h"
#include "api/plan_desk.h"
#include "controller/controller.h"

namespace reconcile {

// POST /apis/reconcile.dev/v1/plan?source=S: what applying the files in its body would do, answered
// as {"modelRevision", "plan": EncodePlan}, or {"need": [...]}. Loop thread only, which is held for
// the time of planning: for the owner of the local socket.
ApiResponse HandlePlan(Controller* controller, const ApiRequest& request);

// The same and `plan-newest` (api/operation_routes.h), asked over the network: made at the desk.
// Nothing for other requests.
std::optional<ApiResponse> HandlePlanOfUser(Controller* controller, PlanDesk* desk,
                                            const ApiRequest& request);

}  // namespace reconcile
