#pragma once

#include <string>

#include "api/http.h"
#include "controller/controller.h"

namespace reconcile {

// Every route of the local API, on Kubernetes' paths where Kubernetes has one:
//   GET  /healthz, /version
//   GET  /api/v1/..., /apis/apps/v1/..., /apis/reconcile.dev/v1/...   list and get; Accept with
//   as=Table gives a Table GET  /api/v1/namespaces/NS/pods/POD/log follow, previous, container,
//   tailLines, timestamps GET  /apis/reconcile.dev/v1/status sources, what is not converged and why
//   GET  /apis/reconcile.dev/v1/history the last commits of each source (source), and their timing
//   POST /apis/reconcile.dev/v1/{plan-newest,apply,suspend,resume,rollback} api/operation_routes.h
//   POST /apis/reconcile.dev/v1/{cordon,uncordon,drain,drain-status} api/node_operation_routes.h
//   POST /apis/reconcile.dev/v1/{sync,confirm,accept-host-key,remove-node,plan,secrets/rotate}
// Errors are Kubernetes Status objects. Runs on the controller's loop thread.
ApiResponse HandleApi(Controller* controller, const ApiRequest& request, Now now);

// A Kubernetes Status object for a failure.
ApiResponse ErrorResponse(const Status& status);
// One for success, with what else `more`, a map, says.
ApiResponse SuccessResponse(Value more = Value::MakeMap());
// Either.
ApiResponse ResponseOf(const Status& status);

}  // namespace reconcile
