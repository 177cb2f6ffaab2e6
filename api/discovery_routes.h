#pragma once

#include <optional>

#include "api/http.h"

namespace reconcile {

// GET /api, /apis, /apis/GROUP, /api/v1 and /apis/GROUP/VERSION: which kinds are served, and how
// (api/served_kinds.h). /api and /apis as aggregated documents, too, for clients that ask for
// them. None for other paths.
std::optional<ApiResponse> HandleDiscovery(const ApiRequest& request);

}  // namespace reconcile
