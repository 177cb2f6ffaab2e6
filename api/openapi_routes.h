#pragma once

#include <optional>

#include "api/http.h"

namespace reconcile {

// GET /openapi/v3, and a document for each group and version below it: the kinds that are served
// and their fields, derived from the field tables (schema/field_table.h), as `kubectl explain`
// reads them. /openapi/v2 is there and names no kinds: clients that need it say so and go on.
// None for other paths.
std::optional<ApiResponse> HandleOpenApi(const ApiRequest& request);

}  // namespace reconcile
