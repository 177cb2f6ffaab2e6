#pragma once

#include "api/http.h"
#include "api/served_kinds.h"
#include "controller/controller.h"

namespace reconcile {

// Pods that people take away; whoever made them makes others. Both run on the controller's loop
// thread.

// DELETE of a pod, answered with it, or with a Status where it went at once; or of all that the
// request's selectors name, answered with their list.
ApiResponse HandlePodDeletion(Controller* controller, const ResourcePath& path,
                              const ApiRequest& request, Now now);

// POST of pods/NAME/eviction: as DELETE, when the pod's PodDisruptionBudgets allow it, else 429
// with what the budget needs.
ApiResponse HandleEviction(Controller* controller, const ResourcePath& path,
                           const ApiRequest& request, Now now);

}  // namespace reconcile
