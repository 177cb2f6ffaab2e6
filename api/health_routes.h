#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/http.h"

namespace reconcile {

// One thing that has to be well. `why_not` is empty when it is.
struct HealthCheck {
  std::string name;
  std::string why_not = {};
  bool for_life = false;  // a restart would help: it counts for /healthz and /livez too
};

// GET /healthz, /livez and /readyz as Kubernetes has them: "ok", or 500 with the checks; the checks
// by name with ?verbose, and each alone at /readyz/NAME. ?exclude=NAME passes over one. None for
// other paths, for which `look` is not called.
std::optional<ApiResponse> HandleHealth(const ApiRequest& request,
                                        const std::function<std::vector<HealthCheck>()>& look);

}  // namespace reconcile
