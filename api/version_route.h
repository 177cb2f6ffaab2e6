#pragma once

#include "api/http.h"

namespace reconcile {

// GET /version. The Kubernetes version is the one whose API this follows: clients compare it with
// their own. Everything else is of this program.
ApiResponse VersionRoute();

}  // namespace reconcile
