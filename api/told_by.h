#pragma once

#include "api/http.h"
#include "controller/controller.h"

namespace reconcile {

// Who tells something by a request, and why: its `by`, which a user cannot choose, and its
// `reason`. Of Kubernetes' clients the field manager says it, as "kubectl-rollout".
inline Controller::Told ToldBy(const ApiRequest& request) {
  return {request.Query("by"), request.Query("reason", request.Query("fieldManager"))};
}

}  // namespace reconcile
