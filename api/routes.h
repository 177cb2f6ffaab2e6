#pragma once

#include <string>

#include "api/http.h"
#include "api/resource_reads.h"
#include "controller/controller.h"

namespace reconcile {

// Every route of the API, on Kubernetes' paths where Kubernetes has one:
//   GET  /healthz, /livez, /readyz, /version, discovery (api/discovery_routes.h), /openapi/v3
//   GET  /api/v1/..., /apis/GROUP/VERSION/...   get, list and watch (api/resource_reads.h)
//   PATCH, PUT, POST, DELETE of the same    operations, or refused as Git's (api/write_routes.h)
//   GET  /apis/metrics.k8s.io/v1beta1/...       what nodes and pods use (api/metrics_routes.h)
//   GET  /apis/reconcile.dev/v1/usage likewise, with its course (api/usage_view.h)
//   GET  /api/v1/namespaces/NS/pods/POD/log follow, previous, container, tailLines, timestamps
//   GET  /api/v1/namespaces/NS/pods/POD/{exec,attach,portforward}   api/pod_connection_routes.h
//   GET  /apis/reconcile.dev/v1/status sources, what is not converged and why
//   GET  /apis/reconcile.dev/v1/history the last commits of each source (source), and their timing
//   POST /apis/reconcile.dev/v1/{plan-newest,apply,suspend,resume,rollback} api/operation_routes.h
//   POST /apis/reconcile.dev/v1/{cordon,uncordon,drain,drain-status} api/node_operation_routes.h
//   POST /apis/reconcile.dev/v1/restart api/write_routes.h
//   POST /apis/reconcile.dev/v1/{sync,confirm,accept-host-key,remove-node,plan,secrets/rotate}
// Errors are Kubernetes Status objects. Runs on the controller's loop thread.
ApiResponse HandleApi(Controller* controller, ResourceReads* reads, const ApiRequest& request,
                      Now now);

// What GET .../status answers: the sources, what is not converged and why. Who follows it, as pages
// do, is told again and again: of the sources' history the commit in force alone.
enum class StatusFor { kAsked, kFollowed };
std::string WriteClusterStatus(const Controller& controller, StatusFor reader);

// A Kubernetes Status object for a failure.
ApiResponse ErrorResponse(const Status& status);
// One for success, with what else `more`, a map, says.
ApiResponse SuccessResponse(Value more = Value::MakeMap());
// Either.
ApiResponse ResponseOf(const Status& status);

}  // namespace reconcile
