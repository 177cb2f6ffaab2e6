#pragma once

#include <optional>

#include "api/http.h"
#include "api/served_kinds.h"
#include "controller/controller.h"

namespace reconcile {

// Every request on `path` that is no GET, as Kubernetes' clients send them. What a person may tell
// becomes an operation of the controller, with who, when and why:
//   PATCH, PUT of a node          that changes spec.unschedulable alone: cordon, uncordon
//   PATCH, PUT of a Deployment    that sets the template's annotation restartedAt alone: restart
//   DELETE of a pod, of pods      and POST of its eviction, as budgets allow
// Everything else is Git's: 403 with its place there (api/git_refusals.h). With `dryRun=All` it is
// answered what the object would be if that was committed (api/would_be.h); nothing is changed. Who
// may ask at all was decided before. Runs on the controller's loop thread.
ApiResponse HandleWrite(Controller* controller, const ResourcePath& path, const ApiRequest& request,
                        Now now);

// POST /apis/reconcile.dev/v1/restart of the command line: `namespace`, `deployment`; `by` and
// `reason` say who tells it and why. Nothing for other verbs.
std::optional<ApiResponse> HandleWorkloadOperation(Controller* controller,
                                                   const ApiRequest& request,
                                                   const std::string& verb);

}  // namespace reconcile
