#pragma once

#include <memory>
#include <string>

#include "api/http.h"
#include "base/event_loop.h"

namespace reconcile {

// Log streams open at once; each holds a thread, and the rest answers other commands. More are
// refused as Unavailable.
inline constexpr int kMaxOpenStreams = 36;

// Sessions (exec, attach, a connection of a port-forward) open at once. More are refused with 429.
inline constexpr size_t kMaxLocalSessions = 256;

// Serves the API on a Unix socket of mode 0600 for the commands of this host; nothing else listens.
// cpp-httplib's threads wait, handlers run on `loop`.
//
// A request that asks for kSocketFramesUpgrade (api/socket_frames.h) is to its handler one for a
// WebSocket.
//
// A log that ends before its first word is answered by the HTTP code of its Status. Later failures
// come as an error frame to readers of kLogFramesType (api/log_frames.h); others are cut off.
class LocalServer {
 public:
  using Handler = std::function<ApiResponse(const ApiRequest&)>;
  // Serves when this returns. A socket that nobody answers on is replaced. Unavailable when the
  // socket cannot be bound (another controller answers there, a folder is missing); Invalid when
  // something else than a socket is there.
  static Result<std::unique_ptr<LocalServer>> Start(const std::string& socket_path, EventLoop* loop,
                                                    Handler handler);
  ~LocalServer();  // stops serving, ends streams, removes the socket

 private:
  struct State;
  explicit LocalServer(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace reconcile
