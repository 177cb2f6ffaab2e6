#pragma once

#include <memory>
#include <string>

#include "api/http.h"
#include "base/event_loop.h"

namespace reconcile {

// Serves the API on a Unix socket of mode 0600 for the commands of this host; nothing else listens.
// cpp-httplib's threads wait, handlers run on `loop`. Unavailable when the socket cannot be bound
// (another controller's socket answers there, a folder is missing). The destructor stops serving
// and removes the socket.
class LocalServer {
 public:
  using Handler = std::function<ApiResponse(const ApiRequest&)>;
  static Result<std::unique_ptr<LocalServer>> Start(const std::string& socket_path, EventLoop* loop,
                                                    Handler handler);
  ~LocalServer();

 private:
  struct State;
  explicit LocalServer(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace reconcile
