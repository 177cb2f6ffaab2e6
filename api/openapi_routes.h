#pragma once

#include <optional>

#include "api/http.h"

namespace reconcile {

// GET /openapi/v3, and a document for each group and version below it: the kinds that are served
// and their fields, derived from the field tables (schema/field_table.h), as `kubectl explain`
// reads them; and GET /openapi/v2, all of it in one document, as JSON and as the protobuf that
// kubectl before 1.24 knows alone. Each is written once, at the first request.
// None for other paths.
std::optional<ApiResponse> HandleOpenApi(const ApiRequest& request);

}  // namespace reconcile
