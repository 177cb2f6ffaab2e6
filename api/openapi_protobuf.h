#pragma once

#include <string>

#include "base/value.h"

namespace reconcile {

// PURE: an OpenAPI document of version 2 as protobuf, the form in which kubectl asks for it. It
// takes the members that our documents have (api/openapi_routes.cc). Source of the field numbers:
// google/gnostic, openapiv2/OpenAPIv2.proto.
std::string WriteOpenApiProtobuf(const Value& document);

}  // namespace reconcile
