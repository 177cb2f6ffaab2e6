#pragma once

#include <functional>
#include <map>
#include <string>

#include "link/agent_link.h"

namespace reconcile {

// A request as the routes see it: no socket, so that tests and the simulator call routes directly.
struct ApiRequest {
  std::string method;  // "GET", "POST"
  std::string path;    // decoded, without the query
  std::map<std::string, std::string> query;
  std::string accept;  // the Accept header
  std::string body;

  std::string Query(const std::string& name, const std::string& fallback = "") const {
    const auto found = query.find(name);
    return found == query.end() ? fallback : found->second;
  }
};

// Starts the stream of a response; called once, on the loop.
using StreamStart = std::function<StreamHandle(LogSink)>;

struct ApiResponse {
  int code = 200;
  std::string content_type = "application/json";
  std::string body;
  StreamStart stream;  // when set, the body is what the stream brings
  // The answer begins without the stream's first word, which may be long in coming.
  bool stream_begins_at_once = false;
};

}  // namespace reconcile
