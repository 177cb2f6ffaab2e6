#pragma once

#include <map>
#include <string>
#include <string_view>

#include "api/http.h"
#include "base/status.h"

namespace reconcile {

// PURE: the path and query of a request's target into `request`, decoded. Invalid for what two
// readers might take for different paths: broken escapes, "//", ".", "..", an escaped "/",
// control characters.
Status ReadRequestTarget(std::string_view target, ApiRequest* request);

// PURE: what its headers (lower-case names) say that the connection is to become, into `request`.
// `is_websocket`: they are a WebSocket's, whole.
void ReadUpgrade(const std::map<std::string, std::string>& headers, bool is_websocket,
                 ApiRequest* request);

// What kinds of body routes read.
bool IsKnownBodyType(std::string_view content_type);
// "application/json" of "Application/JSON; charset=utf-8".
std::string MediaTypeOf(std::string_view header);

}  // namespace reconcile
