#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/socket_session.h"
#include "api/user.h"
#include "link/agent_link.h"

namespace reconcile {

// A request as the routes see it: no socket, so that tests and the simulator call routes directly.
struct ApiRequest {
  std::string method;  // "GET", "POST"
  std::string path;    // decoded, without the query
  std::map<std::string, std::string>
      query;  // of a repeated field the first, as Kubernetes reads it
  std::map<std::string, std::vector<std::string>> repeated;  // and those after it, in their order
  std::string accept;                                        // the Accept header
  std::string accept_encoding;
  std::string last_event_id;  // of a stream of events that is gone on with
  std::string body;
  std::string content_type;     // of the body, in lower case and without parameters
  std::optional<ApiUser> user;  // who asks over TLS; none: the owner of the local socket
  bool by_session = false;      // `user` logged in to the page, and can log out
  std::string remote_address;   // from where, over TLS
  // What the connection is to become, in lower case: "websocket", "spdy/3.1". Nothing else: "".
  std::string upgrade;
  std::vector<std::string> subprotocols;  // of the WebSocket, as the client offers them

  void AddQuery(const std::string& name, std::string value) {
    if (query.count(name) == 0) {
      query[name] = std::move(value);
    } else {
      repeated[name].push_back(std::move(value));
    }
  }
  std::string Query(const std::string& name, const std::string& fallback = "") const {
    const auto found = query.find(name);
    return found == query.end() ? fallback : found->second;
  }
  // All values of a field, in their order.
  std::vector<std::string> QueryAll(const std::string& name) const {
    std::vector<std::string> values;
    if (query.count(name) > 0) values.push_back(query.at(name));
    const auto more = repeated.find(name);
    if (more != repeated.end()) {
      values.insert(values.end(), more->second.begin(), more->second.end());
    }
    return values;
  }
};

// Bytes that many streams have in common, or that one waits to be rid of. Any thread.
using SharedBytes = std::shared_ptr<const std::string>;

struct ApiSink : LogSink {
  // When the receiver sets it, whole pieces that it may share with others, instead of on_data; as
  // long as the window is not full, so that the last of them may reach beyond it.
  std::function<void(std::vector<SharedBytes>)> on_shared = {};
};

// Starts the stream of a response; called once, on the loop. What it says before it returns, as a
// watch's replay of what there is, is not held against a slow reader.
using StreamStart = std::function<StreamHandle(ApiSink)>;

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
  // When set, there is no answer but this: the connection becomes a WebSocket.
  std::optional<SocketUpgrade> socket;
  std::string cache_control = "no-store";
  std::vector<std::pair<std::string, std::string>> headers;  // more of them; no line breaks
};

}  // namespace reconcile
