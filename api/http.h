#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "api/user.h"
#include "link/agent_link.h"

namespace reconcile {

// A request as the routes see it: no socket, so that tests and the simulator call routes directly.
struct ApiRequest {
  std::string method;  // "GET", "POST"
  std::string path;    // decoded, without the query
  std::map<std::string, std::string> query;
  std::string accept;  // the Accept header
  std::string body;
  std::string content_type;     // of the body, in lower case and without parameters
  std::optional<ApiUser> user;  // who asks over TLS; none: the owner of the local socket
  std::string remote_address;   // from where, over TLS

  std::string Query(const std::string& name, const std::string& fallback = "") const {
    const auto found = query.find(name);
    return found == query.end() ? fallback : found->second;
  }
};

// Starts the stream of a response; called once, on the loop. What it says before it returns, as a
// watch's replay of what there is, is not held against a slow reader.
using StreamStart = std::function<StreamHandle(LogSink)>;

struct ApiResponse {
  int code = 200;
  std::string content_type = "application/json";
  std::string body;
  StreamStart stream;  // when set, the body is what the stream brings
  // Of a stream that may be quiet from its beginning, as a watch is: the answer's head is not held
  // back until the first word.
  bool begins_at_once = false;
  // The last words to a reader that takes nothing while a stream without credits goes on.
  std::string too_slow;
  int retry_after_s = 0;  // for 429
};

}  // namespace reconcile
