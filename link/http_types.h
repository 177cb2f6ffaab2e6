#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "schema/object.h"

namespace reconcile {

// A request that came to the controller's port, for a handler that knows nothing of sockets.
struct LinkHttpRequest {
  std::string method;
  std::string path;            // without a query
  std::string remote_address;  // without the port
  StringMap headers;           // lower-case names; repeated ones joined by ", "
  std::string body;
};
struct LinkHttpResponse {
  int code = 200;
  std::string content_type = "text/plain";
  std::string body;
};
// Called on the controller's loop; `answer` may be called from any thread, once. A handler that
// forgets it leaves the request to its time-out.
using LinkHttpHandler =
    std::function<void(LinkHttpRequest, std::function<void(LinkHttpResponse)> answer)>;

// Messages over the connections that one end has open now, as its loop sees them: received is what
// a handler was given, sent is what was handed to the transport.
struct LinkTraffic {
  size_t connections = 0;
  size_t opening = 0;  // streams asked for that are no connection yet
  uint64_t sent = 0;
  uint64_t received = 0;
};

}  // namespace reconcile
